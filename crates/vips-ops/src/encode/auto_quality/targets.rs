//! Target scores of the quality presets, per method and image size.

use crate::params::output::{quality_method::QualityMethod, quality_preset::QualityPreset};

/// Long sides in pixels at which targets were measured; in between they are interpolated linearly over the logarithm of
/// the side.
pub const SIDES: [u32; 7] = [64, 128, 256, 512, 1024, 2048, 4000];

/// The targets of a preset at each of [`SIDES`].
type Row = [f64; SIDES.len()];

/// Targets at which photographs have a mean SSIMULACRA2 of 50, 70, 80 and 90 over JPEG, WebP and AVIF: measured by
/// `cargo xtask calibrate-quality` and validated on other photographs in `loadtests/results/quality.md`. 70 and 80 hold
/// for qualities of 40 to 90; 50 and 90 are outside of what these qualities give, and hold for 5 to 95. The larger an
/// image, the less detail each pixel shows, and the more visible the same mean error is.
const SSIM: [Row; 4] = [
    [0.9125, 0.9146, 0.9262, 0.9410, 0.9563, 0.9628, 0.9619],
    [0.9607, 0.9590, 0.9587, 0.9618, 0.9696, 0.9752, 0.9670],
    [0.9834, 0.9830, 0.9835, 0.9846, 0.9855, 0.9868, 0.9951],
    [0.9948, 0.9948, 0.9950, 0.9954, 0.9959, 0.9969, 0.9986],
];
const MPE: [Row; 4] = [
    [5.11, 4.42, 3.61, 2.92, 2.15, 1.86, 1.70],
    [3.66, 3.11, 2.70, 2.29, 1.75, 1.39, 1.30],
    [2.10, 1.81, 1.51, 1.22, 0.95, 0.77, 0.51],
    [1.03, 0.76, 0.59, 0.48, 0.31, 0.22, 0.09],
];
const SMALLFRY: [Row; 4] = [
    [92.7, 93.1, 94.2, 95.1, 95.9, 95.9, 98.6],
    [95.9, 96.4, 97.2, 97.8, 98.2, 98.6, 100.6],
    [99.5, 100.0, 100.6, 101.2, 101.8, 102.6, 104.6],
    [104.0, 105.1, 105.9, 106.9, 107.0, 107.5, 111.2],
];
const SSIMULACRA2: [Row; 4] = [[50.0; 7], [70.0; 7], [80.0; 7], [90.0; 7]];

/// The score that a method must reach for a preset in an image with this long side, in pixels.
pub fn target(method: QualityMethod, preset: QualityPreset, side: u32) -> f64 {
    let rows = match method {
        QualityMethod::Ssim => SSIM,
        QualityMethod::Mpe => MPE,
        QualityMethod::Smallfry => SMALLFRY,
        QualityMethod::Ssimulacra2 => SSIMULACRA2,
    };
    let row = rows[preset as usize];
    let side = side.clamp(SIDES[0], SIDES[SIDES.len() - 1]);
    let after = SIDES.iter().position(|known| *known >= side).unwrap_or(SIDES.len() - 1).max(1);
    let logarithm = |side: u32| f64::from(side).log2();
    let [low, high] = [after - 1, after].map(|at| logarithm(SIDES[at]));
    let part = (logarithm(side) - low) / (high - low);
    row[after - 1] + part * (row[after] - row[after - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_ordered_at_every_size() {
        for method in QualityMethod::ALL {
            for side in [1, 63, 64, 65, 100, 511, 512, 513, 3999, 4000, 4001, 65500] {
                let targets = QualityPreset::ALL.map(|preset| target(method, preset, side));
                assert!(
                    targets.windows(2).all(|pair| !method.is_met(pair[0], pair[1])),
                    "{method:?} {side}: {targets:?}"
                );
            }
        }
    }

    #[test]
    fn targets_are_interpolated_between_measured_sizes() {
        let [first, .., last] = MPE[0];
        let of = |side| target(QualityMethod::Mpe, QualityPreset::Low, side);
        let ends = [(1, first), (64, first), (4000, last), (9999, last)];
        for (side, expected) in SIDES.into_iter().zip(MPE[0]).chain(ends) {
            assert!((of(side) - expected).abs() < 1e-9, "{side}: {}", of(side));
        }
        let middle = of(362); // 256 times the root of 2
        assert!((middle - MPE[0][2].midpoint(MPE[0][3])).abs() < 1e-3, "{middle}");
    }
}
