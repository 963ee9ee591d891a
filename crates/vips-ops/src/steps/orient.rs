//! Right-angle turns and mirrors.

use vips::{
    Image, Result,
    ops::{Flip, QuarterTurn},
};

use crate::orientation::Orientation;

/// Puts the picture down as asked. What cannot be done from top to bottom is done in memory: the picture is small by
/// now.
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
