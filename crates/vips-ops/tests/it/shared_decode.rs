//! One decode, many outputs: a render gives the same bytes whether it decodes for itself, for others, or uses what another one
//! decoded.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use image_api::{Accept, Params, Settings};
use testkit::sample;
use vips_ops::{
    Assets, Error,
    error::Result,
    process,
    source::{DecodedPixels, PixelStore, Provider, Sharing},
    vips::Deadline,
};

use crate::{ask, start};

/// The widths of a page, for originals of some 400 px.
const WIDTHS: [u32; 8] = [32, 48, 64, 96, 120, 160, 200, 320];

/// A provider that remembers.
#[derive(Default)]
struct Recorder {
    is_full: bool,
    is_taken: AtomicBool,
    published: Mutex<Vec<Option<DecodedPixels>>>,
}

/// A store that breaks off.
struct Full;

impl io::Write for Full {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl PixelStore for Full {
    fn finish(self: Box<Self>) -> io::Result<Bytes> {
        Err(io::ErrorKind::StorageFull.into())
    }
}

impl Provider for Recorder {
    fn store(&self, bytes: usize) -> Option<Box<dyn PixelStore>> {
        assert!(bytes > 0);
        if self.is_taken.swap(true, Relaxed) {
            return None;
        }
        if self.is_full { Some(Box::new(Full)) } else { Some(Box::new(Vec::with_capacity(bytes))) }
    }

    fn publish(&self, decoded: Option<&DecodedPixels>) {
        self.published.lock().unwrap().push(decoded.cloned());
    }
}

fn rendered(original: &Bytes, query: &str, sharing: Sharing, deadline: &Deadline) -> Result<Bytes> {
    start();
    let params = Params::parse(query).unwrap().params;
    let mut assets = Assets::default();
    assets.sharing = sharing;
    let settings = Settings::default();
    let encoded = process(&params, original, &assets, Accept::default(), &settings, deadline, &mut |_| ())?;
    Ok(encoded.bytes)
}

/// Renders as a provider. Returns what was published first, too.
fn provided(original: &Bytes, query: &str) -> (Result<Bytes>, Option<DecodedPixels>) {
    let recorder = Arc::new(Recorder::default());
    let result = rendered(original, query, Sharing::Provide(recorder.clone()), &Deadline::never());
    let first = recorder.published.lock().unwrap().first().unwrap_or_else(|| panic!("{query}")).clone();
    (result, first)
}

fn alone(original: &Bytes, query: &str) -> Bytes {
    ask(original, query).unwrap().bytes
}

/// An original in each format that a codec decodes: with a profile, an orientation, alpha, 16 bits.
fn originals() -> Vec<(&'static str, Bytes)> {
    let china = sample("china.jpg");
    let mut originals = vec![
        ("jpeg", china.clone()),
        ("jpeg with orientation", sample("astronaut-gps-orient6.jpg")),
        ("jpeg with profile", sample("flower-p3.jpg")),
        ("png with alpha", sample("pixmill-logo.png")),
        ("png", sample("chelsea.png")),
    ];
    for (name, query) in [
        ("webp", "format=webp"),
        ("avif", "format=avif"),
        ("grey jpeg", "width=333&saturation=-100"),
        ("webp with alpha", "format=webp&width=300&crop=pad&height=300&background=00000000"),
    ] {
        originals.push((name, alone(&china, query)));
    }
    originals
}

#[test]
fn outputs_do_not_depend_on_sharing() {
    for (name, original) in originals() {
        let mut shared: Vec<DecodedPixels> = Vec::new();
        for width in WIDTHS {
            for format in ["", "&format=webp", "&format=jpeg&height=40&crop=fit"] {
                let query = format!("width={width}{format}");
                let expected = alone(&original, &query);
                let (bytes, decoded) = provided(&original, &query);
                assert!(bytes.unwrap() == expected, "{name} {query}: provided");
                shared.push(decoded.unwrap_or_else(|| panic!("{name} {query} provides nothing")));
            }
        }
        shared.dedup_by_key(|decoded| decoded.step);
        let is_scaled = name.contains("jpeg");
        assert_eq!(shared.len() > 1, is_scaled, "{name}: only a JPEG is scaled by its decoder");
        for width in WIDTHS {
            let query = format!("width={width}&format=png");
            let expected = alone(&original, &query);
            // pixels of another divisor are not used
            for decoded in &shared {
                let sharing = Sharing::Reuse(decoded.clone());
                let bytes = rendered(&original, &query, sharing, &Deadline::never()).unwrap();
                assert!(bytes == expected, "{name} {query}: reused {:?}", decoded.step);
            }
        }
    }
}

#[test]
fn shared_pixels_are_used() {
    let original = sample("chelsea.png");
    let (_, decoded) = provided(&original, "width=40");
    let decoded = decoded.unwrap();
    let grey = DecodedPixels { rows: vec![128; decoded.rows.len()].into(), ..decoded.clone() };
    let bytes = rendered(&original, "width=40", Sharing::Reuse(grey), &Deadline::never()).unwrap();
    assert!(bytes != alone(&original, "width=40"));
    let short = DecodedPixels { rows: decoded.rows.slice(1..), ..decoded };
    let bytes = rendered(&original, "width=40", Sharing::Reuse(short), &Deadline::never()).unwrap();
    assert!(bytes == alone(&original, "width=40"), "too few pixels are not used");
}

#[test]
fn what_no_codec_decodes_is_not_shared() {
    for name in ["mill.gif", "mill.webp", "pixmill-logo.svg", "gradient-16bit.png"] {
        let original = sample(name);
        let (bytes, decoded) = provided(&original, "width=40&format=png");
        assert!(decoded.is_none() && bytes.unwrap() == alone(&original, "width=40&format=png"), "{name}");
    }
}

#[test]
fn without_memory_nothing_is_shared() {
    let original = sample("chelsea.png");
    let recorder = Arc::new(Recorder { is_full: true, ..Recorder::default() });
    let sharing = Sharing::Provide(recorder.clone());
    let bytes = rendered(&original, "width=40", sharing, &Deadline::never()).unwrap();
    assert!(bytes == alone(&original, "width=40"));
    assert!(recorder.published.lock().unwrap().iter().all(Option::is_none));
}

#[test]
fn a_broken_original_fails_as_without_sharing() {
    let kind = |result: Result<Bytes>| result.map_err(|error| error.kind()).err();
    for (name, original) in originals() {
        for length in [original.len() / 2, original.len() - original.len() / 8] {
            let cut = original.slice(..length);
            for query in ["width=40", "width=300&format=webp"] {
                let expected = kind(ask(&cut, query).map(|encoded| encoded.bytes));
                let recorder = Arc::new(Recorder::default());
                let found = rendered(&cut, query, Sharing::Provide(recorder.clone()), &Deadline::never());
                assert_eq!(kind(found), expected, "{name} {query} {length}");
                let published = recorder.published.lock().unwrap();
                let is_shared = published.first().is_some_and(Option::is_some);
                assert_eq!(is_shared, expected.is_none(), "{name} {query} {length}");
            }
        }
    }
}

#[test]
fn a_decode_ends_at_the_deadline() {
    let recorder = Arc::new(Recorder::default());
    let deadline = Deadline::never();
    deadline.cancel();
    let ended = rendered(&sample("chelsea.png"), "width=40", Sharing::Provide(recorder.clone()), &deadline);
    assert!(matches!(ended, Err(Error::Deadline)));
    assert!(matches!(recorder.published.lock().unwrap()[..], [None]));
}
