//! Prints the analysis of images: `cargo run --package vision --example analyze -- IMAGE...`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a command line tool: it prints, and panics on errors"
)]

use std::{env, fs, path::Path, time::Instant};

use vips::{Access, Image, Loader};
use vision::{Settings, Vision};

fn main() {
    vips::Vips::start(vips::Settings::default()).unwrap();
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vendor");
    let runtime = vendor.join("native/lib/libonnxruntime.so");
    let vision = Vision::open(&Settings { models: vendor.join("models"), runtime });
    for path in env::args().skip(1) {
        let bytes = fs::read(&path).unwrap().into();
        let image = [Loader::Jpeg { shrink: 1 }, Loader::Png, Loader::Heif { thumbnail: false }]
            .iter()
            .find_map(|loader| Image::load(&bytes, loader, Access::Random).ok());
        let Some(image) = image else { continue };
        let began = Instant::now();
        let faces = vision.faces(&image).unwrap();
        let spent = began.elapsed();
        println!("{path}: {}x{}, faces {spent:?}", image.width(), image.height());
        for face in &faces {
            println!("  {face:?}");
        }
        println!("  nsfw {:.4}", vision.nsfw(&image).unwrap());
        for label in vision.labels(&image, 15.0).unwrap() {
            println!("  {} {:.1}", label.name, label.confidence);
        }
    }
}
