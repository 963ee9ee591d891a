//! Operations compute what they document, and report errors.

use bytes::Bytes;
use vips::{
    Access, Error, Image, JpegScan, Keep, Loader, Operation, Palette, PngRows, Subsample,
    ops::{Extend, Interesting, Kernel, QuarterTurn},
};

use crate::{gradient, start};

fn png(image: &Image) -> Bytes {
    image.save_png(1, PngRows::Plain, Palette::Direct, Keep::All).unwrap()
}

#[test]
fn every_codec_round_trips() {
    let image = gradient(96, 64);
    let still = Subsample::Off;
    let encoded: [(Bytes, Loader); 5] = [
        (png(&image), Loader::Png),
        (image.save_jpeg(90, JpegScan::Baseline, still, Keep::All).unwrap(), Loader::Jpeg { shrink: 1 }),
        (image.save_webp(90, 2, Keep::All).unwrap(), Loader::Webp { scale: 1.0, frames: 1 }),
        (image.save_avif(80, 0, still, Keep::All).unwrap(), Loader::Heif { thumbnail: false }),
        (image.save_gif(1, 0.0, Keep::All).unwrap(), Loader::Gif { frames: 1 }),
    ];
    for (bytes, loader) in encoded {
        let back = Image::load(&bytes, &loader, Access::Sequential).unwrap();
        assert_eq!((back.width(), back.height()), (96, 64), "{loader:?}");
        let here = image.pixels().unwrap();
        let there = back.extract_bands(0, 3).unwrap().pixels().unwrap();
        let worst = here.iter().zip(there.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 24, "{loader:?}: {worst}");
    }
}

#[test]
fn low_bit_depths_keep_their_levels() {
    start();
    for bits in [1, 2, 4, 8] {
        let most = u8::MAX >> (8 - bits);
        let levels: Vec<u8> = (0..=most).collect();
        let image = Image::from_pixels(&levels, levels.len() as u32, 1, 1).unwrap();
        let png = image.save_png_bits(6, PngRows::Plain, bits).unwrap();
        assert_eq!((png[24], png[25]), (bits, 0), "depth and colour type");
        let back = Image::load(&png, &Loader::Png, Access::Random).unwrap().pixels().unwrap();
        // decoders scale levels to 0 to 255
        let expected: Vec<u8> = levels.iter().map(|level| level * (u8::MAX / most)).collect();
        assert_eq!(back[..], expected[..], "{bits}");
    }
}

#[test]
fn shrink_on_load_halves() {
    let bytes = gradient(96, 64).save_jpeg(90, JpegScan::Progressive, Subsample::On, Keep::Nothing).unwrap();
    let half = Image::load(&bytes, &Loader::Jpeg { shrink: 2 }, Access::Sequential).unwrap();
    assert_eq!((half.width(), half.height()), (48, 32));
}

#[test]
fn svg_is_scaled_while_rendered() {
    start();
    let svg = Bytes::from_static(b"<svg xmlns='http://www.w3.org/2000/svg' width='10' height='5'><rect width='10' height='5' fill='red'/></svg>");
    let image = Image::load(&svg, &Loader::Svg { scale: 4.0, unlimited: false }, Access::Sequential).unwrap();
    assert_eq!((image.width(), image.height(), image.bands()), (40, 20, 4));
    assert_eq!(image.pixels().unwrap()[..4], [255, 0, 0, 255]);
}

#[test]
fn geometry() {
    let image = gradient(96, 64);
    let sizes = [
        (image.resize(0.5, 0.25, Kernel::Lanczos3), (48, 16)),
        (image.extract_area(10, 20, 30, 40), (30, 40)),
        (image.rot(QuarterTurn::Quarter), (64, 96)),
        (image.embed(2, 3, 100, 70, Extend::Background(&[1.0, 2.0, 3.0])), (100, 70)),
        (image.smartcrop(20, 64, Interesting::Entropy), (20, 64)),
        (Image::stack(&[&image, &image]), (96, 128)),
    ];
    for (result, expected) in sizes {
        let result = result.unwrap();
        assert_eq!((result.width(), result.height()), expected);
    }
    let embedded = image.embed(2, 3, 100, 70, Extend::Background(&[1.0, 2.0, 3.0])).unwrap();
    assert_eq!(embedded.pixels().unwrap()[..3], [1, 2, 3]);
    assert_eq!(
        image
            .embed(4, 4, 104, 72, Extend::Background(&[9.0; 3]))
            .unwrap()
            .find_trim(10.0, &[9.0; 3])
            .unwrap()
            .2,
        96
    );
}

#[test]
fn errors_carry_libvips_text() {
    let image = gradient(8, 8);
    let Err(Error::Operation { operation, detail }) = image.extract_area(5, 5, 50, 50) else {
        panic!("an area outside the picture was accepted");
    };
    assert_eq!(operation, "extract_area");
    assert!(detail.contains("bad extract area"), "{detail}");
}

#[test]
fn unknown_operations_and_properties_are_errors() {
    let image = gradient(8, 8);
    assert!(Operation::new(c"no_such_operation").build().is_err());
    assert!(
        Operation::new(c"gaussblur").image(c"in", &image).double(c"no_such_property", 1.0).out().is_err()
    );
}

