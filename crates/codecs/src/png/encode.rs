//! The encoder: rows are filtered as they come, and compressed at once at the end.

use std::cell::RefCell;

use libdeflater::{CompressionLvl, Compressor};

use super::{
    chunks::{NAME, SIGNATURE, append},
    filter::{Filter, Strategy},
    huffman,
};
use crate::{
    buffer::Buffer,
    decoder::Shape,
    error::{Error, Result},
};

thread_local! {
    /// The compressor of the last image, with its level: its tables are large.
    static COMPRESSOR: RefCell<Option<(i32, Compressor)>> = const { RefCell::new(None) };
}

/// Levels of libdeflate up to this one cost little, so that compressing a whole image twice would double its cost.
const FAST: u8 = 1;

/// Bytes of a sample: the window in which a compressor finds repeats.
const SAMPLE: usize = 32 << 10;

/// The colour type of greyscale (PNG, 11.2.2).
const GREY: u8 = 0;

/// An encoder of 8-bit images: grey, grey and alpha, RGB, RGBA.
pub struct Encoder {
    shape: Shape,
    filter: Filter,
    /// Filtered rows, with room for the compressed ones behind them.
    buffer: Buffer,
    /// Bytes of all filtered rows.
    length: usize,
    /// The offset of the next row.
    next: usize,
}

/// Bytes that a compressed stream may have beyond the plain ones: headers of blocks and of the stream, rounded up
/// generously.
fn bound(length: usize) -> usize {
    length + length / 256 + 1024
}

impl Encoder {
    /// An encoder of rows of this shape, or `None` if it is not an 8-bit image of one to four bands.
    pub fn new(shape: Shape, strategy: Strategy) -> Option<Self> {
        if shape.depth != 1 || !(1..=4).contains(&shape.bands) || shape.width == 0 || shape.height == 0 {
            return None;
        }
        let row = shape.row_bytes();
        let length = (row + 1).checked_mul(shape.height as usize)?;
        Some(Self {
            shape,
            filter: Filter::new(shape.bands as usize, row, strategy),
            buffer: Buffer::with_length(length + bound(length)),
            length,
            next: 0,
        })
    }

    /// Takes the next rows, a whole number of them. Rows beyond the last are ignored.
    pub fn write(&mut self, rows: &[u8]) {
        let row = self.shape.row_bytes();
        for pixels in rows.chunks_exact(row) {
            let end = self.next + row + 1;
            if end > self.length {
                return;
            }
            self.filter.apply(pixels, &mut self.buffer[self.next..end]);
            self.next = end;
        }
    }

    /// Compresses at a level of libdeflate, 0 (none) to 12, and returns the file. `before` and `after` are whole chunks that
    /// stand before and after the pixels.
    ///
    /// # Errors
    ///
    /// If rows are missing.
    pub fn finish(mut self, level: u8, before: &[u8], after: &[u8]) -> Result<Vec<u8>> {
        if self.next != self.length {
            return Err(Error::broken(NAME, "rows are missing"));
        }
        let kind = match self.shape.bands {
            1 => GREY,
            2 => 4,
            3 => 2,
            _ => 6,
        };
        let header = header(self.shape.width, self.shape.height, 8, kind);
        file(&header, self.buffer.split_at_mut(self.length), level, (before, after))
    }
}

/// Encodes one band as greyscale of `bits` bits: 1, 2, 4 or 8. Values are levels of that depth. Rows are not filtered, which is
/// best for indices of a palette.
///
/// # Errors
///
/// If the values do not fill the rows.
pub fn encode_levels(width: u32, height: u32, bits: u8, values: &[u8], level: u8) -> Result<Vec<u8>> {
    let sides = (width as usize, height as usize);
    if width == 0 || sides.0.checked_mul(sides.1) != Some(values.len()) || !matches!(bits, 1 | 2 | 4 | 8) {
        return Err(Error::broken(NAME, "values do not fill the rows"));
    }
    let row = sides.0.div_ceil(usize::from(8 / bits)) + 1;
    let length = row * sides.1;
    let mut buffer = Buffer::with_length(length + bound(length));
    for (values, out) in values.chunks_exact(sides.0).zip(buffer.chunks_exact_mut(row)) {
        out[0] = 0;
        pack(values, bits, &mut out[1..]);
    }
    file(&header(width, height, bits, GREY), buffer.split_at_mut(length), level, (&[], &[]))
}

