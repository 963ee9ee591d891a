//! Renders text overlays with Pango.

mod render;

pub(crate) use render::{TextLayout, layout, render};
