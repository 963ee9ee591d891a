//! Containers and pages: which image of a file is decoded, and which properties the output states.

use bytes::Bytes;
use image_api::{Accept, Settings, settings};
use testkit::{Picture, sample};
use vips_ops::{
    ErrorKind, Source,
    cost::header,
    source::{
        Profile, SourceFormat, SourceInfo,
        sniff::{UnsupportedFormat, sniff},
    },
    vips::{
        Access, BandFormat, Image, Interpretation, Keep, Loader, Operation, Palette, PngRows, ops::Kernel,
    },
};

use crate::{ask, ask_with, picture, start};

fn tiff(image: &Image, set: impl FnOnce(Operation) -> Operation) -> Bytes {
    set(Operation::new(c"tiffsave_buffer").image(c"in", image)).build().unwrap().bytes(c"buffer").unwrap()
}

fn photo() -> Image {
    start();
    let image = Image::load(&sample("china.jpg"), &Loader::Jpeg { shrink: 1 }, Access::Random).unwrap();
    image.resize(240.0 / f64::from(image.width()), 240.0 / f64::from(image.width()), Kernel::Linear).unwrap()
}

/// Distance between two outputs, in 8-bit levels.
#[track_caller]
fn check(found: &Picture, expected: &Picture, tolerance: f64) {
    let difference = found.difference(expected);
    assert!(difference.mean <= tolerance, "{difference:?}");
}

#[test]
fn unmarked_pages_are_not_reduced_copies() {
    let first = photo();
    // libvips' saver joins pages of one height; these two differ in height
    let second = first.linear(&[-1.0], &[255.0]).unwrap().cast(BandFormat::Uchar).unwrap();
    let half = second.resize(0.5, 0.5, Kernel::Linear).unwrap();
    let joined = chained(&tiff(&first, |saver| saver), &tiff(&half, |saver| saver));
    let source = Source::open(&joined, &Settings::default().limits).unwrap();
    assert_eq!(source.info.thumbnails, []);
    for width in [240, 120, 119, 60, 17, 1] {
        let query = format!("width={width}&format=png");
        check(&picture(&joined, &query), &picture(&tiff(&first, |saver| saver), &query), 0.0);
    }
}

/// Concatenates two little-endian TIFFs as two pages: offsets of the second grow by the length of the first.
fn chained(first: &Bytes, second: &Bytes) -> Bytes {
    let long = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let short = |bytes: &[u8], at: usize| u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap());
    let mut head = first.to_vec();
    if head.len() % 2 == 1 {
        head.push(0);
    }
    let shift = head.len() as u32;
    let mut tail = second.to_vec();
    let add = |bytes: &mut [u8], at: usize| {
        let moved = (long(bytes, at) + shift).to_le_bytes();
        bytes[at..at + 4].copy_from_slice(&moved);
    };
    let directory = long(&tail, 4) as usize;
    for entry in (0..usize::from(short(&tail, directory))).map(|index| directory + 2 + index * 12) {
        let (tag, kind, count) =
            (short(&tail, entry), short(&tail, entry + 2), long(&tail, entry + 4) as usize);
        let bytes = count * [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8][usize::from(kind)];
        if tag == 273 {
            // offsets of strips
            let places: Vec<usize> = if bytes > 4 {
                (0..count).map(|index| long(&tail, entry + 8) as usize + 4 * index).collect()
            } else {
                vec![entry + 8]
            };
            for at in places {
                add(&mut tail, at);
            }
        }
        if bytes > 4 {
            add(&mut tail, entry + 8);
        }
    }
    let end = long(&head, 4) as usize;
    let end = end + 2 + usize::from(short(&head, end)) * 12;
    let next = (directory as u32 + shift).to_le_bytes();
    head[end..end + 4].copy_from_slice(&next);
    [head, tail].concat().into()
}

#[test]
fn bigtiff_is_decoded() {
    let image = photo();
    let big = tiff(&image, |saver| saver.bool(c"bigtiff", true));
    assert_eq!(big[2], 43);
    assert_eq!(sniff(&big), Some(SourceFormat::Tiff));
    for query in ["format=png", "format=png&width=100"] {
        check(&picture(&big, query), &picture(&tiff(&image, |saver| saver), query), 0.0);
    }
    let pyramid = tiff(&image, |saver| {
        saver.bool(c"bigtiff", true).bool(c"tile", true).bool(c"pyramid", true).int(c"tile-width", 64)
    });
    let source = Source::open(&pyramid, &Settings::default().limits).unwrap();
    assert!(!source.info.thumbnails.is_empty());
}

