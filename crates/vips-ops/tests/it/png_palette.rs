//! PNG with few colours: processed in truecolour, and written with a palette if that is lossless.

use bytes::Bytes;
use flate2::Crc;
use image_api::source::Codec;
use testkit::{Picture, sample};
use vips_ops::vips::{Access, BandFormat, Image, Interpretation, Keep, Loader, Palette, PngRows};

use crate::{
    ask,
    codecs::{codec, difference},
    picture, picture_scaled_by_libvips, start,
};

/// Bit depth and colour type of a PNG (11.2.2).
fn stored(png: &Bytes) -> (u8, u8) {
    (png[24], png[25])
}

fn open(png: &Bytes) -> Image {
    Image::load(png, &Loader::Png, Access::Random).unwrap()
}

/// An indexed-colour image of `bits` bits per pixel, and the same pixels in truecolour.
fn both(image: &Image, bits: u8) -> (Bytes, Bytes) {
    let indexed = image.save_png(6, PngRows::Plain, Palette::Indexed { bits }, Keep::Nothing).unwrap();
    assert_eq!(stored(&indexed), (bits, 3));
    let direct = open(&indexed).save_png(6, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    (indexed, direct)
}

/// As [`both`], in greyscale.
fn grey(bits: u8) -> (Bytes, Bytes) {
    let most = u8::MAX >> (8 - bits);
    let levels: Vec<u8> = (0..120u32 * 90).map(|at| ((at % 120) * (at / 120) / 40) as u8 & most).collect();
    let indexed =
        Image::from_pixels(&levels, 120, 90, 1).unwrap().save_png_bits(6, PngRows::Plain, bits).unwrap();
    let spread: Vec<u8> = levels.iter().map(|level| level * (u8::MAX / most)).collect();
    let image = Image::from_pixels(&spread, 120, 90, 1).unwrap().interpret(Interpretation::Grey).unwrap();
    (indexed, image.save_png(6, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap())
}

fn icon() -> Image {
    let logo = open(&ask(&sample("pixmill-logo.png"), "width=150&format=png").unwrap().bytes);
    assert!(logo.has_alpha());
    logo
}

const QUERIES: [&str; 14] = [
    "",
    "width=47",
    "width=200",
    "width=50&height=50&crop=stretch&interlace=true",
    "rotate=10",
    "rotate=10&pad_color=0000",
    "rotate=90",
    "flip=true",
    "blur=2",
    "filter=sepia",
    "pad=3&pad_color=f80",
    "flatten=true&pad_color=0f0",
    "strip_exif=true&width=33",
    "crop=5,6,30,20",
];

fn check(name: &str, indexed: &Bytes, direct: &Bytes) {
    for query in QUERIES {
        let query = format!("{query}&format=png");
        let (found, expected) = (picture(indexed, &query), picture(direct, &query));
        let [alone, direct] = [indexed, direct].map(|png| picture_scaled_by_libvips(png, &query));
        assert!(alone == direct, "{name} {query}: {:?}", alone.difference(&direct));
        assert!(found == expected, "{name} {query}: {:?}", found.difference(&expected));
    }
}

#[test]
fn they_are_processed_in_truecolour() {
    start();
    let clear = icon();
    let opaque = clear.flatten(&[255.0; 3], 255.0).unwrap().cast(BandFormat::Uchar).unwrap();
    for bits in [1, 2, 4, 8] {
        for (name, image) in [("opaque", &opaque), ("clear", &clear)] {
            let (indexed, direct) = both(image, bits);
            check(&format!("{name} of {bits} bits"), &indexed, &direct);
        }
        let (indexed, direct) = grey(bits);
        check(&format!("grey of {bits} bits"), &indexed, &direct);
    }
}

#[test]
fn few_colours_keep_a_low_bit_depth() {
    start();
    let opaque = icon().flatten(&[255.0; 3], 255.0).unwrap().cast(BandFormat::Uchar).unwrap();
    for bits in [1, 2, 4, 8] {
        let (indexed, direct) = both(&opaque, bits);
        for query in ["flip=true", "rotate=180", "filter=sepia", "interlace=true", "crop=0,0,140,140"] {
            let answer = ask(&indexed, query).unwrap().bytes;
            assert!(
                stored(&answer).0 <= bits && stored(&answer).1 == 3,
                "{bits} {query}: {:?}",
                stored(&answer)
            );
            let other = ask(&direct, query).unwrap().bytes;
            assert!(answer.len() <= other.len(), "{bits} {query}: {} of {}", answer.len(), other.len());
        }
        if bits < 8 {
            assert_eq!(stored(&ask(&grey(bits).0, "flip=true").unwrap().bytes), (bits, 0));
        }
    }
    let (photo, _) = both(&open(&ask(&sample("china.jpg"), "width=200&format=png").unwrap().bytes), 8);
    assert_eq!(stored(&ask(&photo, "rotate=90").unwrap().bytes), (8, 3));
    assert_eq!(
        stored(&ask(&photo, "width=150").unwrap().bytes),
        (8, 2),
        "a photograph has more colours than a palette"
    );
}

#[test]
fn colours_of_other_images_are_not_counted() {
    for (source, query) in [("pixmill-logo.png", "width=40"), ("china.jpg", "width=2&format=png")] {
        let answer = ask(&sample(source), query).unwrap().bytes;
        assert_ne!(stored(&answer).1, 3, "{source}");
    }
    assert_eq!(Picture::decode(&ask(&sample("camera.png"), "width=60").unwrap().bytes).width, 60);
}

/// A greyscale PNG of 1 to 8 bits whose colour type is changed, with chunks before the pixels.
fn retyped(bits: u8, kind: u8, values: &[u8], width: u32, before: &[(&[u8; 4], &[u8])]) -> Bytes {
    let plain = codecs::encode_png_levels(width, values.len() as u32 / width, bits, values, 1).unwrap();
    let chunk = |name: &[u8; 4], body: &[u8]| {
        let checked = [&name[..], body].concat();
        let mut crc = Crc::new();
        crc.update(&checked);
        [&(body.len() as u32).to_be_bytes()[..], &checked, &crc.sum().to_be_bytes()].concat()
    };
    let mut header = plain[16..29].to_vec();
    header[9] = kind;
    let before = before.iter().flat_map(|(name, body)| chunk(name, body));
    plain[..8]
        .iter()
        .copied()
        .chain(chunk(b"IHDR", &header))
        .chain(before)
        .chain(plain[33..].to_vec())
        .collect()
}

#[test]
fn every_kind_of_palette_is_decoded_as_by_libvips() {
    start();
    let colours: Vec<u8> = (0..768u32).map(|at| (at * 37 + at / 5) as u8).collect();
    let alphas: Vec<u8> = (0..=255u8).map(|at| at.wrapping_mul(91)).collect();
    let (mut failures, mut taken) = (Vec::new(), 0);
    for bits in [1u8, 2, 4, 8] {
        let count = 1usize << bits;
        let values: Vec<u8> =
            (0..37 * 11u32).map(|at| (at * at / 3) as u8 & (u8::MAX >> (8 - bits))).collect();
        // indices beyond the palette, or transparency beyond it, included
        for (few, clear) in [
            (count, 0),
            (count, 1),
            (count, count),
            (count / 2, 0),
            (count / 2, 1),
            (count / 2, count),
            (count, 256),
        ] {
            let palette: (&[u8; 4], &[u8]) = (b"PLTE", &colours[..3 * few]);
            let both = [palette, (b"tRNS", &alphas[..clear])];
            let file = retyped(bits, 3, &values, 37, &both[..=usize::from(clear > 0)]);
            taken += usize::from(codec(&file) == Some(Codec::Png));
            let found = difference(&file, Codec::Png, "format=png");
            failures
                .extend(found.map(|found| format!("{bits} bits, {few} colours, {clear} alphas: {found}")));
        }
        for clear in [&[0u8, 1][..], &[1, 1], &[0, 200]] {
            let file = retyped(bits, 0, &values, 37, &[(b"tRNS", clear)]);
            taken += usize::from(codec(&file) == Some(Codec::Png));
            let found = difference(&file, Codec::Png, "format=png");
            failures
                .extend(found.map(|found| format!("grey of {bits} bits, transparent {clear:?}: {found}")));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(taken >= 20, "{taken}");
}
