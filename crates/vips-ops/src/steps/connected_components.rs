//! Connected components of a mask, and their shape.

/// A connected component: cells of a mask that are connected by their edges.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Indices of its cells, row by row.
    pub cells: Vec<usize>,
    width: usize,
    height: usize,
}

/// All connected components of a mask whose rows have `width` cells.
pub fn connected_components(mask: &[bool], width: usize) -> Vec<Component> {
    let height = mask.len() / width;
    let mut left = mask.to_vec();
    let mut found = Vec::new();
    for start in 0..mask.len() {
        if !left[start] {
            continue;
        }
        left[start] = false;
        let mut cells = vec![start];
        let mut next = 0;
        while let Some(&cell) = cells.get(next) {
            next += 1;
            let (x, y) = (cell % width, cell / width);
            let around = [
                (x > 0).then(|| cell - 1),
                (x + 1 < width).then_some(cell + 1),
                (y > 0).then(|| cell - width),
                (y + 1 < height).then_some(cell + width),
            ];
            for neighbour in around.into_iter().flatten() {
                if std::mem::take(&mut left[neighbour]) {
                    cells.push(neighbour);
                }
            }
        }
        found.push(Component { cells, width, height });
    }
    found
}

impl Component {
    fn places(&self) -> impl Iterator<Item = (usize, usize)> {
        self.cells.iter().map(|cell| (cell % self.width, cell / self.width))
    }

    /// The centroid, from the left and from the top.
    pub fn center(&self) -> (f64, f64) {
        let count = self.cells.len() as f64;
        let sum = self.places().fold((0, 0), |sum, place| (sum.0 + place.0, sum.1 + place.1));
        (sum.0 as f64 / count, sum.1 as f64 / count)
    }

    /// The diameter of a disc with the same area.
    pub fn diameter(&self) -> f64 {
        (4.0 * self.cells.len() as f64 / std::f64::consts::PI).sqrt()
    }

    /// The fraction of its bounding box that it fills.
    pub fn fill(&self) -> f64 {
        let (wide, high) = self.sides();
        self.cells.len() as f64 / (wide * high) as f64
    }

    /// The aspect ratio of its bounding box, long side to short side.
    pub fn aspect(&self) -> f64 {
        let (wide, high) = self.sides();
        wide.max(high) as f64 / wide.min(high) as f64
    }

    fn sides(&self) -> (usize, usize) {
        let span = |values: &mut dyn Iterator<Item = usize>| {
            let (low, high) =
                values.fold((usize::MAX, 0), |(low, high), value| (low.min(value), high.max(value)));
            high + 1 - low
        };
        (span(&mut self.places().map(|(x, _)| x)), span(&mut self.places().map(|(_, y)| y)))
    }

    /// Cells within `reach` cells of it along each axis that are not part of it.
    pub fn ring(&self, reach: usize) -> Vec<usize> {
        let grown = self.grown(reach);
        let own = self.grown(0);
        (0..grown.len()).filter(|cell| grown[*cell] && !own[*cell]).collect()
    }

    /// Its mask, dilated by `reach` cells along each axis.
    fn grown(&self, reach: usize) -> Vec<bool> {
        let mut mask = vec![false; self.width * self.height];
        for (x, y) in self.places() {
            for row in y.saturating_sub(reach)..=(y + reach).min(self.height - 1) {
                let start = row * self.width;
                mask[start + x.saturating_sub(reach)..=start + (x + reach).min(self.width - 1)].fill(true);
            }
        }
        mask
    }

    /// A soft mask with values from 0 to 1: dilated by one cell and blurred with this sigma.
    pub fn soft_mask(&self, sigma: f64) -> Vec<f32> {
        let hard: Vec<f32> = self.grown(1).into_iter().map(|inside| f32::from(u8::from(inside))).collect();
        let kernel = gaussian(sigma);
        let rows = blurred(&hard, &kernel, self.width, self.height, 1, self.width);
        blurred(&rows, &kernel, self.height, self.width, self.width, 1)
    }
}

/// Kernel weights from the centre outwards; the whole symmetric kernel sums to 1.
fn gaussian(sigma: f64) -> Vec<f32> {
    let reach = (3.0 * sigma).ceil() as usize;
    let weights: Vec<f64> = (0..=reach).map(|at| (-(at as f64 / sigma).powi(2) / 2.0).exp()).collect();
    let sum = 2.0 * weights.iter().sum::<f64>() - weights[0];
    weights.iter().map(|weight| (weight / sum) as f32).collect()
}

/// Blurs `lines` lines of `length` cells each. Cells of a line are `step` apart, lines are `stride` apart. Edge cells
/// are extended.
fn blurred(
    values: &[f32],
    kernel: &[f32],
    length: usize,
    lines: usize,
    step: usize,
    stride: usize,
) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for line in 0..lines {
        for at in 0..length {
            let cell = |place: usize| values[line * stride + place.min(length - 1) * step];
            let sum = kernel.iter().enumerate().map(|(offset, weight)| match offset {
                0 => weight * cell(at),
                _ => weight * (cell(at + offset) + cell(at.saturating_sub(offset))),
            });
            out[line * stride + at * step] = sum.sum();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: &[&str]) -> Vec<bool> {
        rows.iter().flat_map(|row| row.bytes().map(|byte| byte == b'#')).collect()
    }

    #[test]
    fn cells_are_connected_by_their_edges() {
        let found = connected_components(&mask(&["##..#", "#...#", ".#..#"]), 5);
        let mut sizes: Vec<_> = found.iter().map(|component| component.cells.len()).collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 3, 3]);
    }

    #[test]
    fn shapes() {
        let bar = &connected_components(&mask(&["....", "####", "...."]), 4)[0];
        assert_eq!((bar.center(), bar.aspect(), bar.fill()), ((1.5, 1.0), 4.0, 1.0));
        let corner = &connected_components(&mask(&["#..", "#..", "###"]), 3)[0];
        assert!((corner.fill() - 5.0 / 9.0).abs() < 1e-9 && (corner.aspect() - 1.0).abs() < 1e-9);
        assert_eq!(corner.ring(1).len(), 3, "the far corner is two cells away");
    }

    #[test]
    fn soft_masks_fade_and_keep_their_weight() {
        let mut rows = vec!["............."; 13];
        rows[6] = "......#......";
        let soft = connected_components(&mask(&rows), 13)[0].soft_mask(0.8);
        let sum: f32 = soft.iter().sum();
        assert!((sum - 9.0).abs() < 0.01, "{sum}");
        assert!(soft[6 * 13 + 6] > 0.8 && soft[6 * 13 + 8] < 0.5 && soft[0] == 0.0);
    }
}
