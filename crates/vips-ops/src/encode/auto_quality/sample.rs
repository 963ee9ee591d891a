//! Selects the pixels on which qualities are tried: tiles of a large image, or a small image extended by mirroring.

use vips::{Image, Result, ops::Extend};

/// Most pixels that are encoded and compared per attempt; a sample of this size is representative.
pub const MAX_PIXELS: u64 = 1024 * 1024;

/// Number of tiles along each side.
const TILES: u32 = 3;

/// Alignment of tiles in pixels: the block size of every encoder, so that tiles are encoded as in the whole image.
const BLOCK: u32 = 16;

/// Side in pixels from which an image has so many blocks that their alignment hardly matters, and from which all six
/// scales of SSIMULACRA2 exist, for which its weights are made.
const FEW_BLOCKS: u32 = 256;

/// The image to try in place of a given one; `None` to try that one itself.
pub fn select(image: &Image) -> Result<Option<Image>> {
    let tiles = tiles(image)?;
    let continued = mirror_extended(tiles.as_ref().unwrap_or(image))?;
    continued.or(tiles).map(|sample| sample.copy_memory()).transpose()
}

/// The number of pixels that are tried of an image of this size: at most [`MAX_PIXELS`].
pub fn pixel_count(width: u32, height: u32) -> u64 {
    (u64::from(padded_side(width)) * u64::from(padded_side(height))).min(MAX_PIXELS)
}

/// Extends a small image by mirroring along each side that is short, so that the same details are encoded at several
/// block alignments. Otherwise a change of size by one pixel would shift all blocks, and the quality found would jump.
/// `None` if no side is short.
pub fn mirror_extended(image: &Image) -> Result<Option<Image>> {
    let [width, height] = [image.width(), image.height()];
    if width.min(height) >= FEW_BLOCKS {
        return Ok(None);
    }
    // the copies repeat at odd distances, so that blocks of even size align with them differently
    let odd = |side: u32| if side < FEW_BLOCKS { side - (1 - side % 2) } else { side };
    let part = image.extract_area(0, 0, odd(width), odd(height))?;
    part.embed(0, 0, padded_side(width), padded_side(height), Extend::Mirror).map(Some)
}

/// The length of a side after mirroring.
fn padded_side(side: u32) -> u32 {
    if side < FEW_BLOCKS { (2 * side).max(FEW_BLOCKS).next_multiple_of(BLOCK) } else { side }
}

/// Tiles from all over the image, arranged as they lie in it, so that a sample of most of the image has few seams.
/// `None` if the image is small enough itself.
fn tiles(image: &Image) -> Result<Option<Image>> {
    let (width, height) = (image.width(), image.height());
    let share = MAX_PIXELS as f64 / (f64::from(padded_side(width)) * f64::from(padded_side(height)));
    if share >= 1.0 {
        return Ok(None);
    }
    // the shorter side stays at least `FEW_BLOCKS` long after rounding to blocks
    let least = f64::from(FEW_BLOCKS + TILES * BLOCK);
    let short = (least / f64::from(width.min(height))).max(share.sqrt()).min(1.0);
    let [across, down] = if width < height { [short, share / short] } else { [share / short, short] };
    let (columns, rows) = (tile_positions(width, across), tile_positions(height, down));
    let places = rows.starts.iter().flat_map(|top| columns.starts.iter().map(move |left| (*left, *top)));
    let tiles = places.map(|(left, top)| image.extract_area(left, top, columns.length, rows.length));
    let tiles = tiles.collect::<Result<Vec<_>>>()?;
    Image::grid(&tiles.iter().collect::<Vec<_>>(), columns.starts.len() as u32, 0).map(Some)
}

/// The positions of tiles along a side.
#[derive(Debug, PartialEq)]
struct TilePositions {
    starts: Vec<u32>,
    length: u32,
}

/// Tiles in the middle of each third of a side, which together cover about the fraction `share` of it.
fn tile_positions(side: u32, share: f64) -> TilePositions {
    if share >= 1.0 {
        return TilePositions { starts: vec![0], length: side };
    }
    let blocks = |length: u32| length / BLOCK * BLOCK;
    let third = side / TILES;
    let length = blocks((f64::from(third) * share) as u32).max(BLOCK);
    let starts = (0..TILES).map(|tile| blocks(tile * third + (third - length) / 2)).collect();
    TilePositions { starts, length }
}

#[cfg(test)]
mod tests {
    use vips::{Settings, Vips};

    use super::*;

    #[test]
    fn tiles_are_aligned_to_blocks() {
        assert_eq!(tile_positions(3000, 0.25), TilePositions { starts: vec![368, 1376, 2368], length: 240 });
        assert_eq!(tile_positions(256, 0.01), TilePositions { starts: vec![32, 112, 192], length: 16 });
        assert_eq!(tile_positions(200, 1.0), TilePositions { starts: vec![0], length: 200 });
    }

    #[test]
    fn tiles_are_inside_the_side_and_do_not_overlap() {
        for side in FEW_BLOCKS..5000 {
            for share in [0.05, 0.3, 0.8, 0.999] {
                let TilePositions { starts, length } = tile_positions(side, share);
                assert!(
                    starts[2] + length <= side && starts.windows(2).all(|pair| pair[0] + length <= pair[1])
                );
                assert!(f64::from(length * TILES) <= (f64::from(side) * share).max(48.0), "{side} {share}");
            }
        }
    }

    #[test]
    fn the_sample_has_a_bounded_size() {
        Vips::start(Settings::default()).unwrap();
        for (width, height) in [
            (1, 1),
            (64, 65),
            (255, 256),
            (256, 256),
            (255, 2100),
            (65_500, 1),
            (8, 65_500),
            (300, 65_500),
            (1024, 1024),
            (1025, 1024),
            (5000, 4000),
        ] {
            let image =
                Image::from_pixels(&vec![9; (width * height * 3) as usize], width, height, 3).unwrap();
            let sample = select(&image).unwrap();
            let is_whole = width.min(height) >= FEW_BLOCKS && pixel_count(width, height) < MAX_PIXELS
                || (width, height) == (1024, 1024);
            assert_eq!(sample.is_none(), is_whole, "{width}x{height}");
            let tried = sample.unwrap_or(image);
            let area = u64::from(tried.width()) * u64::from(tried.height());
            assert!(tried.width().min(tried.height()) >= FEW_BLOCKS, "{width}x{height}");
            assert!(area <= pixel_count(width, height), "{width}x{height}: {area}");
            assert!(area * 10 >= pixel_count(width, height) * 9, "{width}x{height}: {area}");
        }
    }

    #[test]
    fn small_images_are_extended_by_mirroring() {
        Vips::start(Settings::default()).unwrap();
        let row: Vec<u8> = (0..4).flat_map(|x| [x; 3]).collect();
        let large = mirror_extended(&Image::from_pixels(&row, 4, 1, 3).unwrap()).unwrap().unwrap();
        assert_eq!((large.width(), large.height()), (FEW_BLOCKS, FEW_BLOCKS));
        let reds: Vec<u8> = large.pixels().unwrap().chunks(3).map(|pixel| pixel[0]).take(9).collect();
        assert_eq!(reds, [0, 1, 2, 2, 1, 0, 0, 1, 2]);
    }
}
