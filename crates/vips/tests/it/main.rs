//! What the binding promises: pixels that are right, errors with a text, no leak, sharing between threads, kills.
#![expect(clippy::unwrap_used, reason = "tests")]

mod deadline;
mod leak;
mod lifetime;
mod operations;
mod share;

use vips::{Image, Settings, Vips};

/// Starts libvips.
pub fn start() {
    Vips::start(Settings::default()).unwrap();
}

/// A picture whose red grows to the right and green downwards.
pub fn gradient(width: u32, height: u32) -> Image {
    start();
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| [(x * 255 / width) as u8, (y * 255 / height) as u8, 128]))
        .flatten()
        .collect();
    Image::from_pixels(&pixels, width, height, 3).unwrap()
}
