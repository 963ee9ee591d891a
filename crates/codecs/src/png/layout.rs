//! How pixels are stored, and their conversion to 8 bits per channel: colours of a palette, levels of fewer bits, and one colour
//! that is transparent (PNG, 11.2 and 11.3).

use super::chunks;
use crate::decoder::Shape;

/// An image of a kind that is decoded.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The pixels as they are decoded.
    pub shape: Shape,
    /// Bits of a stored pixel.
    bits: u32,
    samples: Samples,
}

/// The meaning of stored samples.
#[derive(Debug, Clone)]
enum Samples {
    /// Channels of 8 bits.
    Direct,
    /// Channels of 8 bits, and the colour that is transparent.
    Keyed([u8; 3]),
    /// Levels of grey of fewer bits, and the level that is transparent.
    Levels(Option<u8>),
    /// Numbers of colours.
    Indexed(Box<Palette>),
}

/// The colours of a palette, with alpha; black beyond them.
#[derive(Debug, Clone)]
struct Palette([[u8; 4]; 256]);

/// Most chunks before the pixels that are visited, since costs are predicted before an image is opened.
const MOST_CHUNKS: usize = 1024;

/// Samples of a pixel as stored, by colour type (PNG, 11.2.2).
fn channels(kind: u8) -> u32 {
    match kind {
        2 => 3,
        4 => 2,
        6 => 4,
        _ => 1,
    }
}

/// The largest value of so many bits.
fn most(bits: u32) -> u8 {
    u8::MAX >> (8 - bits.min(8))
}

impl Layout {
    /// That of a file, by its header and the chunks before the pixels; `None` for what libvips has to decode: other kinds, whatever
    /// is not as the standard says, and animations, whose first image may be another.
    pub fn find(file: &[u8]) -> Option<Self> {
        let header = chunks::header(file)?;
        let (mut palette, mut transparency) = (None, None);
        for (index, chunk) in chunks::read(file).take_while(|chunk| chunk.name != b"IDAT").enumerate() {
            if index == MOST_CHUNKS {
                return None;
            }
            let known = match chunk.name {
                b"acTL" => return None,
                b"PLTE" => &mut palette,
                b"tRNS" => &mut transparency,
                _ => continue,
            };
            if known.replace(chunk.body).is_some() {
                return None;
            }
        }
        let bits = u32::from(header.bits);
        let (bands, samples) = match (header.kind, palette, transparency) {
            (3, Some(colours), alphas) => {
                let bands = if alphas.is_some() { 4 } else { 3 };
                (bands, Samples::Indexed(Box::new(Palette::new(colours, alphas.unwrap_or_default(), bits)?)))
            }
            (0, None, None) if bits < 8 => (1, Samples::Levels(None)),
            (0, None, Some(&[0, level])) if bits < 8 && level <= most(bits) => {
                (2, Samples::Levels(Some(level)))
            }
            (0, None, None) => (1, Samples::Direct),
            (0, None, Some(&[0, level])) if bits == 8 => (2, Samples::Keyed([level; 3])),
            (2, None, None) => (3, Samples::Direct),
            (2, None, Some(&[0, red, 0, green, 0, blue])) => (4, Samples::Keyed([red, green, blue])),
            (4, None, None) => (2, Samples::Direct),
            (6, None, None) => (4, Samples::Direct),
            _ => return None,
        };
        let shape = Shape { width: header.width, height: header.height, bands, depth: 1 };
        Some(Self { shape, bits: bits * channels(header.kind), samples })
    }

    /// Whether rows are stored as they are decoded.
    pub fn is_direct(&self) -> bool {
        matches!(self.samples, Samples::Direct)
    }

    /// Bytes of a stored row, without its filter.
    pub fn row(&self) -> usize {
        (self.shape.width as usize * self.bits as usize).div_ceil(8)
    }

