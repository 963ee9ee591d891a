//! Properties of a JPEG from its tables: estimated quality, chroma subsampling.

use bytes::Bytes;

/// The example luminance quantisation table (ITU-T T.81, Annex K.1), in zigzag order, which the Independent JPEG
/// Group's encoder scales by quality.
const LUMINANCE: [u16; 64] = [
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40,
    58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103,
    104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
];

/// The quality, 1 to 100, whose luminance table is closest to the file's first table; `None` if it has none.
///
/// Exact for files written by libjpeg and its descendants; other encoders' tables are matched by their sum.
pub fn quality(bytes: &[u8]) -> Option<u8> {
    let table = luminance(bytes)?;
    let coarseness: u32 = table.iter().map(|value| u32::from(*value)).sum();
    (1..=100u8).rev().min_by_key(|quality| {
        let scaled = scaled(*quality);
        let sum: u32 = scaled.iter().map(|value| u32::from(*value)).sum();
        let distance: u32 = table.iter().zip(scaled).map(|(a, b)| u32::from(a.abs_diff(b))).sum();
        // other tables are compared by their sum; among equal sums the closer shape wins
        (sum.abs_diff(coarseness), distance)
    })
}

/// The luminance table at a quality, by the scaling of the Independent JPEG Group.
fn scaled(quality: u8) -> [u16; 64] {
    let quality = u32::from(quality);
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    LUMINANCE.map(|base| ((u32::from(base) * percent + 50) / 100).clamp(1, 255) as u16)
}

/// Rounds the stated dimensions up to multiples of a divisor of at most 8, so that shrink-on-load decodes whole blocks.
/// `None` if they are multiples already, or if the decoder would then expect a different number of blocks.
///
/// Images are stored in whole blocks: pixels beyond the edge exist in the last blocks, and encoders fill them by
/// repeating the edge.
pub fn with_rounded_dimensions(bytes: &Bytes, divisor: u8) -> Option<Bytes> {
    let frame = frame(bytes)?;
    let side = |at: usize| Some(u32::from(u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?])));
    let (height, width) = (side(FRAME_HEIGHT)?, side(FRAME_WIDTH)?);
    let multiple = |side: u32| side.next_multiple_of(divisor.into());
    if (width, height) == (multiple(width), multiple(height)) || height == 0 {
        return None;
    }
    let factors = sampling(bytes)?;
    let across: Vec<u8> = factors.iter().map(|factor| factor.0).collect();
    let down: Vec<u8> = factors.iter().map(|factor| factor.1).collect();
    if blocks(width, &across) != blocks(multiple(width), &across)
        || blocks(height, &down) != blocks(multiple(height), &down)
    {
        return None;
    }
    let start = frame.as_ptr() as usize - bytes.as_ptr() as usize;
    let mut stated = bytes.to_vec();
    let mut state = |at: usize, side: u32| -> Option<()> {
        let side = u16::try_from(side).ok()?;
        stated.get_mut(start + at..start + at + 2)?.copy_from_slice(&side.to_be_bytes());
        Some(())
    };
    state(FRAME_HEIGHT, multiple(height))?;
    state(FRAME_WIDTH, multiple(width))?;
    Some(stated.into())
}

/// Offsets of height and width in a frame header (ITU-T T.81, B.2.2).
const FRAME_HEIGHT: usize = 1;
const FRAME_WIDTH: usize = 3;

/// Side of a block in pixels.
const BLOCK: u32 = 8;

/// Blocks per component along a side, by its sampling factors (ITU-T T.81, A.1.1 and A.2.4).
fn blocks(side: u32, factors: &[u8]) -> Option<Vec<u32>> {
    let most = u32::from(*factors.iter().max()?).max(1);
    Some(factors.iter().map(|factor| (side * u32::from(*factor)).div_ceil(most * BLOCK)).collect())
}

/// The body of the frame header (SOF segment).
fn frame(bytes: &[u8]) -> Option<&[u8]> {
    // start of frame of any process; three markers in the range mean something else (ITU-T T.81, B.1.1.3)
    let is_frame = |marker: u8| matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc);
    segments(bytes).find(|(marker, _)| is_frame(*marker)).map(|(_, frame)| frame)
}

/// Horizontal and vertical sampling factors of each component; `None` without a frame header.
pub fn sampling(bytes: &[u8]) -> Option<Vec<(u8, u8)>> {
    let frame = frame(bytes)?;
    let (count, components) = frame.get(5..)?.split_first()?;
    let components = components.get(..usize::from(*count) * 3)?;
    Some(components.chunks_exact(3).map(|component| (component[1] >> 4, component[1] & 0xf)).collect())
}

/// Whether chroma is subsampled 4:2:0 (`true`) or not at all, 4:4:4 (`false`); `None` for other layouts, which are not
/// written here, and for other than three components.
pub fn is_chroma_halved(bytes: &[u8]) -> Option<bool> {
    let factors = sampling(bytes)?;
    let [luma, blue, red] = factors.as_slice() else { return None };
    match (luma == blue, *luma) {
        _ if blue != red => None,
        (true, _) => Some(false),
        (false, (2, 2)) if *blue == (1, 1) => Some(true),
        (false, _) => None,
    }
}

/// Quantisation table 0.
fn luminance(bytes: &[u8]) -> Option<[u16; 64]> {
    segments(bytes).filter(|(marker, _)| *marker == 0xdb).find_map(|(_, segment)| first_table(segment))
}

