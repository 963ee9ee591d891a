//! What the answer carries beside its pixels.

use vips::{Image, Result};

/// Makes a stack of frames an animation again.
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
