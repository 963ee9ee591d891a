//! Memory: large images make no temporary files, and running out of memory is reported as such.
//!
//! Each needs a separate process: the tests run this binary again, with a test that is ignored otherwise.

use std::{
    env::current_exe,
    fs,
    path::Path,
    process::{Command, Output},
};

use bytes::Bytes;
use image_api::{Accept, Settings, settings::Limits};
use vips_ops::{
    Error,
    vips::{Image, Keep, Palette, PngRows, ops::Extend},
};

use crate::{ask_with, start};

/// The image that the other process reads, in its working folder.
const PICTURE: &str = "large.png";

/// Shell commands run first in a process that must not write temporary files, and in one with little memory. The
/// decoded image takes 576 MB.
const NO_FOLDER: &str = "export TMPDIR=/nonexistent/folder";
const LITTLE_MEMORY: &str = "ulimit -v 620000";

/// Sides of the image and bytes per pixel: more than the 100 MB above which libvips would use a temporary file.
const SIDE: u32 = 12_000;
const BANDS: u32 = 4;

fn settings() -> Settings {
    Settings { limits: Limits { max_pixels: 200_000_000, ..Limits::default() }, ..Settings::default() }
}

fn large(side: u32) -> Bytes {
    start();
    let dot = Image::from_pixels(&[9; BANDS as usize], 1, 1, BANDS).unwrap();
    let image = dot.embed(0, 0, side, side, Extend::Background(&[9.0; BANDS as usize])).unwrap();
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap()
}

fn in_another_process(folder: &Path, first: &str, test: &str) -> Output {
    let command = format!("{first}; exec \"$0\" --ignored --exact memory::{test}");
    let test = current_exe().unwrap();
    Command::new("sh").arg("-c").arg(command).arg(test).current_dir(folder).output().unwrap()
}

#[track_caller]
fn check(side: u32, first: &str, test: &str) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(PICTURE), large(side)).unwrap();
    let output = in_another_process(folder.path(), first, test);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn large_images_make_no_temporary_files() {
    check(SIDE / 2, NO_FOLDER, "trims_without_a_file");
}

#[test]
fn running_out_of_memory_does_not_blame_the_original() {
    check(SIDE, LITTLE_MEMORY, "lacks_memory");
}

#[test]
fn cropped_pixels_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    start();
    // a banner whose uncropped cover would be a hundred times as large as the output
    let dot = Image::from_pixels(&[9, 200, 30], 1, 1, 3).unwrap();
    let banner = dot.embed(0, 0, 14_560, 90, Extend::Copy).unwrap();
    let banner = banner.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    fs::write(folder.path().join(PICTURE), banner).unwrap();
    let output = in_another_process(folder.path(), LITTLE_MEMORY, "covers_in_little_memory");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && told.contains("1 passed"),
        "{told}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
#[ignore = "run in a process of its own, by cropped_pixels_take_no_memory"]
fn covers_in_little_memory() {
    for query in [
        "width=1600&height=1600&crop=fit",
        "width=1600&height=1600&crop=top&rotate=90",
        "width=1600&height=1600&crop=bottom&flip=true&rotate=180",
        "width=1600&height=1600&crop=entropy",
        "width=60000&crop=50000,100,1600,200",
    ] {
        let answer = asked(&format!("{query}&format=jpeg"));
        assert!(answer.is_ok(), "{query}: {:?}", answer.err());
    }
}

fn asked(query: &str) -> Result<vips_ops::Encoded, Error> {
    ask_with(&fs::read(PICTURE).unwrap().into(), query, Accept::default(), &settings())
}

#[test]
#[ignore = "run in a process of its own, by large_images_make_no_temporary_files"]
fn trims_without_a_file() {
    for query in ["trim=color&width=10", "trim=color&crop=entropy&width=10", "rotate=90&width=10"] {
        let answer = asked(query);
        assert!(answer.is_ok(), "{query}: {:?}", answer.err());
    }
}

#[test]
#[ignore = "run in a process of its own, by running_out_of_memory_does_not_blame_the_original"]
fn lacks_memory() {
    let answer = asked("trim=color&width=10");
    assert!(matches!(answer, Err(Error::OutOfMemory(_))), "{:?}", answer.err());
    assert!(asked("width=10").is_ok(), "the next one needs little, and gets it");
}
