//! Colour spaces signalled by other means than an ICC profile, and profiles with misleading names.
//!
//! The encoded values were computed from [`EXPECTED`] with numpy by the formulas of the standards, not by this project.

use bytes::Bytes;
use image_api::Settings;
use testkit::{Picture, sample};
use vips_ops::{
    Source,
    source::Profile,
    vips::{Access, BandFormat, Image, Interpretation, JpegScan, Keep, Loader, Palette, PngRows, Subsample},
};

use crate::{ask, picture, start};

type Colours = [[u8; 3]; 7];

/// The expected colours, in sRGB.
const EXPECTED: Colours = [
    [255, 255, 255],
    [128, 128, 128],
    [20, 20, 20],
    [200, 60, 40],
    [40, 160, 70],
    [30, 60, 190],
    [250, 210, 150],
];
const DISPLAY_P3: Colours = [
    [255, 255, 255],
    [128, 128, 128],
    [20, 20, 20],
    [185, 71, 50],
    [80, 158, 81],
    [37, 59, 183],
    [244, 211, 158],
];
/// BT.2020 with the curve of sRGB, with that of BT.709, with PQ (white at 203 cd/m²), and with HLG (white at 75 %).
const BT2020_SRGB: Colours = [
    [255, 255, 255],
    [128, 128, 128],
    [20, 20, 20],
    [165, 81, 50],
    [102, 154, 83],
    [60, 62, 182],
    [234, 213, 159],
];
const BT2020: Colours = [
    [255, 255, 255],
    [115, 115, 115],
    [8, 8, 8],
    [156, 65, 35],
    [87, 144, 68],
    [44, 46, 173],
    [232, 208, 148],
];
const BT2020_PQ: Colours = [
    [148, 148, 148],
    [109, 109, 109],
    [43, 43, 43],
    [123, 87, 68],
    [98, 119, 88],
    [75, 76, 128],
    [143, 137, 121],
];
const BT2020_HLG: Colours = [
    [191, 191, 191],
    [120, 120, 120],
    [29, 29, 29],
    [157, 76, 48],
    [92, 143, 75],
    [60, 62, 175],
    [185, 173, 137],
];
const NARROW: Colours = [
    [235, 235, 235],
    [126, 126, 126],
    [33, 33, 33],
    [188, 68, 50],
    [50, 153, 76],
    [42, 68, 179],
    [231, 196, 145],
];
const GAMMA_1_8: Colours = [
    [255, 255, 255],
    [109, 109, 109],
    [16, 16, 16],
    [188, 46, 30],
    [30, 143, 54],
    [23, 46, 176],
    [249, 200, 132],
];
const GAMMA_2_2: Colours = [
    [255, 255, 255],
    [127, 127, 127],
    [27, 27, 27],
    [199, 62, 44],
    [44, 159, 72],
    [35, 62, 189],
    [250, 209, 149],
];
const ADOBE: Colours = [
    [255, 255, 255],
    [127, 127, 127],
    [27, 27, 27],
    [173, 62, 45],
    [95, 159, 78],
    [45, 62, 185],
    [239, 209, 152],
];

/// Side of a patch of one colour, in pixels: a multiple of the codecs' block size.
const PATCH: u32 = 16;

fn patches(colours: &Colours) -> Image {
    start();
    let row: Vec<u8> = colours.iter().flat_map(|colour| colour.repeat(PATCH as usize)).collect();
    let width = PATCH * colours.len() as u32;
    let image = Image::from_pixels(&row.repeat(PATCH as usize), width, PATCH, 3).unwrap();
    image.interpret(Interpretation::Srgb).unwrap()
}

/// A PNG of patches with additional chunks before its pixels.
fn png(colours: &Colours, chunks: &[(&[u8; 4], Vec<u8>)]) -> Bytes {
    with_chunks(&patches(colours).save_png(1, PngRows::Plain, Palette::Direct, Keep::All).unwrap(), chunks)
}

fn with_chunks(plain: &Bytes, chunks: &[(&[u8; 4], Vec<u8>)]) -> Bytes {
    // signature and header
    let (head, rest) = plain.split_at(33);
    let mut file = head.to_vec();
    for (name, body) in chunks {
        let checked = [name.as_slice(), body].concat();
        file.extend((body.len() as u32).to_be_bytes());
        file.extend(&checked);
        file.extend(checksum(&checked).to_be_bytes());
    }
    file.extend(rest);
    file.into()
}