#[test]
fn every_sample_format_is_decoded() {
    let image = photo();
    let expected = picture(&tiff(&image, |saver| saver), "format=png");
    // the highest level of the photograph is 255
    for (format, white, offset) in [
        (BandFormat::Float, 1.0, 0.0),
        (BandFormat::Float, 255.0, 0.0),
        (BandFormat::Float, 65_535.0, 0.0),
        (BandFormat::Float, 0.003, 0.0),
        (BandFormat::Float, 40_000.0, -20_000.0),
        (BandFormat::Uint, 4_294_967_295.0, 0.0),
        (BandFormat::Uint, 255.0, 0.0),
        (BandFormat::Uint, 65_535.0, 0.0),
        (BandFormat::Uint, 240_000.0, 0.0),
        (BandFormat::Int, 2_147_483_647.0, 0.0),
        (BandFormat::Int, 4095.0, -2000.0),
        (BandFormat::Short, 32_767.0, 0.0),
        (BandFormat::Short, 65_535.0, -32_768.0),
        (BandFormat::Short, 4095.0, 0.0),
    ] {
        for bands in [3, 1] {
            let image = if bands == 1 { image.extract_bands(1, 1).unwrap() } else { image.clone() };
            let stored = image.linear(&[white / 255.0], &[offset]).unwrap().cast(format).unwrap();
            let kind = if bands == 1 { Interpretation::Grey } else { Interpretation::Srgb };
            let file = tiff(&stored.interpret(kind).unwrap(), |saver| saver);
            let expected = match bands {
                1 => picture(&tiff(&image, |saver| saver), "format=png"),
                _ => expected.clone(),
            };
            let answer = picture(&file, "format=png");
            let difference = answer.difference(&expected);
            assert!(difference.mean < 2.5, "{format:?} {white} {offset} {bands}: {difference:?}");
            assert_eq!(picture(&file, "width=50&format=jpeg&flatten").width, 50);
        }
    }
}

#[test]
fn samples_that_cannot_be_displayed_are_refused() {
    start();
    let level = |bits: u32| f64::from(f32::from_bits(bits));
    let grey = Image::from_pixels(&[90; 64], 8, 8, 1).unwrap();
    for number in [f64::NAN, f64::INFINITY, level(0xff7f_ffff)] {
        let float = grey.linear(&[0.0], &[number]).unwrap().cast(BandFormat::Float).unwrap();
        let error = ask(&tiff(&float, |saver| saver), "format=png").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{number}: {error}");
    }
    for format in [BandFormat::Double, BandFormat::Other(6)] {
        let wide = grey.cast(format).unwrap();
        // libvips' saver may store them as a narrower type, which is supported
        let file = tiff(&wide, |saver| saver);
        let kind = ask(&file, "format=png").map_err(|error| error.kind()).err();
        assert!(matches!(kind, None | Some(ErrorKind::Unsupported)), "{kind:?}");
    }
}

const PREMULTIPLIED: &[u8] = include_bytes!("pictures/avif-alpha-premul.avif");
const HEIC: &[u8] = include_bytes!("pictures/heic-mif1.heic");
const ICON: &[u8] = include_bytes!("pictures/ico-32.ico");
const ULTRA_HDR: &[u8] = include_bytes!("pictures/ultrahdr.jpg");

#[test]
fn premultiplied_colours_are_divided_by_alpha() {
    let file = Bytes::from_static(PREMULTIPLIED);
    let answer = picture(&file, "format=png");
    let plain = Image::load(&file, &Loader::Heif { thumbnail: false }, Access::Random).unwrap();
    let stored = Picture::of(&plain);
    for (x, y) in [(120, 80), (60, 40), (200, 120), (30, 140)] {
        let ([red, _, _, alpha], [multiplied, ..]) = (answer.at(x, y), stored.at(x, y));
        let expected = (f64::from(multiplied) * 255.0 / f64::from(alpha)).min(255.0);
        assert!((f64::from(red) - expected).abs() <= 1.0, "{x} {y}: {red} for {expected}");
    }
    // opaque pixels stay opaque, and scaling does not change the result
    let small = picture(&file, "width=60&format=png&flatten");
    let large = picture(&ask(&file, "format=png").unwrap().bytes, "width=60&format=png&flatten");
    check(&small, &large, 1.5);
}

#[test]
fn hevc_is_refused_under_every_brand() {
    let error = ask(&Bytes::from_static(HEIC), "width=30").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("HEIC"), "{error}");
    assert_eq!(UnsupportedFormat::of(HEIC), UnsupportedFormat::Heic);
}

#[test]
fn an_icon_keeps_its_alpha() {
    start();
    let answer = picture(&Bytes::from_static(ICON), "format=png");
    // rows from the bottom up, as blue, green, red, alpha
    let (side, data) = (48u32, &ICON[22 + 40..]);
    for (x, y) in (0..side).flat_map(|x| (0..side).map(move |y| (x, y))) {
        let at = (((side - 1 - y) * side + x) * 4) as usize;
        let [blue, green, red, alpha] = data[at..at + 4] else { unreachable!() };
        assert_eq!(answer.at(x, y)[3], alpha, "{x} {y}");
        assert!(alpha == 0 || answer.at(x, y) == [red, green, blue, alpha], "{x} {y}");
    }
}

