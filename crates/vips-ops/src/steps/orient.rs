//! Rotation by right angles, and mirroring.

use vips::{
    Image, Result,
    ops::{Flip, QuarterTurn},
};

use crate::orientation::Orientation;

/// Applies an orientation. Operations that cannot stream run in memory: the image is scaled down at this point.
pub fn apply(image: Image, orientation: Orientation) -> Result<Image> {
    let turn = match orientation.quarters {
        1 => QuarterTurn::Quarter,
        2 => QuarterTurn::Half,
        3 => QuarterTurn::ThreeQuarters,
        _ if orientation.mirrored => return image.flip(Flip::Horizontal),
        _ => return Ok(image),
    };
    let image = image.copy_memory()?;
    let image = if orientation.mirrored { image.flip(Flip::Horizontal)? } else { image };
    image.rot(turn)
}
