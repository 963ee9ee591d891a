//! Cropped, rotated and mirrored AVIF through dav1d against libvips: files whose boxes are inserted here.

use bytes::Bytes;
use image_api::source::Codec;
use testkit::{Picture, sample};
use vips_ops::vips::{Access, BandFormat, Image, Interpretation, Loader, Operation, ops::Kernel};

use crate::{
    codecs::{codec, render},
    start,
};

/// How a file is encoded.
#[derive(Debug, Clone, Copy)]
struct Kind {
    name: &'static str,
    bits: i32,
    /// Whether chroma has half the resolution.
    halved: bool,
    width: u32,
}

/// Both depths, chroma layouts, sides that are even and odd, with and without alpha.
const KINDS: [Kind; 6] = [
    Kind { name: "china.jpg", bits: 8, halved: false, width: 90 },
    Kind { name: "china.jpg", bits: 8, halved: true, width: 91 },
    Kind { name: "china.jpg", bits: 10, halved: false, width: 91 },
    Kind { name: "china.jpg", bits: 10, halved: true, width: 90 },
    Kind { name: "pixmill-logo.png", bits: 8, halved: false, width: 77 },
    Kind { name: "pixmill-logo.png", bits: 10, halved: false, width: 78 },
];

/// The effort of the encoder: its fastest.
const EFFORT: i32 = 0;

fn encoded(kind: Kind) -> Bytes {
    start();
    let loader = if kind.name.ends_with("png") { Loader::Png } else { Loader::Jpeg { shrink: 1 } };
    let image = Image::load(&sample(kind.name), &loader, Access::Random).unwrap();
    let scale = f64::from(kind.width) / f64::from(image.width());
    let image = image.resize(scale, scale, Kernel::Linear).unwrap().cast(BandFormat::Uchar).unwrap();
    let image = if kind.bits > 8 { image.colourspace(Interpretation::Rgb16).unwrap() } else { image };
    let saver = Operation::new(c"heifsave_buffer").image(c"in", &image).int(c"compression", 4);
    let saver = saver.int(c"bitdepth", kind.bits).int(c"effort", EFFORT).int(c"Q", 90);
    // 1: chroma at half the resolution, 2: at full
    let saver = saver.int(c"subsample_mode", if kind.halved { 1 } else { 2 });
    saver.build().unwrap().bytes(c"buffer").unwrap()
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32 + 8).to_be_bytes()[..], &kind, body].concat()
}

/// The boxes of one level: types and bodies.
fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    while let Some(length) = bytes.first_chunk() {
        let (whole, rest) = bytes.split_at(u32::from_be_bytes(*length) as usize);
        found.push((whole[4..8].try_into().unwrap(), &whole[8..]));
        bytes = rest;
    }
    found
}

/// The file with more properties of its image and of its alpha plane, which apply in this order.
fn with_properties(file: &Bytes, added: &[Vec<u8>]) -> Bytes {
    let mut parts = boxes(file);
    let meta = parts.iter().position(|(kind, _)| kind == b"meta").unwrap();
    let body = parts[meta].1;
    // as many bytes more as the data of items moves
    let longer = rebuilt(body, added, 0).len() - body.len();
    let changed = rebuilt(body, added, longer as u32);
    parts[meta].1 = &changed;
    parts.iter().flat_map(|(kind, body)| boxed(*kind, body)).collect::<Vec<_>>().into()
}

fn rebuilt(meta: &[u8], added: &[Vec<u8>], moved: u32) -> Vec<u8> {
    let part = |(kind, body): ([u8; 4], &[u8])| match &kind {
        b"iprp" => {
            let inner = boxes(body).into_iter().flat_map(|(kind, body)| match &kind {
                b"ipco" => boxed(kind, &[body, &added.concat()].concat()),
                b"ipma" => boxed(kind, &associated(body, boxes_in_ipco(meta), added.len())),
                _ => boxed(kind, body),
            });
            boxed(kind, &inner.collect::<Vec<_>>())
        }
        b"iloc" => boxed(kind, &relocated(body, moved)),
        _ => boxed(kind, body),
    };
    [meta[..4].to_vec(), boxes(&meta[4..]).into_iter().flat_map(part).collect()].concat()
}

