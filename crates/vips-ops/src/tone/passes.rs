//! Groups a list of corrections into as few passes over the pixels as possible.

use vips::{BandFormat, Image, Result};

use super::{
    auto_curve::AutoCurve,
    curve::{self, Curve},
    fused_pass,
    matrix::Matrix,
    op::Op,
    pixel::PixelOp,
};

/// The passes of a request's corrections, in order of application.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grade {
    /// The passes.
    pub passes: Vec<Pass>,
}

/// One pass over the pixels.
#[derive(Debug, Clone, PartialEq)]
pub enum Pass {
    /// Curves combined into one lookup table; some of them may have to be measured on the image first.
    Table(Vec<TableCurve>),
    /// One matrix.
    Matrix(Matrix),
    /// Operations applied to each pixel, one after the other.
    Pixels(Vec<PixelOp>),
}

/// A curve that is fixed, or measured on the image.
#[derive(Debug, Clone, PartialEq)]
pub enum TableCurve {
    /// A fixed curve.
    Fixed(Curve),
    /// Measured on the pixels.
    Auto(AutoCurve),
}

impl Grade {
    /// Combines consecutive curves into one table and consecutive matrices into one matrix. A pass of pixel operations
    /// also takes in all fixed curves and matrices that follow it: one more operation on pixels at hand costs less than
    /// a pass of its own.
    pub fn new(operations: Vec<Op>) -> Self {
        let mut passes: Vec<Pass> = Vec::new();
        for operation in operations {
            match (passes.last_mut(), operation) {
                (Some(Pass::Table(curves)), Op::Curve(curve)) => curves.push(TableCurve::Fixed(curve)),
                (Some(Pass::Table(curves)), Op::Auto(measured)) => curves.push(TableCurve::Auto(measured)),
                (Some(Pass::Matrix(before)), Op::Matrix(next)) => *before = before.then(next),
                (Some(Pass::Pixels(operations)), Op::Curve(curve)) => join_curve(operations, curve),
                (Some(Pass::Pixels(operations)), Op::Matrix(matrix)) => join_matrix(operations, matrix),
                (Some(Pass::Pixels(operations)), Op::Pixel(next)) => operations.push(next),
                (Some(pass @ Pass::Matrix(_)), Op::Pixel(next)) => pass.widen(next),
                (_, Op::Curve(curve)) => passes.push(Pass::Table(vec![TableCurve::Fixed(curve)])),
                (_, Op::Auto(measured)) => passes.push(Pass::Table(vec![TableCurve::Auto(measured)])),
                (_, Op::Matrix(matrix)) => passes.push(Pass::Matrix(matrix)),
                (_, Op::Pixel(pixel)) => passes.push(Pass::Pixels(vec![pixel])),
            }
        }
        Self { passes }
    }

    /// The same passes, with the measured curves of the first pass replaced by the curves found in this image. An
    /// animation measures its first frame and uses the result for all frames.
    pub fn with_measured_curves(&self, image: &Image) -> Result<Self> {
        let mut settled = self.clone();
        if let Some(Pass::Table(curves)) = settled.passes.first_mut() {
            let colours = if image.has_alpha() { image.extract_bands(0, 3)? } else { image.clone() };
            let mut known = Vec::with_capacity(curves.len());
            for curve in curves.iter_mut() {
                let next = curve.resolve(&colours, &known)?;
                known.push(next.clone());
                *curve = TableCurve::Fixed(next);
            }
        }
        Ok(settled)
    }

    /// Applies all passes to an 8-bit sRGB image. The alpha channel is kept.
    pub fn apply(&self, image: &Image) -> Result<Image> {
        if self.passes.is_empty() {
            return Ok(image.clone());
        }
        let image = &if image.has_alpha() { image.copy_memory()? } else { image.clone() };
        let alpha = image.has_alpha().then(|| image.extract_bands(3, 1)).transpose()?;
        let mut colours = if alpha.is_some() { image.extract_bands(0, 3)? } else { image.clone() };
        for pass in &self.passes {
            colours = pass.apply(&colours)?;
        }
        match alpha {
            Some(alpha) => Image::bandjoin(&[&colours, &alpha]),
            None => Ok(colours),
        }
    }

    /// The number of curves that are measured on the image.
    pub fn auto_curve_count(&self) -> u32 {
        let curves = self.passes.iter().filter_map(|pass| match pass {
            Pass::Table(curves) => Some(curves),
            Pass::Pixels(_) | Pass::Matrix(_) => None,
        });
        curves.flatten().filter(|curve| matches!(curve, TableCurve::Auto(_))).count() as u32
    }

