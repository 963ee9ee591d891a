//! The part of a large picture on which qualities are tried.

use vips::{Image, Result};

/// Most pixels that are encoded and compared in an attempt; beyond it a sample says as much.
pub const MAX_PIXELS: u64 = 512 * 1024;

/// How many tiles are cut along each side.
const TILES: u32 = 3;

/// Tiles begin and end where blocks of every encoder do, so that they are encoded as they are in the whole picture.
const BLOCK: u32 = 16;

/// Tiles from all over the picture, below each other; none if the picture is small enough itself.
pub fn of(image: &Image) -> Result<Option<Image>> {
    let (width, height) = (image.width(), image.height());
    let share = (MAX_PIXELS as f64 / (f64::from(width) * f64::from(height))).sqrt();
    if share >= 1.0 {
        return Ok(None);
    }
    let (columns, rows) = (cuts(width, share), cuts(height, share));
    let places = rows.starts.iter().flat_map(|top| columns.starts.iter().map(move |left| (*left, *top)));
    let tiles = places.map(|(left, top)| image.extract_area(left, top, columns.length, rows.length));
    let tiles = tiles.collect::<Result<Vec<_>>>()?;
    Image::stack(&tiles.iter().collect::<Vec<_>>())?.copy_memory().map(Some)
}

/// Where tiles lie along a side.
#[derive(Debug, PartialEq)]
struct Cuts {
    starts: Vec<u32>,
    length: u32,
}

/// Tiles in the middle of each third of a side, that take about `share` of it; all of a side that is short.
fn cuts(side: u32, share: f64) -> Cuts {
    if side < TILES * BLOCK {
        return Cuts { starts: vec![0], length: side };
    }
    let blocks = |length: u32| length / BLOCK * BLOCK;
    let third = side / TILES;
    let length = blocks((f64::from(third) * share) as u32).max(BLOCK);
    let starts = (0..TILES).map(|tile| blocks(tile * third + (third - length) / 2)).collect();
    Cuts { starts, length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_lie_on_blocks_all_over_the_side() {
        assert_eq!(cuts(3000, 0.25), Cuts { starts: vec![368, 1376, 2368], length: 240 });
        assert_eq!(cuts(48, 0.1), Cuts { starts: vec![0, 16, 32], length: 16 });
        assert_eq!(cuts(47, 0.1), Cuts { starts: vec![0], length: 47 });
    }

    #[test]
    fn the_sample_is_bounded_and_inside() {
        for side in 48..5000 {
            for share in [0.05, 0.3, 0.8, 0.999] {
                let Cuts { starts, length } = cuts(side, share);
                assert!(
                    starts[2] + length <= side && starts.windows(2).all(|pair| pair[0] + length <= pair[1])
                );
                assert!(f64::from(length * TILES) <= (f64::from(side) * share).max(48.0), "{side} {share}");
            }
        }
    }
}
