//! Compression by Huffman codes alone (RFC 1951), without references to bytes before.
//!
//! Filtered photographs are noise: what repeats in them by chance costs more as a reference than as bytes, and takes the compressor
//! most of its time to find. Of those this is smaller than the fast levels of libdeflate, and takes a quarter of their time.

use libdeflater::adler32;

/// Bytes of a block, each of which has codes of its own: few enough to follow the picture, many enough for the tables that
/// describe the codes not to weigh. Other lengths were not measured.
const BLOCK: usize = 32 << 10;

/// Values of bytes, and the end of the block.
const SYMBOLS: usize = 257;
const END: usize = 256;

/// Longest codes of symbols, and of their lengths (RFC 1951, 3.2.7).
const LONGEST: u8 = 15;
const LONGEST_OF_LENGTHS: u8 = 7;

/// The order in which lengths of codes of lengths are written (RFC 1951, 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// The header of a stream of zlib: a window of 32 KiB, compressed fast (RFC 1950, 2.2).
const HEADER: [u8; 2] = [0x78, 0x01];

/// Bytes of the header and of the checksum.
const AROUND: usize = 6;

/// The bytes that [`compress`] makes of these, up to one more for each block.
pub fn length(plain: &[u8]) -> usize {
    AROUND + plain.chunks(BLOCK).map(|block| Codes::of(block).bits() / 8 + 1).sum::<usize>()
}

/// Compresses to a stream of zlib and returns its length, or `None` if there is not enough room.
pub fn compress(plain: &[u8], out: &mut [u8]) -> Option<usize> {
    let mut writer = Writer { out, at: 0, bits: 0, count: 0 };
    HEADER.iter().try_for_each(|byte| writer.put(u32::from(*byte), 8))?;
    let last = plain.len().div_ceil(BLOCK).saturating_sub(1);
    for (index, block) in plain.chunks(BLOCK).enumerate() {
        Codes::of(block).write(block, index == last, &mut writer)?;
    }
    writer.put(0, 7)?; // up to the next whole byte
    let end = writer.at;
    writer.out.get_mut(end..end + 4)?.copy_from_slice(&adler32(plain).to_be_bytes());
    Some(end + 4)
}

/// The codes of a block.
struct Codes {
    counts: [u32; SYMBOLS],
    lengths: [u8; SYMBOLS],
    /// Their lengths, with repeats: symbols of the code of lengths, with further bits and their number.
    described: Vec<(u8, u32, u32)>,
    description: [u8; 19],
}

impl Codes {
    fn of(block: &[u8]) -> Self {
        let counts = count(block);
        let lengths: [u8; SYMBOLS] = lengths(counts, LONGEST);
        // two codes of distances, of which there is none: some decoders want codes to be complete
        let all: Vec<u8> = lengths.iter().copied().chain([1, 1]).collect();
        let described = describe(&all);
        let mut uses = [0; 19];
        for (symbol, ..) in &described {
            uses[usize::from(*symbol)] += 1;
        }
        Self { counts, lengths, described, description: self::lengths(uses, LONGEST_OF_LENGTHS) }
    }

    /// How many lengths of codes of lengths are written.
    fn written(&self) -> usize {
        ORDER.iter().rposition(|symbol| self.description[*symbol] > 0).map_or(4, |last| (last + 1).max(4))
    }

    /// The bits of the block.
    fn bits(&self) -> usize {
        let described: usize = self
            .described
            .iter()
            .map(|(symbol, _, more)| usize::from(self.description[usize::from(*symbol)]) + *more as usize)
            .sum();
        let symbols: usize = self
            .counts
            .iter()
            .zip(self.lengths)
            .map(|(count, length)| *count as usize * usize::from(length))
            .sum();
        17 + 3 * self.written() + described + symbols
    }

