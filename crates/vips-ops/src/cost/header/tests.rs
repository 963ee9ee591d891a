//! Arbitrary bytes are scanned without panicking; agreement with the decoders is tested in `tests/it/cost.rs`.

use proptest::prelude::*;

use super::*;

/// Beginnings of each format, so that arbitrary bytes get past the signature check.
const BEGINNINGS: [&[u8]; 12] = [
    b"\xff\xd8\xff\xe1\0\x10Exif\0\0II*\0",
    b"\xff\xd8\xff\xc2\0\x11\x08\0\x10\0\x10\x03",
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0",
    b"GIF89a\x10\0\x10\0\xf7\0\0",
    b"RIFF\xff\0\0\0WEBPVP8X\x0a\0\0\0\x3e\0\0\0\x0f\0\0\x0f\0\0",
    b"RIFF\xff\0\0\0WEBPVP8L\xff\0\0\0\x2f",
    b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf\0\0\0\0meta\0\0\0\0",
    b"II*\0\x08\0\0\0",
    b"MM\0*\0\0\0\x08",
    b"BM............\x28\0\0\0",
    b"\0\0\x01\0\x02\0................",
    b"<svg width='10' viewBox='0 0 1 2'><filter",
];

/// Structural pieces of the formats.
const PIECES: [&[u8]; 16] = [
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"ANMF",
    b"iprp",
    b"ipco",
    b"ispe",
    b"pitm",
    b"ipma",
    b"tRNS",
    b"iCCP",
    b"\xff\xda",
    b"\x2c",
    b"\x21\xf9",
    b"<fe",
    b" filter='url(#a)'",
    b"VP8 ",
];

proptest! {
    #[test]
    fn arbitrary_bytes_do_not_panic(beginning in 0..BEGINNINGS.len(), tail: Vec<u8>) {
        let _ = scan(&tail);
        let _ = scan(&[BEGINNINGS[beginning], &tail].concat());
    }

    #[test]
    fn arbitrary_pieces_do_not_panic(beginning in 0..BEGINNINGS.len(), pieces: Vec<(u8, u8)>) {
        let mut bytes = BEGINNINGS[beginning].to_vec();
        for (piece, byte) in pieces {
            bytes.extend_from_slice(PIECES[usize::from(piece) % PIECES.len()]);
            bytes.push(byte);
        }
        if let Some(header) = scan(&bytes) {
            prop_assert!(header.info.stored.pixels() > 0 && header.info.frames > 0);
            prop_assert!(header.passes > 0 && header.pixel_bytes > 0);
        }
    }
}

#[test]
fn a_missing_size_is_estimated_from_the_length() {
    for (beginning, most) in
        [(BEGINNINGS[0], 100), (BEGINNINGS[6], 100), (b"<svg><path/></svg>".as_slice(), 1024)]
    {
        let header = scan(beginning).unwrap();
        assert!(header.is_guess && header.info.stored.width <= most, "{header:?}");
    }
    let long = [BEGINNINGS[0], &vec![0; 1_000_000]].concat();
    assert_eq!(scan(&long).unwrap().info.stored.width, 4000);
    assert_eq!(scan(b"not a picture"), None);
}

#[test]
fn sizes_of_svg_documents() {
    let size = |tag: &str| svg::size(tag.as_bytes()).map(|size| (size.width, size.height));
    for (tag, expected) in [
        ("<svg width='10' height=\"20px\">", Some((10.0, 20.0))),
        (
            "<?xml version='1.0'?><!-- <svg width='1' height='1'> --><s:svg width='1in' height='2.54cm'>",
            Some((72.0, 72.0)),
        ),
        ("<svg viewBox='0 0 30 40'>", Some((30.0, 40.0))),
        ("<svg width='60' viewBox='0,0,30,40'>", Some((60.0, 80.0))),
        ("<svg height='20' viewBox='0 0 30 40'>", Some((15.0, 20.0))),
        ("<svg width='100%' height='100%' viewBox='0 0 30 40'>", Some((30.0, 40.0))),
        ("<svg width='15.75' height='.5'>", Some((15.75, 0.5))),
        ("<svg width='4' viewBox='0 0 8 3'>", Some((4.0, 1.5))),
        ("<svg stroke-width='5' height='7'>", None),
        ("<svg width='nan' height='7'>", None),
        ("<svg width='-3' height='7'>", None),
        ("<svg>", None),
    ] {
        assert_eq!(size(tag), expected, "{tag}");
    }
}

#[test]
fn filters_count_per_use() {
    let once = "<filter><feTurbulence numOctaves='4'/><feMorphology radius='2 1'/></filter>";
    let uses = "<rect filter='url(#a)'/><rect style='filter: url(#a)'/>";
    let complexity = svg::complexity(format!("<svg>{once}{uses}</svg>").as_bytes());
    assert_eq!((complexity.primitives, complexity.octaves, complexity.neighbours), (4.0, 8.0, 32.0));
}

#[test]
fn long_files_are_scanned_in_bounded_steps() {
    let frame = [b"\x2c\0\0\0\0\0\0\0\0\0\x02".as_slice(), b"\0"].concat();
    let gif = [BEGINNINGS[3], &[0; 768], &frame.repeat(1_000_000)].concat();
    let frames = scan(&gif).unwrap().info.frames;
    assert!((990_000..=1_010_000).contains(&frames), "{frames}");
    let scans = [BEGINNINGS[1], &[0; 9], &[0xff, 0xda].repeat(4_000_000)].concat();
    assert_eq!(scan(&scans).unwrap().passes, 1000);
    let boxes = [BEGINNINGS[6], &b"\0\0\0\x08free".repeat(1_000_000)].concat();
    assert!(scan(&boxes).unwrap().is_guess);
}
