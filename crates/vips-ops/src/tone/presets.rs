//! The 20 colour presets of the parameter `filter`: each a list of operations.

use super::{curve::Curve, luma::LUMA, matrix::Matrix, op::Op, pixel::PixelOp};

/// Control points of a curve: input and output, 0 to 1, sorted by input.
type Points = &'static [(f32, f32)];

const SOFT_S: Points = &[(0.0, 0.0), (0.25, 0.18), (0.5, 0.5), (0.75, 0.82), (1.0, 1.0)];
const HARD_S: Points = &[(0.0, 0.0), (0.2, 0.08), (0.5, 0.5), (0.8, 0.93), (1.0, 1.0)];

/// The operations of a preset by its name; empty for an unknown name.
#[expect(clippy::too_many_lines, reason = "one entry per preset")]
pub fn operations(name: &str) -> Vec<Op> {
    match name {
        "grayscale" => vec![mono(LUMA)],
        "sepia" => vec![Op::Matrix(Matrix([
            [0.393, 0.769, 0.189, 0.0],
            [0.349, 0.686, 0.168, 0.0],
            [0.272, 0.534, 0.131, 0.0],
        ]))],
        "noir" => vec![mono([0.60, 0.35, 0.05]), curve(HARD_S), vignette(0.45)],
        "silver" => vec![
            mono([0.15, 0.75, 0.10]),
            curve(&[(0.0, 0.10), (0.25, 0.31), (0.5, 0.56), (0.75, 0.78), (1.0, 0.97)]),
            Op::Matrix(Matrix::gains([0.97, 0.99, 1.03])),
        ],
        "selenium" => {
            vec![mono([0.30, 0.59, 0.11]), curve(SOFT_S), split([0.05, -0.005, 0.035], [0.01, -0.01, -0.05])]
        }
        "cyanotype" => vec![Op::Pixel(PixelOp::Gradient(&[
            (0.0, [8, 22, 52]),
            (0.35, [24, 72, 128]),
            (0.7, [132, 178, 204]),
            (1.0, [244, 248, 242]),
        ]))],
        "vintage" => vec![
            saturation(-0.30),
            curves(
                &[(0.0, 0.10), (0.3, 0.33), (0.7, 0.78), (1.0, 0.98)],
                &[(0.0, 0.06), (0.3, 0.29), (0.7, 0.73), (1.0, 0.94)],
                &[(0.0, 0.14), (0.3, 0.30), (0.7, 0.62), (1.0, 0.80)],
            ),
            vignette(0.30),
        ],
        "instant" => vec![
            Op::Matrix(Matrix([
                [1.20, -0.06, -0.06, 0.02],
                [-0.05, 1.12, -0.05, 0.03],
                [-0.02, -0.02, 1.14, -0.01],
            ])),
            Op::Curve(Curve::Line { slope: 0.94, offset: 0.05 }),
            vignette(0.18),
        ],
        "chrome" => vec![
            saturation(0.10),
            curves(
                &[(0.0, 0.0), (0.25, 0.22), (0.5, 0.57), (0.75, 0.86), (1.0, 1.0)],
                SOFT_S,
                &[(0.0, 0.03), (0.25, 0.17), (0.5, 0.43), (0.75, 0.70), (1.0, 0.93)],
            ),
        ],
        "vivid" => vec![
            saturation(0.30),
            Op::Pixel(PixelOp::Vibrance(0.5)),
            curve(&[(0.0, 0.0), (0.25, 0.22), (0.5, 0.53), (0.75, 0.80), (1.0, 1.0)]),
        ],
        "matte" => {
            vec![
                saturation(-0.22),
                curve(&[(0.0, 0.14), (0.25, 0.30), (0.5, 0.52), (0.75, 0.74), (1.0, 0.93)]),
            ]
        }
        "golden" => vec![saturation(0.10), warmth(0.75), curve(&[(0.0, 0.02), (0.5, 0.54), (1.0, 1.0)])],
        "frost" => vec![saturation(-0.10), warmth(-0.75), curve(&[(0.0, 0.02), (0.5, 0.55), (1.0, 1.0)])],
        "cross" => vec![
            saturation(0.15),
            curves(HARD_S, SOFT_S, &[(0.0, 0.16), (0.25, 0.33), (0.5, 0.5), (0.75, 0.67), (1.0, 0.86)]),
        ],
        "bleach" => vec![Op::Pixel(PixelOp::Bleach)],
        "lomo" => vec![
            saturation(0.35),
            curves(HARD_S, SOFT_S, SOFT_S),
            Op::Pixel(PixelOp::Vignette { amount: 0.75, from: 0.30, to: 1.0 }),
        ],
        "cinema" => vec![saturation(-0.12), curve(SOFT_S), split([-0.09, 0.02, 0.10], [0.10, 0.03, -0.14])],
        "moonlight" => vec![
            saturation(-0.65),
            Op::Curve(Curve::Power(1.6)),
            Op::Matrix(Matrix::gains([0.62, 0.78, 1.12])),
            vignette(0.35),
        ],
        "poster" => vec![saturation(0.35), Op::Curve(Curve::Steps(5.0))],
        "negative" => vec![Op::Curve(Curve::Negative)],
        _ => Vec::new(),
    }
}

fn mono(weights: [f32; 3]) -> Op {
    Op::Matrix(Matrix::mono(weights))
}

fn saturation(amount: f32) -> Op {
    Op::Matrix(Matrix::saturation(amount))
}

fn warmth(amount: f32) -> Op {
    Op::Curve(Curve::warmth(amount))
}

fn curve(points: Points) -> Op {
    curves(points, points, points)
}

fn curves(red: Points, green: Points, blue: Points) -> Op {
    Op::Curve(Curve::Points([red, green, blue]))
}

fn split(shadows: [f32; 3], highlights: [f32; 3]) -> Op {
    Op::Pixel(PixelOp::Split(shadows, highlights))
}

/// The vignette that most presets share.
fn vignette(amount: f32) -> Op {
    Op::Pixel(PixelOp::Vignette { amount, from: 0.45, to: 1.05 })
}

#[cfg(test)]
mod tests {
    use image_api::params::tone::filter::NAMES;

    use super::*;

    #[test]
    fn every_preset_is_distinct() {
        let looks: Vec<_> = NAMES.iter().map(|name| operations(name)).collect();
        for (index, look) in looks.iter().enumerate() {
            assert!(!look.is_empty(), "{}", NAMES[index]);
            assert!(!looks[..index].contains(look), "{}", NAMES[index]);
        }
        assert!(operations("none").is_empty());
    }
}
