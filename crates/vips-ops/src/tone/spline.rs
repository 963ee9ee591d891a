//! Monotone cubic interpolation through control points (Fritsch and Carlson, "Monotone Piecewise Cubic Interpolation",
//! SIAM J. Numer. Anal. 17, 1980).

/// The value at `x` of the curve through `points`, which are sorted by their first number; constant outside of them.
pub fn through(points: &[(f32, f32)], x: f32) -> f32 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return x };
    let x = x.clamp(first.0, last.0);
    let segment = points.windows(2).position(|pair| x < pair[1].0).unwrap_or(points.len().saturating_sub(2));
    let (Some(from), Some(to)) = (points.get(segment), points.get(segment + 1)) else { return first.1 };
    let (rise, fall) = tangents(points, segment);
    let width = to.0 - from.0;
    let t = (x - from.0) / width;
    let (t2, t3) = (t * t, t * t * t);
    (2.0 * t3 - 3.0 * t2 + 1.0) * from.1
        + (t3 - 2.0 * t2 + t) * width * rise
        + (-2.0 * t3 + 3.0 * t2) * to.1
        + (t3 - t2) * width * fall
}

/// The tangents at both ends of a segment, limited so that the curve does not overshoot.
fn tangents(points: &[(f32, f32)], segment: usize) -> (f32, f32) {
    let secants: Vec<f32> =
        points.windows(2).map(|pair| (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0)).collect();
    let inner = secants.windows(2).map(|pair| f32::midpoint(pair[0], pair[1]));
    let mut slopes: Vec<f32> =
        secants.first().copied().into_iter().chain(inner).chain(secants.last().copied()).collect();
    for (index, secant) in secants.iter().enumerate() {
        if *secant == 0.0 {
            (slopes[index], slopes[index + 1]) = (0.0, 0.0);
            continue;
        }
        let (mut before, mut after) = (slopes[index] / secant, slopes[index + 1] / secant);
        (before, after) = (before.max(0.0), after.max(0.0));
        let length = before.hypot(after);
        let shrink = if length > 3.0 { 3.0 / length } else { 1.0 };
        (slopes[index], slopes[index + 1]) = (before * shrink * secant, after * shrink * secant);
    }
    (slopes[segment], slopes[segment + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: [(f32, f32); 5] = [(0.0, 0.0), (0.25, 0.18), (0.5, 0.5), (0.75, 0.82), (1.0, 1.0)];

    #[test]
    fn interpolates_its_points_and_is_monotone() {
        for (x, y) in S {
            assert!((through(&S, x) - y).abs() < 1e-6);
        }
        let values: Vec<f32> = (0..=1000u16).map(|step| through(&S, f32::from(step) / 1000.0)).collect();
        assert!(values.is_sorted());
        assert_eq!((through(&S, -1.0), through(&S, 2.0)), (0.0, 1.0));
    }

    #[test]
    fn two_points_are_a_line_and_equal_ones_are_flat() {
        assert!((through(&[(0.0, 0.2), (1.0, 0.8)], 0.5) - 0.5).abs() < 1e-6);
        assert!((through(&[(0.0, 0.3), (0.5, 0.3), (1.0, 0.3)], 0.7) - 0.3).abs() < 1e-6);
    }
}
