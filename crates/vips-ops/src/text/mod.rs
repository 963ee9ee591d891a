//! Text on pictures: which fonts there are, how one is named, and how a text is drawn.

mod draw;

pub(crate) use draw::{Measured, draw, measure};
