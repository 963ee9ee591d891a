//! The JPEG encoder beside libvips against libvips' own: the same tables, sampling, metadata and pixels, in no more bytes.

use bytes::Bytes;
use image_api::{Accept, Settings, settings::Codecs};
use testkit::{Picture, sample};
use vips_ops::{Source, source::SourceFormat};

use crate::ask_with;

/// Originals with EXIF, XMP, profiles, one band, four inks, alpha.
const ORIGINALS: [&str; 10] = [
    "china.jpg",
    "grace_hopper.jpg",
    "astronaut-gps-orient6.jpg",
    "astronaut-progressive.jpg",
    "astronaut-cmyk.jpg",
    "flower-p3.jpg",
    "camera.png",
    "gradient-16bit.png",
    "pixmill-logo.png",
    "coffee.png",
];

const QUERIES: [&str; 8] = [
    "width=300&quality=80",
    "width=301&height=173&crop=stretch&quality=40",
    "width=120&quality=92",
    "width=300&interlace=true&quality=80",
    "width=77&strip_exif=true&quality=75",
    "width=300&autorotate=false",
    "width=1&quality=80",
    "width=9&quality=100&interlace=true",
];

/// Bytes beyond those of libvips, in parts of the whole. The libvips that is linked here gives the same bytes; one with another
/// library of the family may compute Huffman tables a little differently.
const MORE: f64 = 0.01;

/// Bodies of segments before the image data: of tables all in one, since several may share a segment.
fn segments(file: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let (mut others, mut tables) = (Vec::new(), Vec::new());
    let mut at = 2;
    while file[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        let (marker, body) = (file[at + 1], &file[at + 4..at + 2 + length]);
        match marker {
            0xdb => tables.extend_from_slice(body),
            0xc4 => {}
            _ => others.push([&[marker], body].concat()),
        }
        at += 2 + length;
    }
    (others, tables)
}

fn encoded(original: &Bytes, query: &str, on: bool, fast_image_resize: bool) -> Bytes {
    let codecs = Codecs { libjpeg_turbo: on, fast_image_resize, ..Codecs::default() };
    let settings = Settings { codecs, ..Settings::default() };
    ask_with(original, &format!("{query}&format=jpeg"), Accept::default(), &settings).unwrap().bytes
}

/// Queries that leave more than a factor of 4 to the resampler: libvips then averages blocks first, and tables alone are compared.
const FAR: [&str; 2] = [QUERIES[6], QUERIES[7]];

/// Largest difference in 8-bit levels of the mean of pixels that are encoded by one encoder and were scaled by different resamplers.
const RESAMPLED: f64 = 1.5;

fn check(name: &str, query: &str, is_fast: bool) {
    let original = sample(name);
    let [file, expected] = [true, false].map(|on| encoded(&original, query, on, is_fast));
    assert_eq!(segments(&file), segments(&expected), "{name}?{query}");
    let difference = Picture::decode(&file).difference(&Picture::decode(&expected));
    // without a decoder beside libvips, libvips scales: pixels are the same only of originals that are no JPEG
    let is_same = !is_fast
        || Source::open(&original, &Settings::default().limits).unwrap().info.format != SourceFormat::Jpeg;
    if is_same {
        assert_eq!(difference.worst, 0, "{name}?{query}: {difference:?}");
        let most = expected.len() as f64 * (1.0 + MORE);
        assert!(file.len() as f64 <= most, "{name}?{query}: {} for {}", file.len(), expected.len());
    } else if !FAR.contains(&query) {
        assert!(difference.mean <= RESAMPLED, "{name}?{query}: {difference:?}");
    }
}

#[test]
fn files_are_those_of_libvips() {
    crate::start();
    for name in ORIGINALS {
        for query in QUERIES {
            for is_fast in [false, true] {
                check(name, query, is_fast);
            }
        }
    }
}

#[test]
fn every_size_is_encoded() {
    crate::start();
    let original = sample("china.jpg");
    for side in 1..=40 {
        let query = format!("width={side}&height={}&crop=stretch&quality=80", 41 - side);
        let file = encoded(&original, &query, true, false);
        let source = Source::open(&file, &Settings::default().limits).unwrap();
        assert_eq!((source.info.stored.width, source.info.stored.height), (side, 41 - side));
        let difference =
            Picture::decode(&file).difference(&Picture::decode(&encoded(&original, &query, false, false)));
        assert_eq!(difference.worst, 0, "{side}: {difference:?}");
    }
}