    /// Bytes of all stored rows with their filters.
    pub fn length(&self) -> usize {
        (self.row() + 1).saturating_mul(self.shape.height as usize)
    }

    /// Bytes between the values that filters compare.
    pub fn pixel(&self) -> usize {
        self.bits.div_ceil(8) as usize
    }

    /// Converts a stored row. A colour that the palette does not have is black, as in libpng.
    pub fn convert(&self, stored: &[u8], out: &mut [u8]) {
        match &self.samples {
            Samples::Direct => out.copy_from_slice(stored),
            Samples::Keyed(key) if self.shape.bands == 2 => keyed::<1, 2>([key[0]], stored, out),
            Samples::Keyed(key) => keyed::<3, 4>(*key, stored, out),
            Samples::Levels(clear) => {
                let scale = u8::MAX / most(self.bits);
                let pixels = out.chunks_exact_mut(self.shape.bands as usize);
                values(stored, self.bits).zip(pixels).for_each(|(level, pixel)| {
                    pixel[0] = level * scale;
                    if let Some(alpha) = pixel.get_mut(1) {
                        *alpha = opacity(Some(level) != *clear);
                    }
                });
            }
            Samples::Indexed(palette) if self.shape.bands == 3 => {
                palette.look_up::<3>(stored, self.bits, out);
            }
            Samples::Indexed(palette) => palette.look_up::<4>(stored, self.bits, out),
        }
    }
}

impl Palette {
    fn new(colours: &[u8], alphas: &[u8], bits: u32) -> Option<Self> {
        let (triples, rest) = colours.as_chunks::<3>();
        let fits =
            (1..=1 << bits).contains(&triples.len()) && rest.is_empty() && alphas.len() <= triples.len();
        if !fits {
            return None;
        }
        let mut palette = [[0, 0, 0, u8::MAX]; 256];
        for (colour, triple) in palette.iter_mut().zip(triples) {
            colour[..3].copy_from_slice(triple);
        }
        for (colour, alpha) in palette.iter_mut().zip(alphas) {
            colour[3] = *alpha;
        }
        Some(Self(palette))
    }

    fn look_up<const N: usize>(&self, stored: &[u8], bits: u32, out: &mut [u8]) {
        let pixels = out.as_chunks_mut::<N>().0;
        let set = |index: u8, pixel: &mut [u8; N]| pixel.copy_from_slice(&self.0[usize::from(index)][..N]);
        if bits == 8 {
            stored.iter().zip(pixels).for_each(|(index, pixel)| set(*index, pixel));
        } else {
            values(stored, bits).zip(pixels).for_each(|(index, pixel)| set(index, pixel));
        }
    }
}

/// Values of 1, 2 or 4 bits, from the highest bits of each byte on, and perhaps more behind the last pixel.
fn values(stored: &[u8], bits: u32) -> impl Iterator<Item = u8> {
    let shifts = (0..8 / bits).rev().map(move |place| place * bits);
    stored.iter().flat_map(move |byte| shifts.clone().map(move |shift| (byte >> shift) & most(bits)))
}

fn opacity(is_visible: bool) -> u8 {
    if is_visible { u8::MAX } else { 0 }
}