/// Iterates over segments (marker and body) up to the first scan, after which no relevant tables follow.
pub(super) fn segments(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes.get(2..).unwrap_or_default();
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| *byte != 0xff)?;
        let (marker, after) = rest[start..].split_first()?;
        let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
        let segment = after.get(2..length)?;
        rest = after.get(length..)?;
        // start of scan, end of image
        (!matches!(marker, 0xda | 0xd9)).then_some((*marker, segment))
    })
}

/// Table 0 of a DQT segment, which may contain several tables.
fn first_table(mut segment: &[u8]) -> Option<[u16; 64]> {
    while let Some((head, rest)) = segment.split_first() {
        let (precision, number) = (head >> 4, head & 0xf);
        let wide = precision != 0;
        let values = rest.get(..if wide { 128 } else { 64 })?;
        if number == 0 {
            let mut table = [0; 64];
            for (index, slot) in table.iter_mut().enumerate() {
                *slot = if wide {
                    u16::from_be_bytes([values[2 * index], values[2 * index + 1]])
                } else {
                    values[index].into()
                };
            }
            return Some(table);
        }
        segment = &rest[values.len()..];
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vips::{Image, JpegScan, Keep, Settings, Subsample, Vips};

    use super::*;

    #[test]
    fn the_quality_of_the_linked_encoder_is_estimated() {
        Vips::start(Settings::default()).unwrap();
        let image = Image::from_pixels(&[90; 16 * 16 * 3], 16, 16, 3).unwrap();
        for wanted in [1, 10, 35, 50, 75, 90, 95, 100] {
            let jpeg = image.save_jpeg(wanted, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap();
            let found = quality(&jpeg).unwrap();
            assert!(found.abs_diff(wanted) <= 2, "{wanted}: {found}");
        }
    }

    #[test]
    fn scaled_standard_tables_are_recognised() {
        for wanted in 1..=100u8 {
            let mut file = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
            file.extend(scaled(wanted).map(|value| value as u8));
            let found = quality(&file).unwrap();
            assert_eq!(scaled(found), scaled(wanted), "{wanted}: {found}");
        }
    }

    #[test]
    fn the_sampling_of_the_linked_encoder() {
        Vips::start(Settings::default()).unwrap();
        let factors = |bands: u32, subsample| {
            let pixels = vec![90; 16 * 16 * bands as usize];
            let image = Image::from_pixels(&pixels, 16, 16, bands).unwrap();
            sampling(&image.save_jpeg(80, JpegScan::Progressive, subsample, Keep::Nothing).unwrap())
        };
        assert_eq!(factors(3, Subsample::On), Some(vec![(2, 2), (1, 1), (1, 1)]));
        assert_eq!(factors(3, Subsample::Off), Some(vec![(1, 1); 3]));
        assert_eq!(factors(1, Subsample::On), Some(vec![(1, 1)]));
        assert_eq!(sampling(b"\xff\xd8\xff\xd9"), None);
    }

    #[test]
    fn chroma_subsampling_is_detected() {
        let file = |factors: [u8; 3]| {
            let [luma, blue, red] = factors;
            let frame = [8, 0, 16, 0, 16, 3, 1, luma, 0, 2, blue, 1, 3, red, 1];
            [&[0xff, 0xd8, 0xff, 0xc0, 0, 17][..], &frame].concat()
        };
        for (factors, expected) in [
            ([0x22, 0x11, 0x11], Some(true)),
            ([0x11, 0x11, 0x11], Some(false)),
            ([0x22, 0x22, 0x22], Some(false)),
            ([0x21, 0x11, 0x11], None),
            ([0x12, 0x11, 0x11], None),
            ([0x41, 0x11, 0x11], None),
            ([0x22, 0x21, 0x21], None),
            ([0x11, 0x11, 0x21], None),
        ] {
            assert_eq!(is_chroma_halved(&file(factors)), expected, "{factors:x?}");
        }
    }

    #[test]
    fn dimensions_are_rounded_where_the_block_count_is_unchanged() {
        Vips::start(Settings::default()).unwrap();
        for subsample in [Subsample::On, Subsample::Off] {
            for (side, divisor, expected) in
                [(33, 8, 40), (39, 8, 40), (33, 4, 36), (33, 2, 34), (47, 8, 48), (1, 8, 8)]
            {
                let pixels = vec![90; side as usize * 16 * 3];
                let image = Image::from_pixels(&pixels, side, 16, 3).unwrap();
                let jpeg = image.save_jpeg(80, JpegScan::Progressive, subsample, Keep::Nothing).unwrap();
                let stated = with_rounded_dimensions(&jpeg, divisor).unwrap();
                let sides = frame(&stated).unwrap()[FRAME_HEIGHT..FRAME_WIDTH + 2].to_vec();
                assert_eq!(sides, [0, 16, 0, expected], "{side} by {divisor}");
                assert_eq!(stated.len(), jpeg.len());
                assert_eq!(with_rounded_dimensions(&stated, divisor), None);
            }
        }
        // a component at two thirds of the width has one block more if the width is stated as 16
        assert_ne!(blocks(9, &[3, 2]), blocks(16, &[3, 2]));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(tail: Vec<u8>) {
            let mut bytes = vec![0xff, 0xd8, 0xff];
            bytes.extend(tail);
            let bytes = Bytes::from(bytes);
            let _ = (quality(&bytes), sampling(&bytes), with_rounded_dimensions(&bytes, 8));
        }
    }
}
