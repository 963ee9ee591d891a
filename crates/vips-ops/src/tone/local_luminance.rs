//! The light around each pixel: luma, blurred on a small copy and stretched back.

use super::luma::luma;

/// Most pixels on the long side of the copy that is blurred: the narrowest blur, 2 % of the long side, spans several.
const LONG_SIDE: u32 = 128;

/// Where a Gaussian is cut, in parts of its peak; as libvips does.
const CUT: f64 = 0.2;

/// Luma of a picture on a small copy, 0 to 1.
pub struct LumaMap {
    levels: Vec<f32>,
    width: u32,
    height: u32,
    /// Size of the picture.
    size: (u32, u32),
    /// Pixels of the picture that are one of the copy's, across and down.
    shrink: u32,
}

/// The light around each pixel, 0 to 1.
pub struct LocalLuminance {
    levels: Vec<f32>,
    columns: Vec<Lerp>,
    rows: Vec<Lerp>,
    line: Vec<f32>,
}

/// A place between two pixels of the small copy.
struct Lerp {
    first: usize,
    second: usize,
    /// The share of the second.
    part: f32,
}

impl LumaMap {
    /// Of 8-bit red, green and blue: the means of squares.
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

    /// Blurred by a part of the long side.
    pub fn around(&self, part: f64) -> LocalLuminance {
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

/// A Gaussian whose sum is one.
fn kernel(sigma: f64) -> Vec<f32> {
    let reach = (sigma * (-2.0 * CUT.ln()).sqrt()) as i32;
    let weight = |at: i32| (-f64::from(at * at) / (2.0 * sigma * sigma)).exp();
    let sum: f64 = (-reach..=reach).map(weight).sum();
    (-reach..=reach).map(|at| (weight(at) / sum) as f32).collect()
}

/// A row blurred along itself; outside of it is its last pixel.
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

/// Rows blurred across each other; outside of them is the last one.
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
    /// The light along a row of the picture.
    pub fn along(&mut self, row: usize, out: &mut [f32]) {
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
    /// Where the centres of `length` pixels fall among those of `small`.
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
    fn the_light_of_two_halves_changes_in_the_middle() {
        let pixels: Vec<u8> =
            (0..400 * 40).flat_map(|at| [if at % 400 < 200 { 0 } else { 255 }; 3]).collect();
        let mut light = LumaMap::new(&pixels, 400, 40).around(0.03);
        let mut row = [0.0; 400];
        for y in [0, 20, 39] {
            light.along(y, &mut row);
            assert!(row[0] < 0.01 && row[399] > 0.99 && row.is_sorted(), "{row:?}");
            assert!((row[199] + row[200] - 1.0).abs() < 0.05, "{} {}", row[199], row[200]);
        }
    }

    #[test]
    fn one_pixel_is_a_picture_too() {
        let all = Lerp::table(3, 1, 3);
        assert!(all.iter().all(|between| between.first == 0 && between.second == 0));
        let mut light = LumaMap::new(&[255, 255, 255], 1, 1).around(0.02);
        let mut row = [0.0];
        light.along(0, &mut row);
        assert!((row[0] - 1.0).abs() < 1e-3, "{row:?}");
    }
}
