//! From pixels to filtered rows (PNG, 9.2), with the filter that is expected to compress best.

/// How the filter of a row is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// The least sum of absolute values of the filtered bytes, seen as signed numbers (the heuristic of PNG, 12.7).
    LeastSum,
    /// The least entropy of the filtered bytes.
    LeastEntropy,
    /// The fewest distinct pairs of neighbouring filtered bytes.
    FewestPairs,
    /// The average of left and above in all rows.
    Average,
}

/// The number of the filter by the average of left and above (PNG, 9.2).
const AVERAGE: usize = 3;

/// Filters the rows of an image one after the other.
pub struct Filter {
    strategy: Strategy,
    /// Bytes of a pixel.
    pixel: usize,
    /// The row before, zero above the first.
    above: Vec<u8>,
    /// The row by sub, up, average and Paeth.
    filtered: [Vec<u8>; 4],
}

impl Filter {
    /// For rows of `row` bytes.
    pub fn new(pixel: usize, row: usize, strategy: Strategy) -> Self {
        Self { strategy, pixel, above: vec![0; row], filtered: std::array::from_fn(|_| vec![0; row]) }
    }

    /// Writes the number of a filter and the row by it: of all five that which the strategy chooses. `out` has one byte more than
    /// the row.
    pub fn apply(&mut self, row: &[u8], out: &mut [u8]) {
        let Self { strategy, pixel, above, filtered: [sub, up, average, paeth] } = self;
        let pixel = (*pixel).min(row.len());
        // the first pixel has nothing to its left
        let (first, above_first) = (&row[..pixel], &above[..pixel]);
        sub[..pixel].copy_from_slice(first);
        for at in 0..pixel {
            up[at] = first[at].wrapping_sub(above_first[at]);
            average[at] = first[at].wrapping_sub(above_first[at] / 2);
            paeth[at] = up[at];
        }
        let rest = row.len() - pixel;
        let (value, left) = (&row[pixel..], &row[..rest]);
        let (above_value, corner) = (&above[pixel..], &above[..rest]);
        each2(&mut sub[pixel..], value, left, u8::wrapping_sub);
        each2(&mut up[pixel..], value, above_value, u8::wrapping_sub);
        each3(&mut average[pixel..], value, left, above_value);
        each4(&mut paeth[pixel..], value, left, above_value, corner);
        let candidates: [&[u8]; 5] = [row, sub, up, average, paeth];
        let best = match strategy {
            Strategy::LeastSum => least(candidates.map(sum)),
            Strategy::LeastEntropy => least(candidates.map(entropy)),
            Strategy::FewestPairs => least(candidates.map(pairs)),
            Strategy::Average => AVERAGE,
        };
        out[0] = best as u8;
        out[1..].copy_from_slice(candidates[best]);
        self.above.copy_from_slice(row);
    }
}

fn each2(out: &mut [u8], value: &[u8], other: &[u8], difference: impl Fn(u8, u8) -> u8) {
    for ((out, value), other) in out.iter_mut().zip(value).zip(other) {
        *out = difference(*value, *other);
    }
}

fn each3(out: &mut [u8], value: &[u8], left: &[u8], above: &[u8]) {
    for (((out, value), left), above) in out.iter_mut().zip(value).zip(left).zip(above) {
        *out = value.wrapping_sub(left.midpoint(*above));
    }
}

fn each4(out: &mut [u8], value: &[u8], left: &[u8], above: &[u8], corner: &[u8]) {
    for ((((out, value), left), above), corner) in out.iter_mut().zip(value).zip(left).zip(above).zip(corner)
    {
        *out = value.wrapping_sub(predict(*left, *above, *corner));
    }
}

/// Paeth's predictor in bytes alone, of which sixteen are computed at once: distances are absolute differences, and that to
/// the corner is the sum of the two others where they point the same way, else their difference.
#[inline]
pub fn predict(left: u8, above: u8, corner: u8) -> u8 {
    let (by_left, by_above) = (above.abs_diff(corner), left.abs_diff(corner));
    let is_between = (above > corner) != (left > corner);
    let by_corner = if is_between { by_left.abs_diff(by_above) } else { by_left.saturating_add(by_above) };
    let of_two = if by_above <= by_corner { above } else { corner };
    if by_left <= by_above && by_left <= by_corner { left } else { of_two }
}

/// The number of the filter whose row costs least.
fn least(costs: [u64; 5]) -> usize {
    (0..costs.len()).min_by_key(|filter| costs[*filter]).unwrap_or_default()
}

/// The sum of absolute values of bytes as signed numbers.
fn sum(bytes: &[u8]) -> u64 {
    // a sum of 16 bits holds 256 values of up to 128 with room to spare
    let short =
        |part: &[u8]| part.iter().map(|byte| u32::from(byte.cast_signed().unsigned_abs())).sum::<u32>();
    bytes.chunks(1 << 16).map(|part| u64::from(short(part))).sum()
}

/// The bits of all bytes by their entropy, in units of 1/16.
fn entropy(bytes: &[u8]) -> u64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let length = bytes.len() as f64;
    let bits = |count: f64| count * (length / count).log2();
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(|count| bits(f64::from(*count))).sum();
    (bits * 16.0) as u64
}

/// The number of distinct pairs of neighbouring bytes.
fn pairs(bytes: &[u8]) -> u64 {
    let mut seen = [0_u64; 1024];
    for pair in bytes.windows(2) {
        let pair = u16::from_le_bytes([pair[0], pair[1]]);
        seen[usize::from(pair >> 6)] |= 1 << (pair & 63);
    }
    seen.iter().map(|seen| u64::from(seen.count_ones())).sum()
}