/// Adds alpha: 0 for pixels of one colour.
fn keyed<const C: usize, const N: usize>(key: [u8; C], stored: &[u8], out: &mut [u8]) {
    for (colour, pixel) in stored.as_chunks::<C>().0.iter().zip(out.as_chunks_mut::<N>().0) {
        pixel[..C].copy_from_slice(colour);
        pixel[C] = opacity(*colour != key);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{
        super::{DECODER, chunks::append, encode_levels},
        *,
    };

    /// A file of one row of values, of a colour type, with chunks before the pixels.
    fn file(kind: u8, bits: u8, values: &[u8], before: &[(&[u8; 4], &[u8])]) -> Bytes {
        let plain = encode_levels(values.len() as u32, 1, bits, values, 1).unwrap();
        let (head, rest) = plain.split_at(33);
        let mut file = head[..8].to_vec();
        let mut header = head[16..29].to_vec();
        header[9] = kind;
        append(&mut file, *b"IHDR", &header);
        for (name, body) in before {
            append(&mut file, **name, body);
        }
        file.extend_from_slice(rest);
        file.into()
    }

    fn pixels(file: &Bytes) -> Option<Vec<u8>> {
        let shape = (DECODER.takes)(file)?;
        let mut rows = (DECODER.open)(file, 1).ok()?;
        let mut pixels = vec![0; shape.row_bytes()];
        rows.read(&mut pixels).ok()?;
        Some(pixels)
    }

    #[test]
    fn palettes_are_looked_up() {
        let colours = [1, 2, 3, 40, 50, 60, 7, 8, 9, 100, 110, 120];
        for bits in [2, 4, 8] {
            let file = |before: &[_]| file(3, bits, &[3, 0, 1, 2, 0], before);
            assert_eq!(
                pixels(&file(&[(b"PLTE", &colours)])).unwrap(),
                [100, 110, 120, 1, 2, 3, 40, 50, 60, 7, 8, 9, 1, 2, 3]
            );
            assert_eq!(
                pixels(&file(&[(b"PLTE", &colours), (b"tRNS", &[0, 128])])).unwrap(),
                [100, 110, 120, 255, 1, 2, 3, 0, 40, 50, 60, 128, 7, 8, 9, 255, 1, 2, 3, 0]
            );
            let few = file(&[(b"PLTE", &colours[..9])]);
            assert_eq!(pixels(&few).unwrap()[..6], [0, 0, 0, 1, 2, 3], "a colour is missing");
        }
        assert_eq!(
            pixels(&file(3, 1, &[1, 0, 0], &[(b"PLTE", &colours[..6])])).unwrap(),
            [40, 50, 60, 1, 2, 3, 1, 2, 3]
        );
    }

    #[test]
    fn levels_are_spread() {
        assert_eq!(pixels(&file(0, 1, &[1, 0, 1], &[])).unwrap(), [255, 0, 255]);
        assert_eq!(pixels(&file(0, 2, &[0, 1, 2, 3], &[])).unwrap(), [0, 85, 170, 255]);
        assert_eq!(pixels(&file(0, 4, &[0, 1, 15], &[])).unwrap(), [0, 17, 255]);
        assert_eq!(pixels(&file(0, 4, &[9, 1], &[(b"tRNS", &[0, 1])])).unwrap(), [153, 255, 17, 0]);
    }

    #[test]
    fn one_colour_is_transparent() {
        assert_eq!(pixels(&file(0, 8, &[7, 9], &[(b"tRNS", &[0, 7])])).unwrap(), [7, 0, 9, 255]);
        let mut out = [0; 8];
        keyed::<3, 4>([1, 2, 3], &[1, 2, 3, 1, 2, 4], &mut out);
        assert_eq!(out, [1, 2, 3, 0, 1, 2, 4, 255]);
    }

    #[test]
    fn what_the_standard_forbids_is_left_to_others() {
        let colours: &[u8] = &[0; 12];
        for before in [
            &[][..],
            &[(b"PLTE", &colours[..11])],
            &[(b"PLTE", &[])],
            &[(b"PLTE", colours), (b"PLTE", colours)],
            &[(b"PLTE", colours), (b"tRNS", &[0; 5])],
            &[(b"PLTE", &[0; 15])],
        ] {
            assert!((DECODER.takes)(&file(3, 2, &[0], before)).is_none(), "{before:?}");
        }
        for level in [&[0][..], &[0, 16], &[1, 0], &[0, 1, 2]] {
            assert!((DECODER.takes)(&file(0, 4, &[0], &[(b"tRNS", level)])).is_none(), "{level:?}");
        }
    }
}
