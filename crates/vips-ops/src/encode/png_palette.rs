//! Indexed-colour and low-bit greyscale PNG, used where it is lossless.
//!
//! libvips' own palettes are quantised and lossy. Here distinct colours are counted, the palette indices are packed and
//! compressed as a greyscale image, and the header is changed to say that they are indices of a palette.

use bytes::Bytes;
use vips::{BandFormat, Image, Keep, Result};

use super::{
    png::Writer,
    png_chunks::{self, Chunk},
};

/// Largest palette (PNG, 11.2.2).
const MOST_COLOURS: usize = 256;

/// Slots of the hash table of colours: a power of two, and large enough that probing ends after a few slots.
const SLOTS: usize = 4 * MOST_COLOURS;

/// Multiplier of the hash function (Knuth, The Art of Computer Programming, volume 3, 6.4).
const SPREAD: u32 = 0x9e37_79b1;

/// Name of the embedded ICC profile in libvips' metadata. An RGB profile is not allowed in a greyscale PNG, and the
/// reverse (PNG, 11.3.2.3).
const ICC: &std::ffi::CStr = c"icc-profile-data";

/// Colour types (PNG, 11.2.2).
const GREY: u8 = 0;
const INDEXED: u8 = 3;

/// Encodes with a palette if the image has at most 256 distinct colours, else without. Both are lossless.
pub fn encode(image: &Image, writer: Writer) -> Result<Bytes> {
    let memory = image.in_memory()?;
    let image = memory.image();
    let bands = image.bands() as usize;
    let profile = writer.keep != Keep::Nothing && image.has(ICC);
    let is_bytes = image.format() == BandFormat::Uchar;
    let found = is_bytes.then(|| Colours::count(memory.bytes(), bands)).flatten();
    let Some(layout) = found.as_ref().and_then(|found| Layout::choose(found, bands, profile)) else {
        return writer.direct(image);
    };
    let numbers: Vec<u8> = layout.numbers(memory.bytes(), bands);
    let packed = writer.levels(&numbers, (image.width(), image.height()), layout.bits)?;
    let carrier = writer.by_libvips(&image.carrier()?)?;
    let file = layout.file(&packed, &carrier);
    if !writer.is_slow {
        return Ok(file);
    }
    // slopes of few colours may be smaller with filters
    let direct = writer.direct(image)?;
    Ok(if direct.len() < file.len() { direct } else { file })
}

/// A colour as red, green, blue and alpha.
type Rgba = [u8; 4];

/// Converts a pixel of 1 to 4 bands: grey, grey and alpha, RGB, RGBA.
fn colour(pixel: &[u8]) -> Rgba {
    match *pixel {
        [grey] => [grey, grey, grey, u8::MAX],
        [grey, alpha] => [grey, grey, grey, alpha],
        [red, green, blue] => [red, green, blue, u8::MAX],
        [red, green, blue, alpha, ..] => [red, green, blue, alpha],
        [] => [0; 4],
    }
}

/// A hash table of distinct colours, each with an index.
struct Colours {
    slots: Vec<Option<(Rgba, u8)>>,
    count: usize,
}

impl Colours {
    fn new() -> Self {
        Self { slots: vec![None; SLOTS], count: 0 }
    }

    /// Counts the colours of an image. Returns `None` for more than a palette holds, or for no pixels.
    fn count(pixels: &[u8], bands: usize) -> Option<Self> {
        let mut found = Self::new();
        let mut last = None;
        for pixel in pixels.chunks_exact(bands.max(1)) {
            // neighbouring pixels are mostly equal in images of few colours
            if last == Some(pixel) {
                continue;
            }
            last = Some(pixel);
            let colour = colour(pixel);
            let slot = found.slot(colour);
            if found.slots[slot].is_none() {
                if found.count == MOST_COLOURS {
                    return None;
                }
                found.slots[slot] = Some((colour, found.count as u8));
                found.count += 1;
            }
        }
        (found.count > 0).then_some(found)
    }

    /// The slot of a colour, or the free slot for it.
    fn slot(&self, colour: Rgba) -> usize {
        let mut slot = (u32::from_ne_bytes(colour).wrapping_mul(SPREAD) >> 16) as usize % SLOTS;
        while self.slots[slot].is_some_and(|(other, _)| other != colour) {
            slot = (slot + 1) % SLOTS;
        }
        slot
    }

    fn number(&self, colour: Rgba) -> u8 {
        self.slots[self.slot(colour)].map_or(0, |(_, number)| number)
    }

