//! Decoders beside libvips against libvips' own: every sample and every picture of the corpora, decoded both ways.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use image_api::{Accept, Settings, settings::Codecs, source::Codec};
use testkit::{Picture, sample, samples};
use vips_ops::{Encoded, Error, Source, error::ErrorKind};

use crate::{ask, ask_with, cost::files, resampler::premultiplied};

/// Folders of pictures beside the repository.
const CORPORA: [&str; 2] = ["../../../shared/corpora/dev", "../../../shared/trials/inputs"];

/// Requests that decode at full size and, where a decoder can, at each of its divisors.
const QUERIES: [&str; 4] = ["format=png", "format=png&dpr=0.4", "format=png&dpr=0.2", "format=png&dpr=0.1"];

/// Damaged files of up to this size in bytes are compared: errors do not depend on size, but time does.
const LARGEST_DAMAGED: usize = 100_000;

/// Which scaling is compared with that of libvips alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scaled {
    /// That of libvips too: only decoders differ.
    Alike,
    /// That between decoder and libvips, the default.
    ByDefault,
}

/// Largest difference of a pixel, and of the mean of all pixels, in 8-bit levels. `by_default` if it is scaled otherwise than by libvips:
/// both round twice, as `resampler` tests.
fn tolerance(codec: Codec, by_default: bool) -> (u8, f64) {
    match codec {
        Codec::Libwebp | Codec::Png | Codec::LibjpegTurbo if by_default => (4, 1.0),
        Codec::Libwebp | Codec::Png | Codec::LibjpegTurbo => (0, 0.0),
        // libheif repeats chroma samples and rounds them to whole levels; what is 4:4:4 differs by 2 at most
        Codec::Dav1d => (48, 1.0),
    }
}

fn with_codecs(on: bool, scaled: Scaled) -> Settings {
    let fast_image_resize = scaled == Scaled::ByDefault;
    let codecs = Codecs { libwebp: on, dav1d: on, png: on, libjpeg_turbo: on, fast_image_resize };
    Settings { codecs, ..Settings::default() }
}

pub fn render(bytes: &Bytes, query: &str, on: bool) -> Result<Encoded, Error> {
    render_by(bytes, query, on, Scaled::Alike)
}

fn render_by(bytes: &Bytes, query: &str, on: bool, scaled: Scaled) -> Result<Encoded, Error> {
    ask_with(bytes, query, Accept::default(), &with_codecs(on, scaled))
}

/// The codec that takes an original.
pub fn codec(bytes: &Bytes) -> Option<Codec> {
    Source::open(bytes, &Settings::default().limits).ok()?.info.codec
}

/// What is different between the two ways, if anything is.
pub fn difference(bytes: &Bytes, codec: Codec, query: &str) -> Option<String> {
    difference_by(bytes, codec, query, Scaled::Alike)
}

fn difference_by(bytes: &Bytes, codec: Codec, query: &str, scaled: Scaled) -> Option<String> {
    match (render_by(bytes, query, true, scaled), render_by(bytes, query, false, scaled)) {
        (Ok(ours), Ok(theirs)) => {
            let (mut ours, mut theirs) = (Picture::decode(&ours.bytes), Picture::decode(&theirs.bytes));
            if scaled == Scaled::ByDefault {
                (ours, theirs) = (premultiplied(&ours), premultiplied(&theirs));
            }
            let found = ours.difference(&theirs);
            let (worst, mean) = tolerance(codec, scaled == Scaled::ByDefault);
            (found.worst > worst || found.mean > mean).then(|| format!("{found:?}"))
        }
        (Err(ours), Err(theirs)) if ours.kind() == theirs.kind() => None,
        (ours, theirs) => {
            let outcome = |result: Result<Encoded, Error>| {
                result.map_or_else(|error| format!("{:?}: {error}", error.kind()), |_| "a picture".into())
            };
            Some(format!("{}, expected {}", outcome(ours), outcome(theirs)))
        }
    }
}

/// An original, and what comes of it when it is truncated or damaged.
fn damaged(bytes: &Bytes) -> Vec<(&'static str, Bytes)> {
    let cut = |part: usize| bytes.slice(..bytes.len() * part / 8);
    let mut flipped = bytes.to_vec();
    if let Some(byte) = flipped.get_mut(bytes.len() * 5 / 8) {
        *byte ^= 0x55;
    }
    vec![("whole", bytes.clone()), ("half", cut(4)), ("most", cut(7)), ("damaged", flipped.into())]
}

