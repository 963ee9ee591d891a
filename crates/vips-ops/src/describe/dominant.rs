//! The dominant colour of an image.

use vips::Deadline;

use crate::{
    analysis::thumbnail,
    error::{Error, Result},
    source::Source,
    steps::profile,
};

/// Long side in pixels of the thumbnail that is analysed.
const LOOK: u32 = 112;

/// Alpha from which a pixel counts as visible.
const SEEN: u8 = 128;

/// Cells per axis of the colour histogram, and the bits of a channel within a cell.
const CELLS: usize = 16;
const CELL_BITS: u8 = 4;

/// The dominant colour, for example `#4C719F`; `None` if no pixel is visible.
pub fn measure(source: &Source, deadline: &Deadline) -> Result<Option<String>> {
    let image = profile::coloured(thumbnail::at(source, LOOK, deadline)?).map_err(Error::of_pixels)?;
    let bands = image.bands() as usize;
    let pixels = image.pixels().map_err(Error::of_pixels)?;
    let seen = pixels.chunks_exact(bands).filter(|pixel| pixel.get(3).is_none_or(|alpha| *alpha >= SEEN));
    let colour = dominant(seen.map(|pixel| [pixel[0], pixel[1], pixel[2]]));
    Ok(colour.map(|[red, green, blue]| format!("#{red:02X}{green:02X}{blue:02X}")))
}

/// The number of pixels in a histogram cell, and the sums of their channels.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    count: u64,
    sums: [u64; 3],
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.sums.iter_mut().zip(other.sums).for_each(|(sum, part)| *sum += part);
    }
}

/// The mean of the pixels in the 3 × 3 × 3 cells of the histogram that contain the most pixels. Neighbouring cells are
/// counted together, so that the result does not jump for a colour at the border of two cells.
fn dominant(pixels: impl Iterator<Item = [u8; 3]>) -> Option<[u8; 3]> {
    let mut cells = vec![Tally::default(); CELLS.pow(3)];
    for pixel in pixels {
        let [red, green, blue] = pixel.map(|channel| usize::from(channel >> CELL_BITS));
        cells[(red * CELLS + green) * CELLS + blue].add(Tally { count: 1, sums: pixel.map(u64::from) });
    }
    for step in [1, CELLS, CELLS * CELLS] {
        cells = with_neighbours(&cells, step);
    }
    // among equal counts the first, which is the darkest
    let most = cells.iter().rev().max_by_key(|tally| tally.count).filter(|tally| tally.count > 0)?;
    Some(most.sums.map(|sum| ((sum + most.count / 2) / most.count) as u8))
}

/// Sums each cell with its two neighbours along the axis whose cells are `step` apart.
fn with_neighbours(cells: &[Tally], step: usize) -> Vec<Tally> {
    let summed = |(index, tally): (usize, &Tally)| {
        let (at, mut sum) = (index / step % CELLS, *tally);
        if at > 0 {
            sum.add(cells[index - step]);
        }
        if at + 1 < CELLS {
            sum.add(cells[index + step]);
        }
        sum
    };
    cells.iter().enumerate().map(summed).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(parts: &[([u8; 3], usize)]) -> Option<[u8; 3]> {
        dominant(parts.iter().flat_map(|(colour, count)| std::iter::repeat_n(*colour, *count)))
    }

    #[test]
    fn plain_and_mixed() {
        let (red, green, blue) = ([250, 3, 2], [10, 200, 30], [0, 0, 255]);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[(red, 1)]), Some(red));
        assert_eq!(of(&[(red, 5), (green, 6), (blue, 4)]), Some(green));
        assert_eq!(of(&[(blue, 9), (green, 6), (red, 4)]), Some(blue));
    }

    #[test]
    fn a_colour_on_the_border_of_cells_is_one_colour() {
        let (below, above) = ([15, 100, 100], [16, 100, 100]);
        assert_eq!(of(&[(below, 5), (above, 5), ([200, 100, 100], 8)]), Some([16, 100, 100]));
    }

    #[test]
    fn the_ends_of_the_cube_are_not_neighbours() {
        assert_eq!(of(&[([0, 0, 255], 3), ([0, 16, 0], 3), ([90, 90, 90], 4)]), Some([90, 90, 90]));
    }

    proptest! {
        #[test]
        fn the_result_is_close_to_a_pixel(pixels: Vec<[u8; 3]>) {
            let Some(found) = dominant(pixels.iter().copied()) else {
                prop_assert!(pixels.is_empty());
                return Ok(());
            };
            let near = |pixel: &[u8; 3]| pixel.iter().zip(found).all(|(one, other)| one.abs_diff(other) < 48);
            prop_assert!(pixels.iter().any(near));
        }
    }
}