    /// All colours: translucent ones first, since `tRNS` ends with the last of them; then from dark to light.
    fn sorted(&self) -> Vec<Rgba> {
        let mut all: Vec<_> = self.slots.iter().flatten().map(|(colour, _)| *colour).collect();
        all.sort_unstable_by_key(|[red, green, blue, alpha]| (*alpha, *green, *red, *blue));
        all
    }
}

/// How an image of few colours is stored.
struct Layout {
    bits: u8,
    /// The palette in order of indices; empty for greyscale.
    palette: Vec<Rgba>,
    /// The stored index or grey level of each colour.
    stored: Colours,
}

impl Layout {
    fn choose(found: &Colours, bands: usize, profile: bool) -> Option<Self> {
        let colours = found.sorted();
        let is_grey = |[red, green, blue, alpha]: &Rgba| red == green && green == blue && *alpha == u8::MAX;
        let bits = [1, 2, 4, 8].into_iter().find(|bits| colours.len() <= 1 << bits)?;
        let all_grey = colours.iter().all(is_grey);
        let (may_be_grey, may_be_indexed) = (!profile || bands < 3, !profile || bands >= 3);
        if all_grey && may_be_grey {
            let exact = |bits: &u8| colours.iter().all(|[grey, ..]| grey % step(*bits) == 0);
            // 8-bit greyscale is exact for every level
            let levels = [1, 2, 4, 8].into_iter().find(exact)?;
            if levels <= bits || !may_be_indexed {
                let level = |colour: &Rgba| (*colour, colour[0] / step(levels));
                let stored = numbered(colours.iter().map(level));
                return Some(Self { bits: levels, palette: Vec::new(), stored });
            }
        }
        if !may_be_indexed {
            return None;
        }
        let stored = numbered(colours.iter().copied().zip(0..=u8::MAX));
        Some(Self { bits, palette: colours, stored })
    }

    fn numbers(&self, pixels: &[u8], bands: usize) -> Vec<u8> {
        let mut last: (&[u8], u8) = (&[], 0);
        pixels
            .chunks_exact(bands)
            .map(|pixel| {
                if last.0 != pixel {
                    last = (pixel, self.stored.number(colour(pixel)));
                }
                last.1
            })
            .collect()
    }

    /// Assembles the file: pixels from `packed`, other chunks from `carrier`, a one-pixel image encoded with the same
    /// metadata.
    fn file(&self, packed: &[u8], carrier: &[u8]) -> Bytes {
        let mut out = packed[..png_chunks::SIGNATURE].to_vec();
        let kind = if self.palette.is_empty() { GREY } else { INDEXED };
        let is_own = |chunk: &Chunk<'_>| matches!(chunk.name, b"IHDR" | b"IDAT" | b"IEND");
        // chunks that depend on how pixels are stored
        let is_tied =
            |chunk: &Chunk<'_>| matches!(chunk.name, b"PLTE" | b"tRNS" | b"bKGD" | b"sBIT" | b"hIST");
        let others: Vec<_> = png_chunks::read(carrier).collect();
        let middle = others.iter().position(|chunk| chunk.name == b"IDAT").unwrap_or(others.len());
        let put = |out: &mut Vec<u8>, others: &[Chunk<'_>]| {
            for chunk in others.iter().filter(|chunk| !is_own(chunk) && !is_tied(chunk)) {
                out.extend_from_slice(chunk.whole);
            }
        };
        for chunk in png_chunks::read(packed).filter(is_own) {
            match chunk.name {
                b"IHDR" => {
                    let mut body = chunk.body.to_vec();
                    body[png_chunks::COLOUR_TYPE] = kind;
                    png_chunks::append(&mut out, *chunk.name, &body);
                    put(&mut out, &others[..middle]);
                    self.write_palette(&mut out);
                }
                b"IEND" => {
                    put(&mut out, &others[middle..]);
                    out.extend_from_slice(chunk.whole);
                }
                _ => out.extend_from_slice(chunk.whole),
            }
        }
        out.into()
    }

    fn write_palette(&self, out: &mut Vec<u8>) {
        if self.palette.is_empty() {
            return;
        }
        let colours: Vec<u8> = self.palette.iter().flat_map(|colour| colour[..3].to_vec()).collect();
        png_chunks::append(out, *b"PLTE", &colours);
        let opacity = self.palette.iter().map(|colour| colour[3]);
        let opacity: Vec<u8> = opacity.take_while(|alpha| *alpha < u8::MAX).collect();
        if !opacity.is_empty() {
            png_chunks::append(out, *b"tRNS", &opacity);
        }
    }
}

/// Distance between neighbouring grey levels of this bit depth, in 8-bit levels.
fn step(bits: u8) -> u8 {
    u8::MAX / (u8::MAX >> (8 - bits))
}

