//! Broken, mislabelled and hostile originals are refused with a clear error, and the next render works.

use bytes::Bytes;
use image_api::{Accept, Params, Settings};
use proptest::prelude::*;
use testkit::sample;
use vips_ops::{Error, ErrorKind, process, vips::Deadline};

use crate::{ask, start};

fn kind(original: &Bytes) -> Option<ErrorKind> {
    ask(original, "width=40").err().map(|error| error.kind())
}

#[test]
fn truncated_images_are_refused() {
    start();
    let gif = sample("mill.gif");
    let mut originals = vec![sample("china.jpg"), sample("astronaut-progressive.jpg"), sample("coffee.png")];
    originals.push(ask(&sample("china.jpg"), "format=webp").unwrap().bytes);
    originals.push(ask(&sample("china.jpg"), "format=avif").unwrap().bytes);
    for original in &originals {
        for percent in [1, 25, 60, 90] {
            let cut = original.slice(..original.len() * percent / 100);
            assert_eq!(kind(&cut), Some(ErrorKind::Undecodable), "{percent} % of {:?}", &original[..12]);
        }
        assert_eq!(kind(original), None);
    }
    assert_eq!(kind(&gif.slice(..100)), Some(ErrorKind::Undecodable));
}

#[test]
fn other_files_are_refused_by_their_signature() {
    for bytes in
        [&b""[..], b"<html></html>", b"GIF", b"text", b"%PDF-1.7", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"]
    {
        assert_eq!(kind(&Bytes::copy_from_slice(bytes)), Some(ErrorKind::Unsupported), "{bytes:?}");
    }
}

#[test]
fn stated_sizes_are_checked_before_allocating() {
    let mut png = sample("coffee.png").to_vec();
    png[16..20].copy_from_slice(&60_000u32.to_be_bytes());
    png[20..24].copy_from_slice(&60_000u32.to_be_bytes());
    assert_eq!(kind(&png.into()), Some(ErrorKind::OverLimit));
    let mut gif = sample("mill.gif").to_vec();
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(kind(&gif.into()), Some(ErrorKind::OverLimit));
}

#[test]
fn external_references_in_an_svg_are_not_loaded() {
    let svg = |body: &str| {
        let head = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='20' height='20'>";
        Bytes::from(format!("<?xml version='1.0'?>{head}{body}</svg>"))
    };
    let file = testkit::samples().join("pixmill-logo.png");
    let linked = svg(&format!(
        "<image width='20' height='20' xlink:href='file://{}'/>",
        file.canonicalize().unwrap().display()
    ));
    let answer = testkit::Picture::decode(&ask(&linked, "format=png").unwrap().bytes);
    assert!(answer.rgba.chunks_exact(4).all(|pixel| pixel[3] == 0), "a file was drawn");
    let drawn = svg("<rect width='20' height='20' fill='blue'/>");
    assert_eq!(
        testkit::Picture::decode(&ask(&drawn, "format=png").unwrap().bytes).at(5, 5),
        [0, 0, 255, 255]
    );
}

#[test]
fn a_passed_deadline_is_reported_as_such() {
    start();
    let params = Params::parse("width=2000&blur=100&format=png").unwrap().params;
    let deadline = Deadline::never();
    deadline.cancel();
    let ended = process(
        &params,
        &sample("china.jpg"),
        &vips_ops::Assets::default(),
        Accept::default(),
        &Settings::default(),
        &deadline,
        &mut |_| (),
    );
    assert!(matches!(ended, Err(Error::Deadline)), "{:?}", ended.err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]
    #[test]
    fn flipped_bytes_never_crash(
        source in prop::sample::select(vec!["china.jpg", "coffee-bordered.png", "mill.gif", "mill.webp", "flower-p3.jpg"]),
        flips in prop::collection::vec((0.0..1.0f64, 1..=255u8), 1..12),
        cut in 0.05..1.0f64,
    ) {
        let mut bytes = sample(source).to_vec();
        for (place, mask) in flips {
            let at = (place * bytes.len() as f64) as usize;
            bytes[at] ^= mask;
        }
        bytes.truncate((bytes.len() as f64 * cut) as usize);
        let _ = ask(&bytes.into(), "width=50&format=png");
        prop_assert!(ask(&sample("pixmill-logo.png"), "width=5").is_ok());
    }
}