    fn write(&self, block: &[u8], is_last: bool, writer: &mut Writer<'_>) -> Option<()> {
        let written = self.written();
        // a block with codes of its own: 257 of symbols, 2 of distances
        writer.put(u32::from(is_last) | 2 << 1, 3)?;
        writer.put(1 << 5 | (written as u32 - 4) << 10, 14)?;
        ORDER.iter().take(written).try_for_each(|symbol| writer.put(self.description[*symbol].into(), 3))?;
        let codes = codes(&self.description);
        for (symbol, value, more) in &self.described {
            let (code, length) = codes[usize::from(*symbol)];
            writer.put(code, length)?;
            writer.put(*value, *more)?;
        }
        let codes = self::codes(&self.lengths);
        // of three codes of at most 15 bits, with 7 that are left over, all fit into 64
        let (triples, rest) = block.as_chunks::<3>();
        for triple in triples {
            for byte in triple {
                let (code, length) = codes[usize::from(*byte)];
                writer.add(code, length);
            }
            writer.flush()?;
        }
        for symbol in rest.iter().map(|byte| usize::from(*byte)).chain([END]) {
            let (code, length) = codes[symbol];
            writer.put(code, length)?;
        }
        Some(())
    }
}

/// How often each byte occurs, and the end once. Four tables, since increments of one number wait for each other.
fn count(block: &[u8]) -> [u32; SYMBOLS] {
    let mut tables = [[0u32; 256]; 4];
    let (fours, rest) = block.as_chunks::<4>();
    for four in fours {
        for (table, byte) in tables.iter_mut().zip(four) {
            table[usize::from(*byte)] += 1;
        }
    }
    for byte in rest {
        tables[0][usize::from(*byte)] += 1;
    }
    std::array::from_fn(
        |symbol| if symbol == END { 1 } else { tables.iter().map(|table| table[symbol]).sum() },
    )
}

/// Lengths of Huffman codes of at most `longest` bits, 0 for symbols that do not occur. Where codes are too long, counts are
/// made more alike, which costs next to nothing.
fn lengths<const N: usize>(mut counts: [u32; N], longest: u8) -> [u8; N] {
    // a code of one symbol alone would have no bits
    let used = counts.iter().filter(|count| **count > 0).count();
    if used < 2 {
        let absent = counts.iter_mut().filter(|count| **count == 0);
        absent.take(2 - used).for_each(|count| *count = 1);
    }
    loop {
        let found = huffman(&counts);
        if found.iter().all(|length| *length <= longest) {
            return found;
        }
        counts.iter_mut().filter(|count| **count > 0).for_each(|count| *count = *count / 2 + 1);
    }
}

/// Lengths of Huffman codes: the two rarest nodes are joined until one is left. Leaves are sorted, and joined nodes come in
/// order, so that the rarest is the first of one of two queues.
fn huffman<const N: usize>(counts: &[u32; N]) -> [u8; N] {
    let mut leaves: Vec<(u32, usize)> =
        counts.iter().copied().zip(0..).filter(|(count, _)| *count > 0).collect();
    leaves.sort_unstable();
    let count = leaves.len();
    // weights and parents: leaves, then joined nodes
    let mut weights: Vec<u32> = leaves.iter().map(|(count, _)| *count).collect();
    let mut parents = vec![0; 2 * count];
    let (mut leaf, mut joined) = (0, count);
    while weights.len() < 2 * count - 1 {
        let mut rarest = || {
            let is_leaf = leaf < count && weights.get(joined).is_none_or(|weight| weights[leaf] <= *weight);
            let next = if is_leaf { &mut leaf } else { &mut joined };
            *next += 1;
            *next - 1
        };
        let (first, second) = (rarest(), rarest());
        (parents[first], parents[second]) = (weights.len(), weights.len());
        weights.push(weights[first] + weights[second]);
    }
    let mut depths = vec![0u8; weights.len()];
    for node in (0..weights.len().saturating_sub(1)).rev() {
        depths[node] = depths[parents[node]].saturating_add(1);
    }
    let mut lengths = [0; N];
    for ((_, symbol), depth) in leaves.iter().zip(depths) {
        lengths[*symbol] = depth;
    }
    lengths
}

/// Codes with their lengths, the first bit lowest (RFC 1951, 3.2.2).
fn codes<const N: usize>(lengths: &[u8; N]) -> [(u32, u32); N] {
    let mut next = [0u32; 17];
    for length in 1..=16 {
        let shorter = lengths.iter().filter(|found| length > 1 && usize::from(**found) == length - 1).count();
        next[length] = (next[length - 1] + shorter as u32) << 1;
    }
    std::array::from_fn(|symbol| {
        let length = u32::from(lengths[symbol]);
        if length == 0 {
            return (0, 0);
        }
        let code = next[length as usize];
        next[length as usize] += 1;
        (code.reverse_bits() >> (32 - length), length)
    })
}