fn boxes_in_ipco(meta: &[u8]) -> usize {
    let find = |level: &[([u8; 4], &[u8])], kind: &[u8; 4]| {
        let found = level.iter().find(|(found, _)| found == kind).unwrap();
        boxes(found.1).len()
    };
    let iprp = boxes(&meta[4..]).into_iter().find(|(kind, _)| kind == b"iprp").unwrap().1;
    find(&boxes(iprp), b"ipco")
}

/// An `ipma` (version 0, indices of 7 bits) in which every item has the properties behind the first `known`.
fn associated(body: &[u8], known: usize, added: usize) -> Vec<u8> {
    assert_eq!(body[..4], [0; 4], "the version and the flags");
    let mut out = body[..8].to_vec();
    let mut at = 8;
    while at < body.len() {
        let count = body[at + 2] as usize;
        let own = &body[at + 3..at + 3 + count];
        out.extend([body[at], body[at + 1], (count + added) as u8]);
        out.extend_from_slice(own);
        // the highest bit: essential
        out.extend((known + 1..=known + added).map(|index| index as u8 | 0x80));
        at += 3 + count;
    }
    out
}

/// An `iloc` (version 0, as libheif writes it: items with a base and offsets of 4 bytes) of data in the file that is moved.
fn relocated(body: &[u8], moved: u32) -> Vec<u8> {
    assert_eq!(body[..6], [0, 0, 0, 0, 0x44, 0x40], "the version, and the widths of fields");
    let mut out = body.to_vec();
    let mut at = 8;
    while at < out.len() {
        // after the item and the reference to a file: its base
        let base = u32::from_be_bytes(out[at + 4..at + 8].try_into().unwrap()) + moved;
        out[at + 4..at + 8].copy_from_slice(&base.to_be_bytes());
        let extents = u16::from_be_bytes([out[at + 8], out[at + 9]]) as usize;
        at += 10 + 8 * extents;
    }
    out
}

fn irot(turns: u8) -> Vec<u8> {
    boxed(*b"irot", &[turns])
}

fn imir(axis: u8) -> Vec<u8> {
    boxed(*b"imir", &[axis])
}

/// A clean aperture: width, height, and the offsets of its centre as fractions.
fn clap(width: i32, height: i32, left: (i32, i32), top: (i32, i32)) -> Vec<u8> {
    let numbers = [width, 1, height, 1, left.0, left.1, top.0, top.1];
    boxed(*b"clap", &numbers.into_iter().flat_map(i32::to_be_bytes).collect::<Vec<_>>())
}

/// A property applied to pixels.
fn applied(picture: &Picture, property: &[u8]) -> Picture {
    let (kind, body) = boxes(property)[0];
    let number = |at: usize| i32::from_be_bytes(body[4 * at..4 * at + 4].try_into().unwrap());
    // how far the start is from the one of a centred part, which may lie between two pixels
    let start = |side: u32, at: usize, offset: usize| {
        let shift = f64::from(number(offset)) / f64::from(number(offset + 1));
        shift + f64::from(side as i32 - number(at)) / 2.0
    };
    let Picture { width, height, .. } = *picture;
    let made = |width: u32, height: u32, from: &dyn Fn(u32, u32) -> (u32, u32)| {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let rgba = pixels.map(|(x, y)| from(x, y)).flat_map(|(x, y)| picture.at(x, y)).collect();
        Picture { width, height, frames: 1, rgba }
    };
    match (&kind, body[0]) {
        (b"irot", turns) => (0..turns).fold(picture.clone(), |picture, _| {
            let last = picture.width - 1;
            let turned = |x: u32, y: u32| picture.at(last - y, x);
            let pixels = (0..picture.width).flat_map(|y| (0..picture.height).map(move |x| (x, y)));
            let rgba = pixels.flat_map(|(x, y)| turned(x, y)).collect();
            Picture { width: picture.height, height: picture.width, frames: 1, rgba }
        }),
        (b"imir", 1) => made(width, height, &|x, y| (width - 1 - x, y)),
        (b"imir", _) => made(width, height, &|x, y| (x, height - 1 - y)),
        _ => {
            let left = start(width, 0, 4).floor() as u32;
            let top = (start(height, 2, 6) + 0.5).floor() as u32;
            made(number(0) as u32, number(2) as u32, &|x, y| (left + x, top + y))
        }
    }
}