/// CRC-32 as in PNG (annex D).
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 },
        )
    })
}

/// AVIFs of patches, encoded with Pillow: the code points in their colour box are replaced here.
const AVIF_SRGB: &[u8] = include_bytes!("pictures/patches-srgb.avif");
const AVIF_P3: &[u8] = include_bytes!("pictures/patches-p3.avif");
const AVIF_BT2020: &[u8] = include_bytes!("pictures/patches-bt2020.avif");
const AVIF_PQ: &[u8] = include_bytes!("pictures/patches-pq.avif");
const AVIF_HLG: &[u8] = include_bytes!("pictures/patches-hlg.avif");

/// An AVIF with these code points in its colour box.
fn avif(patches: &[u8], primaries: u16, transfer: u16) -> Bytes {
    let mut file = patches.to_vec();
    let at = file.windows(8).position(|part| part == b"colrnclx").unwrap() + 8;
    file[at..at + 2].copy_from_slice(&primaries.to_be_bytes());
    file[at + 2..at + 4].copy_from_slice(&transfer.to_be_bytes());
    file.into()
}

fn cicp(primaries: u8, transfer: u8) -> (&'static [u8; 4], Vec<u8>) {
    (b"cICP", vec![primaries, transfer, 0, 1])
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn gamma(number: u32) -> (&'static [u8; 4], Vec<u8>) {
    (b"gAMA", numbers(&[number]))
}

/// The colours in the centres of the patches.
fn seen(picture: &Picture) -> Vec<[u8; 3]> {
    let place = |index: u32| picture.at(index * PATCH + PATCH / 2, PATCH / 2);
    (0..7).map(|index| place(index).first_chunk().copied().unwrap()).collect()
}

#[track_caller]
fn check(file: &Bytes, expected: &Colours, tolerance: u8) {
    // as PNG, as PNG with changed pixels, and as a format without such chunks
    for (query, loss) in [
        ("format=png&interlace=true", 0),
        ("format=png&sharp_amount=0.01", 0),
        ("format=webp&quality=100&sharp_amount=0.01", 6),
    ] {
        let seen = seen(&picture(file, query));
        for (seen, expected) in seen.iter().zip(expected) {
            let near = seen.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= tolerance + loss);
            assert!(near, "{query}: {seen:?} for {expected:?}");
        }
    }
}

#[test]
fn code_points_in_png_are_applied() {
    check(&png(&EXPECTED, &[]), &EXPECTED, 0);
    for (colours, numbers) in [
        (&EXPECTED, cicp(1, 13)),
        (&EXPECTED, cicp(1, 1)),
        (&DISPLAY_P3, cicp(12, 13)),
        (&BT2020_SRGB, cicp(9, 13)),
        (&BT2020, cicp(9, 14)),
        (&BT2020, cicp(9, 1)),
        (&GAMMA_2_2, cicp(1, 4)),
        (&NARROW, (b"cICP", vec![1, 13, 0, 0])),
    ] {
        check(&png(colours, &[numbers]), &EXPECTED, 3);
    }
}

#[test]
fn code_points_in_avif_are_applied() {
    check(&avif(AVIF_SRGB, 1, 13), &EXPECTED, 3);
    check(&avif(AVIF_SRGB, 2, 2), &EXPECTED, 3);
    check(&avif(AVIF_P3, 12, 13), &EXPECTED, 5);
    check(&avif(AVIF_BT2020, 9, 13), &EXPECTED, 7);
}

#[test]
fn hdr_is_tone_mapped_to_sdr() {
    for file in [
        png(&BT2020_PQ, &[cicp(9, 16)]),
        png(&BT2020_HLG, &[cicp(9, 18)]),
        avif(AVIF_PQ, 9, 16),
        avif(AVIF_HLG, 9, 18),
    ] {
        let seen = seen(&picture(&file, "format=png"));
        // diffuse white leaves headroom for highlights; mid-tones are unchanged, within the 8-bit precision of an HDR
        // curve
        assert!((215..=245).contains(&seen[0][1]), "{seen:?}");
        for (seen, expected) in seen.iter().zip(EXPECTED).skip(1).take(2) {
            assert!(seen[1].abs_diff(expected[1]) <= 5, "{seen:?} for {expected:?}");
            assert!(seen[0].abs_diff(seen[2]) <= 3, "grey is grey: {seen:?}");
        }
        for (seen, expected) in seen.iter().zip(EXPECTED).skip(3) {
            assert!(seen.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 25), "{seen:?} for {expected:?}");
        }
    }
}

