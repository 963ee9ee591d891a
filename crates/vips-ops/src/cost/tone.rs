//! What corrections of tone and colour cost.

use super::{Work, megapixels, memory, terms::Term};
use crate::{
    size::Size,
    tone::{Grade, Pass, PixelOp},
};

/// Adds every pass over a picture of this size.
pub fn grade(work: &mut Work, grade: &Grade, size: Size) {
    let area = megapixels(size);
    for pass in &grade.passes {
        match pass {
            Pass::Table(_) => work.add(Term::ToneTable, area),
            Pass::Matrix(_) => work.add(Term::ToneMatrix, area),
            Pass::Pixels(operations) => {
                work.add(Term::TonePass, area);
                for operation in operations {
                    let looks =
                        matches!(operation, PixelOp::FillFlash(_) | PixelOp::ShadowsHighlights { .. });
                    work.add(if looks { Term::ToneLight } else { Term::ToneOperation }, area);
                }
                work.hold(memory::TONE * size.pixels() as f64);
            }
        }
    }
    let measured = grade.measured();
    work.add(Term::ToneMeasure, area * f64::from(measured));
    if measured > 0 {
        work.hold(memory::TONE * size.pixels() as f64);
    }
}