/// Lengths with runs as repeats (RFC 1951, 3.2.7).
fn describe(lengths: &[u8]) -> Vec<(u8, u32, u32)> {
    let mut found = Vec::new();
    for run in lengths.chunk_by(|a, b| a == b) {
        let (length, mut left) = (run[0], run.len() as u32);
        if length > 0 {
            found.push((length, 0, 0));
            left -= 1;
        }
        while left > 0 {
            let (symbol, count) = match (length, left) {
                (0, 11..) => (18, left.min(138)),
                (0, 3..) => (17, left),
                (1.., 3..) => (16, left.min(6)),
                _ => (length, 1),
            };
            found.push(match symbol {
                18 => (18, count - 11, 7),
                17 => (17, count - 3, 3),
                16 => (16, count - 3, 2),
                length => (length, 0, 0),
            });
            left -= count;
        }
    }
    found
}

/// Writes bits, the lowest first.
struct Writer<'a> {
    out: &'a mut [u8],
    /// The offset of the next byte.
    at: usize,
    bits: u64,
    count: u32,
}

impl Writer<'_> {
    fn add(&mut self, bits: u32, count: u32) {
        self.bits |= u64::from(bits) << self.count;
        self.count += count;
    }

    /// Writes whole bytes.
    fn flush(&mut self) -> Option<()> {
        self.out.get_mut(self.at..)?.first_chunk_mut::<8>()?.copy_from_slice(&self.bits.to_le_bytes());
        self.at += (self.count / 8) as usize;
        self.bits >>= self.count & !7;
        self.count &= 7;
        Some(())
    }

    fn put(&mut self, bits: u32, count: u32) -> Option<()> {
        self.add(bits, count);
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::Decompressor;
    use proptest::prelude::*;

    use super::*;

    /// Compresses and inflates again.
    fn check(plain: &[u8]) {
        let mut out = vec![0; 2 * plain.len() + 1024];
        let found = compress(plain, &mut out).unwrap();
        let blocks = plain.len().div_ceil(BLOCK);
        assert!(
            found <= length(plain) + 1 && found + blocks + 1 >= length(plain),
            "{found} {}",
            length(plain)
        );
        let mut inflated = vec![0; plain.len()];
        let count = Decompressor::new().zlib_decompress(&out[..found], &mut inflated).unwrap();
        assert!(count == plain.len() && inflated == plain, "of {} bytes", plain.len());
        // what does not fit is refused
        assert!(compress(plain, &mut out[..found - 1]).is_none());
    }

    #[test]
    fn blocks_of_all_sizes_survive() {
        for length in [1, 2, 3, 4, 5, 255, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 2] {
            check(&vec![7; length]);
            check(&(0..length).map(|at| at as u8).collect::<Vec<_>>());
            check(&(0..length).map(|at| (at * at / 7) as u8 % 50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn codes_are_at_most_as_long_as_they_may_be() {
        // counts of Fibonacci's numbers give codes as long as there are symbols
        let (mut plain, mut pair) = (Vec::new(), (1, 2));
        for value in 0..20u8 {
            plain.extend(std::iter::repeat_n(value, pair.0));
            pair = (pair.1, pair.0 + pair.1);
        }
        assert!(plain.len() < BLOCK, "{}", plain.len());
        let longest = huffman(&count(&plain)).into_iter().max();
        assert!(longest > Some(LONGEST), "{longest:?}");
        check(&plain);
    }

    #[test]
    fn lengths_are_those_of_huffman() {
        let mut found = huffman(&[5, 9, 12, 13, 16, 45, 0]);
        assert_eq!(found, [4, 4, 3, 3, 3, 1, 0]);
        found = lengths([0, 0, 3, 0, 0, 0, 0], 7);
        assert_eq!(found, [1, 0, 1, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_survive(plain in prop::collection::vec(any::<u8>(), 1..3000), mask in any::<u8>()) {
            check(&plain.iter().map(|byte| byte & mask).collect::<Vec<_>>());
        }
    }
}
