//! Metadata of the output.

use vips::{Image, Result};

/// Marks a stack of frames as an animation.
pub fn animate(stack: &Image, first: &Image, page_height: u32, frames: u32) -> Result<Image> {
    let delays = first.ints(c"delay");
    let loops = first.int(c"loop");
    stack.edit(|edit| {
        edit.set_int(c"page-height", page_height as i32);
        edit.set_int(c"n-pages", frames as i32);
        if let Some(delays) = delays {
            edit.set_ints(c"delay", &delays);
        }
        if let Some(loops) = loops {
            edit.set_int(c"loop", loops);
        }
    })
}
