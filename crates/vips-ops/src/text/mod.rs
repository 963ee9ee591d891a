//! Text on pictures: which fonts there are, how one is named, and how a text is drawn.

mod render;

pub(crate) use render::{TextLayout, layout, render};
