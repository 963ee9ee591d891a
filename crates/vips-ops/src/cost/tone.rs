//! The cost of tone and colour corrections.

use super::{
    memory,
    work::{Work, megapixels},
    work_kind::WorkKind,
};
use crate::{
    size::Size,
    tone::{Grade, Pass, PixelOp},
};

/// Adds every pass over an image of this size.
pub fn grade(work: &mut Work, grade: &Grade, size: Size) {
    let area = megapixels(size);
    for pass in &grade.passes {
        match pass {
            Pass::Table(_) => work.add(WorkKind::ToneTable, area),
            Pass::Matrix(_) => work.add(WorkKind::ToneMatrix, area),
            Pass::Pixels(operations) => {
                work.add(WorkKind::TonePass, area);
                for operation in operations {
                    let looks =
                        matches!(operation, PixelOp::FillFlash(_) | PixelOp::ShadowsHighlights { .. });
                    work.add(if looks { WorkKind::ToneLight } else { WorkKind::ToneOperation }, area);
                }
                work.hold(memory::TONE * size.pixels() as f64);
            }
        }
    }
    let measured = grade.auto_curve_count();
    work.add(WorkKind::ToneMeasure, area * f64::from(measured));
    if measured > 0 {
        work.hold(memory::TONE * size.pixels() as f64);
    }
}
