//! Local luminance: luma blurred on a small copy of the image and interpolated back to full size.

use super::luma::luma;

/// Longest side of the blurred copy, in pixels: the narrowest blur, 2 % of the long side, still spans several pixels.
const LONG_SIDE: u32 = 128;

/// Amplitude, relative to the peak, at which the Gaussian kernel is truncated: the default of libvips' `gaussblur`.
const CUT: f64 = 0.2;

/// Luma of an image on a small copy, 0 to 1.
pub struct LumaMap {
    levels: Vec<f32>,
    width: u32,
    height: u32,
    /// Size of the image, in pixels.
    size: (u32, u32),
    /// Side of the square of image pixels that one pixel of the copy averages.
    shrink: u32,
}

/// The local luminance of each pixel, 0 to 1.
pub struct LocalLuminance {
    levels: Vec<f32>,
    columns: Vec<Lerp>,
    rows: Vec<Lerp>,
    line: Vec<f32>,
}

/// A position between two pixels of the small copy, for linear interpolation.
struct Lerp {
    first: usize,
    second: usize,
    /// Weight of the second pixel, 0 to 1.
    part: f32,
}

impl LumaMap {
    /// Averages squares of 8-bit RGB pixels.
    pub fn new(pixels: &[u8], width: u32, height: u32) -> Self {
        let shrink = width.max(height).div_ceil(LONG_SIDE);
        let columns = width.div_ceil(shrink);
        let row_bytes = 3 * width as usize;
        let mut levels = Vec::new();
        for rows in pixels.chunks(row_bytes * shrink as usize) {
            let mut sums = vec![[0u32; 3]; columns as usize];
            for row in rows.chunks_exact(row_bytes) {
                for (sum, square) in sums.iter_mut().zip(row.chunks(3 * shrink as usize)) {
                    for pixel in square.chunks_exact(3) {
                        for (sum, value) in sum.iter_mut().zip(pixel) {
                            *sum += u32::from(*value);
                        }
                    }
                }
            }
            let high = (rows.len() / row_bytes) as u32;
            levels.extend(sums.into_iter().zip(0..).map(|(sum, column)| {
                let count = high * shrink.min(width - column * shrink);
                luma(sum.map(|sum| sum as f32)) / (count as f32 * 255.0)
            }));
        }
        Self { levels, width: columns, height: height.div_ceil(shrink), size: (width, height), shrink }
    }

    /// Blurs with a sigma given as a fraction of the long side.
    pub fn blurred(&self, part: f64) -> LocalLuminance {
        let kernel = kernel(part * f64::from(self.width.max(self.height)));
        let width = self.width as usize;
        let across: Vec<f32> =
            self.levels.chunks_exact(width).flat_map(|row| blurred_row(row, &kernel)).collect();
        LocalLuminance {
            levels: blurred_down(&across, width, &kernel),
            columns: Lerp::table(self.size.0, self.width, self.shrink),
            rows: Lerp::table(self.size.1, self.height, self.shrink),
            line: vec![0.0; width],
        }
    }
}

/// A Gaussian kernel with a sum of 1.
fn kernel(sigma: f64) -> Vec<f32> {
    let reach = (sigma * (-2.0 * CUT.ln()).sqrt()) as i32;
    let weight = |at: i32| (-f64::from(at * at) / (2.0 * sigma * sigma)).exp();
    let sum: f64 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).map(|at| (weight(at) / sum) as f32).collect()
}

/// Blurs a row horizontally; beyond the edges the edge pixel is repeated.
fn blurred_row(row: &[f32], kernel: &[f32]) -> Vec<f32> {
    let reach = kernel.len() / 2;
    let edge = |at: usize| std::iter::repeat_n(row[at], reach);
    let wide: Vec<f32> = edge(0).chain(row.iter().copied()).chain(edge(row.len() - 1)).collect();
    let mut out = vec![0.0; row.len()];
    for (weight, shifted) in kernel.iter().zip(wide.windows(row.len())) {
        add(&mut out, shifted, *weight);
    }
    out
}

/// Blurs rows vertically; beyond the edges the edge row is repeated.
fn blurred_down(levels: &[f32], width: usize, kernel: &[f32]) -> Vec<f32> {
    let (reach, height) = (kernel.len() / 2, levels.len() / width);
    let mut out = vec![0.0; levels.len()];
    for (y, row) in out.chunks_exact_mut(width).enumerate() {
        for (at, weight) in kernel.iter().enumerate() {
            let from = (y + at).saturating_sub(reach).min(height - 1);
            add(row, &levels[from * width..(from + 1) * width], *weight);
        }
    }
    out
}

fn add(out: &mut [f32], row: &[f32], weight: f32) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += weight * value;
    }
}

impl LocalLuminance {
    /// Writes the local luminance of one row of the image.
    pub fn write_row(&mut self, row: usize, out: &mut [f32]) {
        let width = self.line.len();
        let Lerp { first, second, part } = self.rows[row];
        let [above, below] = [first, second].map(|at| &self.levels[at * width..(at + 1) * width]);
        for ((here, above), below) in self.line.iter_mut().zip(above).zip(below) {
            *here = above + part * (below - above);
        }
        for (out, Lerp { first, second, part }) in out.iter_mut().zip(&self.columns) {
            let (left, right) = (self.line[*first], self.line[*second]);
            *out = left + part * (right - left);
        }
    }
}

impl Lerp {
    /// The positions of the centres of `length` pixels among the pixels of the small copy.
    fn table(length: u32, small: u32, shrink: u32) -> Vec<Self> {
        let last = small.saturating_sub(1);
        let place = |at: u32| {
            let place = ((f64::from(at) + 0.5) / f64::from(shrink) - 0.5).clamp(0.0, last.into());
            let first = place as u32;
            let second = (first + 1).min(last) as usize;
            Self { first: first as usize, second, part: (place - f64::from(first)) as f32 }
        };
        (0..length).map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_luminance_changes_at_the_edge_between_two_halves() {
        let pixels: Vec<u8> =
            (0..400 * 40).flat_map(|at| [if at % 400 < 200 { 0 } else { 255 }; 3]).collect();
        let mut light = LumaMap::new(&pixels, 400, 40).blurred(0.03);
        let mut row = [0.0; 400];
        for y in [0, 20, 39] {
            light.write_row(y, &mut row);
            assert!(row[0] < 0.01 && row[399] > 0.99 && row.is_sorted(), "{row:?}");
            assert!((row[199] + row[200] - 1.0).abs() < 0.05, "{} {}", row[199], row[200]);
        }
    }

    #[test]
    fn a_single_pixel_has_a_local_luminance() {
        let all = Lerp::table(3, 1, 3);
        assert!(all.iter().all(|between| between.first == 0 && between.second == 0));
        let mut light = LumaMap::new(&[255, 255, 255], 1, 1).blurred(0.02);
        let mut row = [0.0];
        light.write_row(0, &mut row);
        assert!((row[0] - 1.0).abs() < 1e-3, "{row:?}");
    }
}