#[test]
fn other_loaders_are_blocked() {
    start();
    assert!(Operation::new(c"ppmload_source").build().is_err());
    assert!(Operation::new(c"vipsload_source").build().is_err());
}

#[test]
fn broken_bytes_are_errors() {
    start();
    let whole = gradient(64, 64).save_jpeg(90, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap();
    let cut = whole.slice(..whole.len() / 2);
    let opened = Image::load(&cut, &Loader::Jpeg { shrink: 1 }, Access::Sequential);
    assert!(opened.and_then(|image| image.pixels()).is_err());
    assert!(Image::load(&Bytes::new(), &Loader::Png, Access::Sequential).is_err());
}

#[test]
fn metadata_is_changed_only_on_a_copy() {
    let image = gradient(8, 8);
    let edited = image
        .edit(|edit| {
            edit.set_int(c"orientation", 6);
            edit.set_ints(c"delay", &[40, 50]);
            edit.set_block(c"exif-data", b"xyz");
        })
        .unwrap();
    assert_eq!(edited.int(c"orientation"), Some(6));
    assert_eq!(edited.ints(c"delay"), Some(vec![40, 50]));
    assert_eq!(edited.block(c"exif-data"), Some(&b"xyz"[..]));
    assert!(edited.fields().iter().any(|name| name.as_c_str() == c"delay"));
    assert!(!image.has(c"orientation"));
    assert_eq!(edited.edit(|edit| edit.remove(c"delay")).unwrap().ints(c"delay"), None);
    assert_eq!(image.text(c"orientation"), None);
}

#[test]
fn compositing_and_inserting() {
    start();
    let paper = Image::from_pixels(&[255; 6 * 4 * 3], 6, 4, 3).unwrap();
    let paper = paper.interpret(vips::Interpretation::Srgb).unwrap();
    let ink = Image::from_pixels(&[0, 0, 0, 128].repeat(4), 2, 2, 4).unwrap();
    let ink = ink.interpret(vips::Interpretation::Srgb).unwrap();
    let both = paper.composite_over(&ink, 1, 1).unwrap().cast(vips::BandFormat::Uchar).unwrap();
    assert_eq!((both.width(), both.height(), both.bands()), (6, 4, 4));
    let pixels = both.pixels().unwrap();
    let at = |x: usize, y: usize| pixels[(y * 6 + x) * 4];
    // half of white, rounded down
    assert_eq!((at(0, 0), at(1, 1), at(2, 2), at(3, 3)), (255, 126, 126, 255));
    let cut = both.extract_area(1, 1, 2, 2).unwrap();
    let inserted = paper.bandjoin_const(255.0).unwrap().insert(&cut, 4, 2).unwrap();
    assert_eq!(inserted.pixels().unwrap()[(2 * 6 + 4) * 4], 126);
    // uncovered pixels keep their values
    let levels: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
    let levels =
        Image::from_pixels(&levels, 256, 1, 3).unwrap().interpret(vips::Interpretation::Srgb).unwrap();
    let clear = Image::from_pixels(&[9, 9, 9, 0].repeat(256), 256, 1, 4).unwrap();
    let clear = clear.interpret(vips::Interpretation::Srgb).unwrap();
    let same = levels.composite_over(&clear, 0, 0).unwrap().extract_bands(0, 3).unwrap();
    assert_eq!(*same.pixels().unwrap(), *levels.pixels().unwrap());
}

#[test]
fn text_is_rendered_and_empty_text_is_an_error() {
    start();
    let word = Image::text_rgba("<b>a &amp; b</b>", "Sans 20", vips::ops::POINT_IS_PIXEL_DPI).unwrap();
    assert!(word.width() > 20 && word.bands() == 4, "{word:?}");
    assert!(word.pixels().unwrap().chunks_exact(4).any(|pixel| pixel[3] == 255));
    assert!(Image::text_rgba("<b>a", "Sans 20", 72).is_err());
    assert!(Image::text_rgba("", "Sans 20", 72).is_err());
    assert!(Image::text_rgba("a\0b", "Sans 20", 72).is_err());
}

#[test]
fn rotation_about_the_centre_keeps_the_centre() {
    let image = gradient(41, 30);
    for (degrees, size, exact) in [
        (0.0, (41, 30), image.clone()),
        (90.0, (30, 41), image.rot(QuarterTurn::Quarter).unwrap()),
        (180.0, (41, 30), image.rot(QuarterTurn::Half).unwrap()),
    ] {
        let turned = image.rotate_extended(degrees, size.0, size.1).unwrap();
        assert_eq!((turned.width(), turned.height()), size);
        let (found, expected) = (turned.pixels().unwrap(), exact.pixels().unwrap());
        let worst = found.iter().zip(expected.iter()).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        assert!(worst <= 1, "{degrees}: {worst}");
    }
    // a uniform image stays uniform, beyond its edges too
    let plain = Image::from_pixels(&[77; 20 * 10], 20, 10, 1).unwrap();
    assert!(plain.rotate_extended(33.0, 22, 16).unwrap().pixels().unwrap().iter().all(|value| *value == 77));
}
