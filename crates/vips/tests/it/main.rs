//! Tests of the binding: correct pixels, errors with a text, no leaks, sharing between threads, cancellation.
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

/// An image whose red increases to the right, and green downwards.
pub fn gradient(width: u32, height: u32) -> Image {
    start();
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| [(x * 255 / width) as u8, (y * 255 / height) as u8, 128]))
        .flatten()
        .collect();
    Image::from_pixels(&pixels, width, height, 3).unwrap()
}