#[test]
fn an_icon_without_alpha_uses_its_mask() {
    // 2 × 1 pixels of 32 bits whose alpha is 0; the mask hides the second pixel
    let mut icon = b"\0\0\x01\0\x01\0\x02\x01\0\0\x01\0\x20\0\x34\0\0\0\x16\0\0\0".to_vec();
    icon.extend(b"\x28\0\0\0\x02\0\0\0\x02\0\0\0\x01\0\x20\0");
    icon.extend([0; 24]);
    icon.extend(b"\x03\x02\x01\0\x06\x05\x04\0");
    icon.extend(b"\x40\0\0\0");
    let answer = picture(&icon.into(), "format=png");
    assert_eq!((answer.at(0, 0), answer.at(1, 0)[3]), ([1, 2, 3, 255], 0));
}

#[test]
fn every_png_type_in_an_icon_is_decoded() {
    let image = photo().resize(0.1, 0.1, Kernel::Linear).unwrap();
    for palette in [Palette::Direct, Palette::Indexed { bits: 8 }] {
        let png = image.save_png(6, PngRows::Plain, palette, Keep::Nothing).unwrap();
        let mut icon = b"\0\0\x01\0\x01\0".to_vec();
        icon.extend([image.width() as u8, image.height() as u8, 0, 0, 0, 0, 0, 0]);
        icon.extend((png.len() as u32).to_le_bytes());
        icon.extend(22u32.to_le_bytes());
        icon.extend(&png);
        for query in ["format=png", "width=10&format=png", "rotate=90&format=png"] {
            check(&picture(&icon.clone().into(), query), &picture(&png, query), 3.0);
        }
    }
}

#[test]
fn a_still_gif_does_not_loop_and_an_animation_does() {
    let loops = |bytes: &Bytes| bytes.windows(11).any(|part| part == b"NETSCAPE2.0");
    for name in ["china.jpg", "pixmill-logo.png"] {
        assert!(!loops(&ask(&sample(name), "format=gif&width=60").unwrap().bytes), "{name}");
    }
    let moving = sample("mill.gif");
    assert!(loops(&ask(&moving, "width=40").unwrap().bytes));
    let settings = Settings {
        animation: settings::Animation { over_budget: settings::OverBudget::FirstFrame },
        limits: settings::Limits { max_frames: 1, ..Default::default() },
        ..Default::default()
    };
    let still = ask_with(&moving, "width=40", Accept::default(), &settings).unwrap().bytes;
    assert_eq!(sniff(&still), Some(SourceFormat::Gif));
    assert!(!loops(&still), "the first frame alone");
}

#[test]
fn re_encoded_images_have_no_gain_map_metadata() {
    let file = Bytes::from_static(ULTRA_HDR);
    for query in
        ["width=100", "quality=60&sharp_amount=1", "format=webp", "format=png", "format=avif", "rotate=90"]
    {
        let answer = ask(&file, query).unwrap().bytes;
        for claim in ["hdrgm", "hdr-gain-map", "GainMap", "MPF\0", "urn:iso:std:iso:ts:21496"] {
            let has = answer.windows(claim.len()).any(|part| part == claim.as_bytes());
            assert!(!has, "{query}: {claim}");
        }
    }
    // a passthrough returns the whole file
    let kept = ask(&file, "quality=100").unwrap().bytes;
    let claims = kept.windows(5).any(|part| part == b"hdrgm");
    assert_eq!(claims, kept == file);
}

#[test]
fn header_scans_agree_with_decoders() {
    let image = photo();
    let small = image.resize(0.1, 0.1, Kernel::Linear).unwrap();
    let png = small.save_png(6, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    let mut icon = b"\0\0\x01\0\x01\0\x18\x10\0\0\0\0\0\0".to_vec();
    icon.extend((png.len() as u32).to_le_bytes());
    icon.extend([&22u32.to_le_bytes(), png.as_ref()].concat());
    let float = image.linear(&[1.0 / 255.0], &[0.0]).unwrap().cast(BandFormat::Float).unwrap();
    for file in [
        tiff(&image, |saver| saver.bool(c"bigtiff", true)),
        tiff(&float, |saver| saver),
        Bytes::from_static(PREMULTIPLIED),
        Bytes::from_static(ICON),
        Bytes::from_static(include_bytes!("pictures/patches-pq.avif")),
        Bytes::from_static(ULTRA_HDR),
        icon.into(),
    ] {
        let source = Source::open(&file, &Settings::default().limits).unwrap();
        let header = header::scan(&file).unwrap();
        assert!(!header.is_guess, "{:?}", source.info);
        assert_eq!(header.info.stored, source.info.stored, "{:?}", source.info);
        // an unidentified profile counts as the more expensive case
        let foreign = |info: &SourceInfo| info.profile == Profile::Foreign;
        assert!(foreign(&header.info) || !foreign(&source.info), "{:?}", source.info);
        assert!(header.info.alpha || !source.info.alpha, "{:?}", source.info);
    }
}