#[test]
fn a_stated_peak_of_sdr_changes_nothing() {
    // the stated light level says that nothing is brighter than diffuse white
    let level = (b"cLLI", numbers(&[203 * 10_000, 100 * 10_000]));
    check(&png(&BT2020_PQ, &[cicp(9, 16), level]), &EXPECTED, 12);
}

#[test]
fn gamma_and_primaries_are_used_without_other_signals() {
    let p3 = (b"cHRM", numbers(&[31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000]));
    let srgb = (b"cHRM", numbers(&[31_269, 32_899, 63_999, 33_001, 30_000, 60_000, 15_000, 5_999]));
    let broken = (b"cHRM", numbers(&[0; 8]));
    let is_srgb = (b"sRGB", vec![0]);
    for (colours, chunks) in [
        (&EXPECTED, vec![gamma(45_455)]),
        (&EXPECTED, vec![gamma(45_455), srgb.clone()]),
        (&EXPECTED, vec![gamma(0)]),
        (&EXPECTED, vec![broken]),
        (&GAMMA_1_8, vec![gamma(55_556)]),
        (&GAMMA_1_8, vec![gamma(55_556), srgb]),
        (&DISPLAY_P3, vec![p3.clone()]),
        (&DISPLAY_P3, vec![gamma(45_455), p3.clone()]),
        (&EXPECTED, vec![is_srgb.clone(), gamma(55_556), p3.clone()]),
        (&DISPLAY_P3, vec![cicp(12, 13), is_srgb, gamma(55_556)]),
        (&EXPECTED, vec![cicp(1, 13), gamma(55_556), p3]),
        // undefined code points fall back to other chunks
        (&GAMMA_1_8, vec![cicp(2, 2), gamma(55_556)]),
        (&GAMMA_1_8, vec![(b"cICP", vec![12, 13, 1, 1]), gamma(55_556)]),
    ] {
        check(&png(colours, &chunks), &EXPECTED, 3);
    }
}

#[test]
fn a_png_with_gamma_and_primaries_is_passed_through_where_possible() {
    let file = png(&GAMMA_1_8, &[gamma(55_556)]);
    for query in ["format=png", "width=112", "format=png&quality=50"] {
        assert_eq!(ask(&file, query).unwrap().bytes, file, "{query}");
    }
    for query in ["width=56", "format=png&interlace=true", "format=png&rotate=180", "flip=true"] {
        assert_ne!(ask(&file, query).unwrap().bytes, file, "{query}");
    }
    // broken images are not passed through
    let cut = file.slice(..file.len() - 30);
    assert!(ask(&cut, "format=png").is_err());
    // code points are supported by too few programs to be passed through
    let numbers = png(&DISPLAY_P3, &[cicp(12, 13)]);
    assert_ne!(ask(&numbers, "format=png").unwrap().bytes, numbers);
}

#[test]
fn code_points_take_precedence_over_a_profile() {
    start();
    // a profile with clearly different colours
    let profile = display_p3_profile();
    let image = patches(&DISPLAY_P3).edit(|edit| edit.set_block(c"icc-profile-data", &profile)).unwrap();
    let embedded = image.save_png(1, PngRows::Plain, Palette::Direct, Keep::All).unwrap();
    let file = with_chunks(&embedded, &[cicp(12, 13), gamma(100_000)]);
    check(&file, &EXPECTED, 3);
    let image = patches(&EXPECTED).edit(|edit| edit.set_block(c"icc-profile-data", &profile)).unwrap();
    let embedded = image.save_png(1, PngRows::Plain, Palette::Direct, Keep::All).unwrap();
    check(&with_chunks(&embedded, &[cicp(1, 13)]), &EXPECTED, 0);
    let answer = ask(&with_chunks(&embedded, &[cicp(1, 13)]), "format=png&width=50").unwrap().bytes;
    assert!(!answer.windows(4).any(|part| part == b"iCCP"), "the profile that does not count goes");
    // a profile comes before gamma
    let with_gamma = with_chunks(&embedded, &[gamma(100_000)]);
    let query = "format=png&interlace=true";
    assert_eq!(seen(&picture(&with_gamma, query)), seen(&picture(&embedded, query)));
}

