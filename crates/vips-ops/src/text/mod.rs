//! Text on pictures: which fonts there are, how one is named, and how a text is drawn.

mod draw;
mod font;
pub mod fonts;

pub(crate) use draw::{Measured, draw, measure};
pub use font::Font;