/// Checks that what is decoded with properties is the whole image with them applied, and is what libvips makes of it.
fn check(kind: Kind, file: &Bytes, added: &[Vec<u8>]) {
    let what = format!("{kind:?} {added:?}");
    let decoded = |file: &Bytes, on: bool| {
        let rendered = render(file, "format=png", on).unwrap_or_else(|error| panic!("{what}: {error}"));
        Picture::decode(&rendered.bytes)
    };
    let changed = with_properties(file, added);
    assert_eq!(codec(&changed), Some(Codec::Dav1d), "{what}");
    let ours = decoded(&changed, true);
    let expected = added.iter().fold(decoded(file, true), |picture, property| applied(&picture, property));
    assert_eq!(ours.difference(&expected).worst, 0, "{what}");
    // chroma at full resolution differs by rounding alone; libheif repeats its samples at half the resolution, and moves
    // them by a pixel where it mirrors or cuts between two that share one
    let (worst, mean) = if kind.halved { (96, 2.0) } else { (2, 1.0) };
    let found = ours.difference(&decoded(&changed, false));
    assert!(found.worst <= worst && found.mean <= mean, "{what}: {found:?}");
}

#[test]
fn every_orientation_is_that_of_libvips() {
    for kind in KINDS {
        let file = encoded(kind);
        for turns in 0..4 {
            check(kind, &file, &[irot(turns)]);
            for axis in 0..2 {
                check(kind, &file, &[irot(turns), imir(axis)]);
                check(kind, &file, &[imir(axis), irot(turns)]);
            }
        }
    }
}

#[test]
fn apertures_are_those_of_libvips() {
    for kind in KINDS {
        let file = encoded(kind);
        for (left, top) in
            [((0, 1), (0, 1)), ((7, 1), (-5, 1)), ((-8, 1), (3, 2)), ((-9, 2), (6, 1)), ((1, 3), (-2, 3))]
        {
            for (width, height) in [(40, 30), (41, 30), (41, 31), (28, 23)] {
                check(kind, &file, &[clap(width, height, left, top)]);
            }
            check(kind, &file, &[clap(40, 31, left, top), irot(1), imir(1)]);
            check(kind, &file, &[irot(3), clap(31, 40, left, top)]);
            check(kind, &file, &[imir(0), irot(2), clap(31, 30, left, top), irot(3)]);
        }
    }
}

#[test]
fn an_aperture_outside_of_the_image_is_left_to_libvips() {
    let file = encoded(KINDS[0]);
    for outside in
        [clap(91, 30, (0, 1), (0, 1)), clap(40, 30, (60, 1), (0, 1)), clap(40, 30, (0, 1), (-90, 1))]
    {
        let file = with_properties(&file, &[outside]);
        assert_eq!(codec(&file), None);
        let outcomes = [true, false].map(|on| render(&file, "format=png", on).map_err(|error| error.kind()));
        let [ours, theirs] = outcomes.map(|outcome| outcome.map(|encoded| encoded.bytes));
        assert_eq!(ours, theirs);
    }
}

#[test]
fn an_alpha_plane_that_is_turned_otherwise_is_left_to_libvips() {
    let kind = KINDS[4];
    let file = encoded(kind);
    let whole = with_properties(&file, &[irot(1)]);
    assert_eq!(codec(&whole), Some(Codec::Dav1d));
    let mut turned = whole.to_vec();
    // the last association of the last item, which is the alpha plane: a property that it has already
    let at = turned.windows(4).position(|name| name == b"ipma").unwrap();
    let length = u32::from_be_bytes(turned[at - 4..at].try_into().unwrap()) as usize;
    let last = at - 4 + length - 1;
    turned[last] = turned[last - 1];
    assert_eq!(codec(&turned.into()), None);
}