/// The profile of a sample in Display P3.
fn display_p3_profile() -> Vec<u8> {
    let source = Source::open(&sample("flower-p3.jpg"), &Settings::default().limits).unwrap();
    assert_eq!(source.info.profile, Profile::Foreign);
    let loader = Loader::Jpeg { shrink: 1 };
    let image = Image::load(&source.bytes, &loader, Access::Random).unwrap();
    image.block(c"icc-profile-data").unwrap().to_vec()
}

#[test]
fn profiles_are_compared_by_content_not_by_name() {
    start();
    let mut profile = display_p3_profile();
    check_embedded(&DISPLAY_P3, &profile);
    // its name in UTF-16 is replaced by one of the same length
    let name: Vec<u8> = "Display P3".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let at = profile.windows(name.len()).position(|part| part == name).unwrap();
    let lie: Vec<u8> = "sRGB  v4  ".encode_utf16().flat_map(u16::to_be_bytes).collect();
    profile[at..at + name.len()].copy_from_slice(&lie);
    check_embedded(&DISPLAY_P3, &profile);
}

fn check_embedded(colours: &Colours, profile: &[u8]) {
    let image = patches(colours).edit(|edit| edit.set_block(c"icc-profile-data", profile)).unwrap();
    check(&image.save_png(1, PngRows::Plain, Palette::Direct, Keep::All).unwrap(), &EXPECTED, 3);
}

#[test]
fn grey_is_converted_exactly_in_the_dark() {
    start();
    // in linear light 0 to 255 would be too coarse: 16 bits
    let expected: Vec<u8> = (0..=255).collect();
    let light = |number: f64| {
        if number <= 0.04045 { number / 12.92 } else { ((number + 0.055) / 1.055).powf(2.4) }
    };
    let linear = expected.iter().map(|level| (light(f64::from(*level) / 255.0) * 65_535.0).round() as u16);
    // high and low bytes as two bands, joined to one band of 16 bits
    let bytes: Vec<u8> = linear.flat_map(|level| [(level >> 8) as u8, level as u8]).collect();
    let halves = Image::from_pixels(&bytes, 256, 1, 2).unwrap();
    let high = halves.extract_bands(0, 1).unwrap().linear(&[256.0], &[0.0]).unwrap();
    let grey = high.add(&halves.extract_bands(1, 1).unwrap()).unwrap();
    let grey = grey.cast(BandFormat::Ushort).unwrap().interpret(Interpretation::Grey16).unwrap();
    let plain = grey.save_png(1, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    let answer = picture(&with_chunks(&plain, &[gamma(100_000)]), "format=png&interlace=true");
    for (x, level) in expected.iter().enumerate() {
        let [red, green, blue, _] = answer.at(x as u32, 0);
        assert!(red == green && green == blue && red.abs_diff(*level) <= 1, "{level}: {red} {green} {blue}");
    }
}

#[test]
fn adobe_rgb_in_exif_is_applied() {
    // orientation 1; ColorSpace uncalibrated; interoperability index R03
    let exif = |index: &[u8; 4], space: u16| {
        let mut block = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x1a\0\0\0\0\0\0\0".to_vec();
        block.extend(b"\x02\0\x01\xa0\x03\0\x01\0\0\0");
        block.extend(space.to_le_bytes());
        block.extend(b"\0\0\x05\xa0\x04\0\x01\0\0\0\x38\0\0\0\0\0\0\0");
        block.extend(b"\x01\0\x01\0\x02\0\x04\0\0\0");
        block.extend(index);
        block.extend([0; 4]);
        block
    };
    let jpeg = |colours: &Colours, block: &[u8]| {
        let plain =
            patches(colours).save_jpeg(100, JpegScan::Baseline, Subsample::Off, Keep::Nothing).unwrap();
        let segment = [b"\xff\xe1", ((block.len() + 2) as u16).to_be_bytes().as_slice(), block].concat();
        Bytes::from([&plain[..2], &segment, &plain[2..]].concat())
    };
    check(&jpeg(&ADOBE, &exif(b"R03\0", 0xffff)), &EXPECTED, 4);
    check(&jpeg(&EXPECTED, &exif(b"R98\0", 1)), &EXPECTED, 3);
    check(&jpeg(&EXPECTED, &exif(b"R98\0", 0xffff)), &EXPECTED, 3);
    check(&jpeg(&EXPECTED, &exif(b"R03\0", 1)), &EXPECTED, 3);
}