    /// Whether the image is read before it is changed, so that its pixels have to be in memory.
    pub fn needs_measurement(&self) -> bool {
        self.passes.iter().any(|pass| match pass {
            Pass::Table(curves) => curves.iter().any(|curve| matches!(curve, TableCurve::Auto(_))),
            Pass::Pixels(_) | Pass::Matrix(_) => false,
        })
    }
}

/// Appends a curve to pixel operations, joining it to a preceding one.
fn join_curve(operations: &mut Vec<PixelOp>, curve: Curve) {
    match operations.last_mut() {
        Some(PixelOp::Curves(curves)) => curves.push(curve),
        _ => operations.push(PixelOp::Curves(vec![curve])),
    }
}

/// Appends a matrix to pixel operations, joining it to a preceding one.
fn join_matrix(operations: &mut Vec<PixelOp>, matrix: Matrix) {
    match operations.last_mut() {
        Some(PixelOp::Matrix(before)) => *before = before.then(matrix),
        _ => operations.push(PixelOp::Matrix(matrix)),
    }
}

impl Pass {
    /// Turns a matrix pass into a pass of pixel operations, and appends `next`.
    fn widen(&mut self, next: PixelOp) {
        if let Self::Matrix(matrix) = self {
            *self = Self::Pixels(vec![PixelOp::Matrix(*matrix), next]);
        }
    }

    fn apply(&self, image: &Image) -> Result<Image> {
        match self {
            Self::Table(curves) => {
                let mut known = Vec::with_capacity(curves.len());
                for curve in curves {
                    known.push(curve.resolve(image, &known)?);
                }
                image.maplut(&Image::from_pixels(curve::table(&known).as_flattened(), 256, 1, 3)?)
            }
            Self::Matrix(Matrix(rows)) => {
                let weights: Vec<f64> =
                    rows.iter().flat_map(|row| row[..3].iter().map(|value| f64::from(*value))).collect();
                let mixed = image.recomb(&weights, 3)?;
                // a cast truncates: 0.5 rounds to the nearest level
                let offsets = rows.map(|row| f64::from(row[3]) * 255.0 + 0.5);
                mixed.linear(&[1.0; 3], &offsets)?.cast(BandFormat::Uchar)
            }
            Self::Pixels(operations) => fused_pass::run(image, operations),
        }
    }
}

impl TableCurve {
    /// The curve: fixed, or measured on a three-band image to which `before` has not been applied yet.
    fn resolve(&self, image: &Image, before: &[Curve]) -> Result<Curve> {
        match self {
            Self::Fixed(curve) => Ok(curve.clone()),
            Self::Auto(auto) => auto.measure(image, before),
        }
    }
}

#[cfg(test)]
mod tests {
    use vips::Interpretation;

    use super::*;

    #[test]
    fn consecutive_operations_are_combined() {
        let line = || Op::Curve(Curve::contrast(0.1));
        let matrix = || Op::Matrix(Matrix::saturation(0.5));
        let pixel = || Op::Pixel(PixelOp::Vibrance(0.5));
        let auto = || Op::Auto(AutoCurve::AutoFix);
        let shape = |operations: Vec<Op>| {
            Grade::new(operations)
                .passes
                .iter()
                .map(|pass| match pass {
                    Pass::Table(curves) => format!("t{}", curves.len()),
                    Pass::Matrix(_) => "m".into(),
                    Pass::Pixels(operations) => format!("p{}", operations.len()),
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(shape(vec![]), "");
        assert_eq!(
            shape(vec![auto(), line(), line(), matrix(), matrix(), pixel(), pixel(), line()]),
            "t3 p4"
        );
        assert_eq!(shape(vec![matrix(), line(), pixel(), auto()]), "m t1 p1 t1");
    }

    #[test]
    fn alpha_is_kept() {
        vips::Vips::start(vips::Settings::default()).unwrap();
        let pixels: Vec<u8> = (0..64u8).flat_map(|value| [value * 4, 90, 200, value]).collect();
        let image = Image::from_pixels(&pixels, 8, 8, 4).unwrap().interpret(Interpretation::Srgb).unwrap();
        let grade = Grade::new(vec![
            Op::Curve(Curve::Negative),
            Op::Matrix(Matrix::saturation(-1.0)),
            Op::Pixel(PixelOp::Vibrance(1.0)),
        ]);
        let changed = grade.apply(&image).unwrap().pixels().unwrap();
        assert_eq!(changed.len(), pixels.len());
        for (before, after) in pixels.chunks_exact(4).zip(changed.chunks_exact(4)) {
            assert_eq!(before[3], after[3]);
            assert!(before[..3] != after[..3]);
        }
    }
}