/// Compares an original both ways; returns the codec that takes it.
fn compare(name: &str, bytes: &Bytes, failures: &mut Vec<String>) -> Option<Codec> {
    let taken = codec(bytes)?;
    failures.extend(compare_scaled(name, bytes, taken));
    for query in QUERIES {
        for (damage, bytes) in damaged(bytes) {
            let is_scaled = query != QUERIES[0];
            let is_scaled_alike = is_scaled && taken != Codec::LibjpegTurbo;
            let is_slow = damage != "whole" && (is_scaled || bytes.len() > LARGEST_DAMAGED);
            if is_scaled_alike || is_slow {
                continue;
            }
            if let Some(found) = codec(&bytes).and_then(|codec| difference(&bytes, codec, query)) {
                failures.push(format!("{name}, {damage}?{query} by {}: {found}", taken.name()));
            }
        }
    }
    Some(taken)
}

/// Compares what is scaled by default, whole and damaged, with what libvips does alone. Of other formats than JPEG only up to a factor
/// of 4, beyond which libvips averages blocks.
fn compare_scaled(name: &str, bytes: &Bytes, taken: Codec) -> Vec<String> {
    let queries = if taken == Codec::LibjpegTurbo { &QUERIES[1..] } else { &QUERIES[1..2] };
    let mut failures = Vec::new();
    for query in queries {
        for (damage, bytes) in damaged(bytes) {
            let is_slow = damage != "whole" && bytes.len() > LARGEST_DAMAGED;
            let found = codec(&bytes).filter(|_| !is_slow);
            let found = found.and_then(|codec| difference_by(&bytes, codec, query, Scaled::ByDefault));
            failures.extend(
                found.map(|found| format!("{name}, {damage}?{query} by {}, scaled: {found}", taken.name())),
            );
        }
    }
    failures
}

fn compare_folder(folder: &Path, failures: &mut Vec<String>) -> Vec<Codec> {
    let paths = files(folder);
    let one = |path: &PathBuf| {
        let bytes: Bytes = fs::read(path).unwrap().into();
        compare(&path.display().to_string(), &bytes, failures)
    };
    paths.iter().filter_map(one).collect()
}

/// Small samples in every format that a codec decodes.
fn converted() -> Vec<(String, Bytes)> {
    let small = ["china.jpg", "coffee.png", "pixmill-logo.png"];
    let queries =
        ["format=webp&width=301", "format=avif&width=301", "format=png&width=301", "format=jpeg&width=301"];
    let convert =
        |name: &str, query: &str| (format!("{name}?{query}"), ask(&sample(name), query).unwrap().bytes);
    small.iter().flat_map(|name| queries.iter().map(move |query| convert(name, query))).collect()
}

#[test]
fn samples_are_decoded_as_by_libvips() {
    crate::start();
    let mut failures = Vec::new();
    let mut taken = compare_folder(&samples(), &mut failures);
    for (name, bytes) in converted() {
        taken.extend(compare(&name, &bytes, &mut failures));
    }
    for codec in [Codec::Libwebp, Codec::Dav1d, Codec::Png, Codec::LibjpegTurbo] {
        assert!(taken.contains(&codec), "no sample is taken by {}", codec.name());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_corpora_are_decoded_as_by_libvips() {
    crate::start();
    let mut failures = Vec::new();
    for folder in CORPORA {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        if folder.is_dir() {
            let taken = compare_folder(&folder, &mut failures);
            println!("{}: {} originals are taken by a codec", folder.display(), taken.len());
        } else {
            eprintln!("skipped: no corpus beside the repository");
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_broken_alpha_channel_of_a_webp_is_found_as_by_libvips() {
    crate::start();
    let whole = ask(&sample("pixmill-logo.png"), "format=webp&width=120").unwrap().bytes;
    let at = whole.windows(4).position(|name| name == b"ALPH").unwrap();
    // methods of compression and of preparation that are reserved, and the reserved bits (RFC 9649, 2.7.1.2)
    for header in [2, 3, 0x20, 0x30, 0x40, 0x80] {
        let mut bytes = whole.to_vec();
        bytes[at + 8] = header;
        let bytes = Bytes::from(bytes);
        for query in ["format=png", "format=png&width=30"] {
            let kind = |on| render(&bytes, query, on).map_err(|error| error.kind()).err();
            assert_eq!(kind(true), kind(false), "{header:#x} {query}");
            assert_ne!(kind(true), Some(ErrorKind::OutOfMemory), "{header:#x} {query}");
        }
    }
}

/// Places of an original that are damaged, one at a time.
const PLACES: usize = 24;

#[test]
fn damage_of_avif_is_found_as_by_libvips() {
    crate::start();
    let whole = ask(&sample("coffee.png"), "format=avif&width=120").unwrap().bytes;
    assert_eq!(codec(&whole), Some(Codec::Dav1d));
    let mut failures = Vec::new();
    for place in 0..PLACES {
        // behind the headers
        let at = whole.len() / 3 + place * whole.len() / (2 * PLACES);
        let mut bytes = whole.to_vec();
        bytes[at] ^= 1 << (place % 8);
        failures.extend(difference(&bytes.into(), Codec::Dav1d, "format=png"));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