/// A table of colours with given indices.
fn numbered(colours: impl Iterator<Item = (Rgba, u8)>) -> Colours {
    let mut all = Colours::new();
    for (colour, number) in colours {
        let slot = all.slot(colour);
        all.slots[slot] = Some((colour, number));
        all.count += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use testkit::{Picture, sample};
    use vips::{Access, Interpretation, Loader, PngRows};

    use super::*;

    #[test]
    fn colours_are_counted_up_to_256() {
        let ramp = |count: u32| -> Vec<u8> {
            (0..3 * count).flat_map(|at| [(at / 3 % 256) as u8, (at / 3 / 256) as u8, 9]).collect()
        };
        for count in [1, 2, 3, 16, 17, 255, 256] {
            assert_eq!(Colours::count(&ramp(count), 3).map(|found| found.count), Some(count as usize));
        }
        assert!(Colours::count(&ramp(257), 3).is_none());
        assert!(Colours::count(&[], 3).is_none());
    }

    #[test]
    fn the_smallest_exact_layout_is_chosen() {
        let layout = |pixels: &[u8], bands, profile| {
            let found = Colours::count(pixels, bands)?;
            Layout::choose(&found, bands, profile).map(|layout| (layout.bits, layout.palette.len()))
        };
        let all: Vec<u8> = (0..=255).collect();
        for (pixels, bands, profile, expected) in [
            (&[0, 255][..], 1, false, Some((1, 0))),
            (&[0, 255, 85], 1, false, Some((2, 0))),
            (&[0, 255, 17, 34, 51], 1, false, Some((4, 0))),
            (&[0, 255, 17], 1, false, Some((2, 3))),
            (&[0, 200], 1, false, Some((1, 2))),
            (&[0, 200], 1, true, Some((8, 0))),
            (&[0, 255, 200, 0], 2, true, None),
            (&[0, 255, 200, 0], 2, false, Some((1, 2))),
            (&[0, 0, 0, 255, 255, 255], 3, false, Some((1, 0))),
            (&[0, 0, 0, 255, 255, 255], 3, true, Some((1, 2))),
            (&[1, 2, 3, 4, 5, 6, 7, 8, 9], 3, true, Some((2, 3))),
            (&all, 1, false, Some((8, 0))),
        ] {
            assert_eq!(layout(pixels, bands, profile), expected, "{pixels:?} {bands} {profile}");
        }
    }

    #[test]
    fn metadata_is_written() {
        vips::Vips::start(vips::Settings::default()).unwrap();
        let photo =
            Image::load(&sample("flower-p3.jpg"), &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap();
        let profile = photo.block(ICC).unwrap();
        let open = |png: &Bytes| Image::load(png, &Loader::Png, Access::Random).unwrap();
        for (bands, pixels) in
            [(3, [0u8, 0, 0, 255, 255, 255]), (3, [9, 8, 7, 6, 5, 4]), (1, [0, 90, 0, 90, 0, 90])]
        {
            let space = if bands == 1 { Interpretation::Grey } else { Interpretation::Srgb };
            let image = Image::from_pixels(&pixels, 6 / bands, 1, bands).unwrap().interpret(space).unwrap();
            let writer =
                |is_libvips, rows, keep| Writer { is_libvips, compression: 6, is_slow: false, rows, keep };
            let bare = encode(&image, writer(false, PngRows::Plain, Keep::All)).unwrap();
            let tagged = image.edit(|edit| edit.set_block(c"xmp-data", b"<x/>")).unwrap();
            let tagged = tagged.edit(|edit| edit.set_block(ICC, profile)).unwrap();
            for (is_libvips, rows, keep, expected) in [
                (true, PngRows::Interlaced, Keep::All, (true, bands == 3)),
                (true, PngRows::Plain, Keep::Profile, (false, bands == 3)),
                (false, PngRows::Plain, Keep::All, (true, bands == 3)),
                (false, PngRows::Plain, Keep::Profile, (false, bands == 3)),
                (false, PngRows::Interlaced, Keep::Nothing, (false, false)),
            ] {
                let png = encode(&tagged, writer(is_libvips, rows, keep)).unwrap();
                let back = open(&png);
                assert!(Picture::of(&back) == Picture::of(&open(&bare)), "{bands} {keep:?}");
                // libpng refuses a profile that does not fit the colour type: an RGB profile never fits a greyscale
                // image
                assert_eq!((back.has(c"xmp-data"), back.has(ICC)), expected, "{bands} {keep:?}");
                assert!(back.block(ICC).is_none_or(|found| found == profile));
            }
        }
    }
}