/// Packs values into bytes, from the highest bits on (PNG, 7.2).
fn pack(values: &[u8], bits: u8, out: &mut [u8]) {
    if bits == 8 {
        return out.copy_from_slice(values);
    }
    for (byte, values) in out.iter_mut().zip(values.chunks(usize::from(8 / bits))) {
        let shifted = values.iter().zip(1..).map(|(value, place)| value << (8 - place * bits));
        *byte = shifted.fold(0, |byte, value| byte | value);
    }
}

fn header(width: u32, height: u32, bits: u8, kind: u8) -> [u8; 13] {
    let ([w0, w1, w2, w3], [h0, h1, h2, h3]) = (width.to_be_bytes(), height.to_be_bytes());
    [w0, w1, w2, w3, h0, h1, h2, h3, bits, kind, 0, 0, 0]
}

/// The file with plain rows, which are compressed into the buffer behind them.
fn file(
    header: &[u8; 13],
    (plain, behind): (&mut [u8], &mut [u8]),
    level: u8,
    (before, after): (&[u8], &[u8]),
) -> Result<Vec<u8>> {
    let found = compress(plain, behind, level)?;
    let data = &behind[..found];
    // three chunks have 12 bytes around their bodies
    let length = SIGNATURE.len() + 36 + header.len() + data.len() + before.len() + after.len();
    let mut file = Vec::with_capacity(length);
    file.extend_from_slice(&SIGNATURE);
    append(&mut file, *b"IHDR", header);
    file.extend_from_slice(before);
    append(&mut file, *b"IDAT", data);
    file.extend_from_slice(after);
    append(&mut file, *b"IEND", &[]);
    Ok(file)
}

/// Compresses by libdeflate, or by Huffman codes alone where that is smaller: at the fast levels as samples say, which cost an
/// eighth of the compression of a photograph of 512 pixels, and else as the whole says.
fn compress(plain: &[u8], out: &mut [u8], level: u8) -> Result<usize> {
    if (1..=FAST).contains(&level)
        && prefers_huffman(plain, out, level)?
        && let Some(found) = huffman::compress(plain, out)
    {
        return Ok(found);
    }
    let found = deflate(plain, out, level)?;
    if level > FAST && huffman::length(plain) < found {
        return huffman::compress(plain, out).map_or_else(|| deflate(plain, out, level), Ok);
    }
    Ok(found)
}

/// Whether Huffman codes alone make less of samples than libdeflate.
fn prefers_huffman(plain: &[u8], out: &mut [u8], level: u8) -> Result<bool> {
    let samples: &[&[u8]] = if plain.len() <= 2 * SAMPLE {
        &[plain]
    } else {
        let quarter = plain.len() / 4;
        &[
            &plain[quarter..][..SAMPLE],
            &plain[(2 * quarter + quarter / 2).min(plain.len() - SAMPLE)..][..SAMPLE],
        ]
    };
    let (mut ours, mut theirs) = (0, 0);
    for sample in samples {
        ours += huffman::length(sample);
        theirs += deflate(sample, out, level)?;
    }
    Ok(ours < theirs)
}

fn deflate(plain: &[u8], out: &mut [u8], level: u8) -> Result<usize> {
    let found = with_compressor(level.into(), |compressor| compressor.zlib_compress(plain, out));
    found.map_err(|error| Error::broken(NAME, error.to_string()))
}

fn with_compressor<T>(level: i32, work: impl FnOnce(&mut Compressor) -> T) -> T {
    let kept = COMPRESSOR.take().filter(|(kept, _)| *kept == level);
    let (_, mut compressor) = kept.unwrap_or_else(|| {
        let level_of = CompressionLvl::new(level).unwrap_or_default();
        (level, Compressor::new(level_of))
    });
    let result = work(&mut compressor);
    COMPRESSOR.set(Some((level, compressor)));
    result
}
