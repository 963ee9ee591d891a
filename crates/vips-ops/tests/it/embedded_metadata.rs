//! Metadata of the output: nothing is added that the original did not have, and nothing is stale.

use bytes::Bytes;
use exif::{In, Reader, Tag};
use testkit::{Picture, sample};
use vips_ops::vips::{Image, JpegScan, Keep, Palette, PngRows, Subsample};

use crate::{ask, start};

/// A sample image.
fn reference(name: &str) -> Bytes {
    std::fs::read(format!("{}/tests/reference/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap().into()
}

fn answer(original: &Bytes, query: &str) -> Bytes {
    ask(original, query).unwrap_or_else(|error| panic!("{query}: {error}")).bytes
}

/// The EXIF of a file, parsed by a third library, neither this project nor libvips.
fn exif(file: &Bytes) -> Option<exif::Exif> {
    Reader::new().read_from_container(&mut std::io::Cursor::new(file)).ok()
}

fn holds(file: &[u8], text: &[u8]) -> bool {
    file.windows(text.len()).any(|window| window == text)
}

const FORMATS: [&str; 4] = ["jpeg", "png", "webp", "avif"];

#[test]
fn no_metadata_is_added() {
    start();
    let pixels: Vec<u8> = (0..16 * 16 * 3).map(|at| (at * 7 % 251) as u8).collect();
    let image = Image::from_pixels(&pixels, 16, 16, 3).unwrap();
    // libvips adds a resolution to it
    let png = image.save_png(6, PngRows::Plain, Palette::Direct, Keep::Nothing).unwrap();
    let png = answer(&png, "width=14&format=png");
    for format in FORMATS {
        for query in [format!("format={format}"), format!("format={format}&width=8")] {
            let answer = answer(&png, &query);
            assert!(exif(&answer).is_none(), "{query}");
            for text in
                [&b"Exif"[..], b"eXIf", b"EXIF", b"ICC_PROFILE", b"iCCP", b"ICCP", b"<x:xmpmeta", b"pHYs"]
            {
                assert!(!holds(&answer, text), "{query}: {}", String::from_utf8_lossy(text));
            }
        }
    }
}

#[test]
fn exif_is_kept_except_for_stale_tags() {
    let original = sample("astronaut-gps-orient6.jpg");
    let before = exif(&original).unwrap();
    assert!(before.get_field(Tag::Orientation, In::PRIMARY).is_some());
    for format in FORMATS {
        for query in ["", "&width=60", "&rotate=90", "&width=40&height=40&crop=fit"] {
            let query = format!("format={format}{query}");
            let answer = answer(&original, &query);
            let after = exif(&answer).unwrap_or_else(|| panic!("{query}: no EXIF"));
            assert!(after.get_field(Tag::Orientation, In::PRIMARY).is_none(), "{query}");
            assert!(after.get_field(Tag::Orientation, In::THUMBNAIL).is_none(), "{query}");
            for field in before.fields().filter(|field| field.ifd_num == In::PRIMARY) {
                let kept =
                    [Tag::GPSLatitude, Tag::GPSLongitude, Tag::Make, Tag::DateTime].contains(&field.tag);
                let found =
                    after.get_field(field.tag, In::PRIMARY).map(|field| field.display_value().to_string());
                assert!(!kept || found == Some(field.display_value().to_string()), "{query}: {}", field.tag);
            }
            let decoded = Picture::decode(&answer);
            let side = |tag| after.get_field(tag, In::PRIMARY).and_then(|field| field.value.get_uint(0));
            for (tag, side_of) in
                [(Tag::PixelXDimension, decoded.width), (Tag::PixelYDimension, decoded.height)]
            {
                assert!(side(tag).is_none_or(|side| side == side_of), "{query}: {tag}");
            }
        }
        let stripped = answer(&original, &format!("format={format}&strip_exif=true"));
        assert!(exif(&stripped).is_none(), "{format}");
    }
    // not applied, so it is kept
    let lying = exif(&answer(&original, "autorotate=false&width=50")).unwrap();
    assert_eq!(lying.get_field(Tag::Orientation, In::PRIMARY).unwrap().value.get_uint(0), Some(6));
}

#[test]
fn orientation_is_removed_from_xmp_too() {
    let original = reference("exif-xmp-o6.jpg");
    assert!(holds(&original, b"tiff:Orientation"));
    for format in FORMATS {
        let answer = answer(&original, &format!("format={format}&width=40"));
        assert!(!holds(&answer, b"tiff:Orientation"), "{format}");
        assert!(exif(&answer).is_none_or(|exif| exif.get_field(Tag::Orientation, In::PRIMARY).is_none()));
    }
}

#[test]
fn a_thumbnail_is_removed_if_pixels_change() {
    let original = reference("exif-thumb.jpg");
    let has = |file: &Bytes| {
        exif(file).is_some_and(|exif| exif.get_field(Tag::JPEGInterchangeFormat, In::THUMBNAIL).is_some())
    };
    assert!(has(&original));
    assert!(has(&answer(&original, "quality=60")), "the same pixels");
    for query in ["width=50", "crop=0,0,20,20", "blur=10", "flip=true", "brightness=0.2", "pad=3"] {
        let answer = answer(&original, query);
        assert!(!has(&answer), "{query}");
        let starts = answer.windows(3).filter(|window| *window == [0xff, 0xd8, 0xff]).count();
        assert_eq!(starts, 1, "{query}: no pixel of it is left");
    }
}

/// EXIF of a camera.
const MAKER: &[u8] = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0ABC\0\0\0\0\0";

/// A JPEG with a segment after the JFIF segment.
fn with_segment(marker: u8, content: &[u8]) -> Bytes {
    start();
    let pixels: Vec<u8> = (0..64 * 48 * 3).map(|at| (at * 7 % 251) as u8).collect();
    let image = Image::from_pixels(&pixels, 64, 48, 3).unwrap();
    let jpeg = image.save_jpeg(80, JpegScan::Baseline, Subsample::On, Keep::Nothing).unwrap();
    let at = 4 + usize::from(u16::from_be_bytes([jpeg[4], jpeg[5]]));
    let length = (content.len() as u16 + 2).to_be_bytes();
    [&jpeg[..at], &[0xff, marker], &length, content, &jpeg[at..]].concat().into()
}

#[test]
fn thumbnails_are_removed_from_every_place() {
    let strips = b"II*\0\x08\0\0\0\x01\0\x0f\x01\x02\0\x04\0\0\0ABC\0\x1a\0\0\0\
        \x02\0\x11\x01\x04\0\x01\0\0\0\x38\0\0\0\x17\x01\x04\0\x01\0\0\0\x09\0\0\0\0\0\0\0THUMBNAIL";
    let photoshop = b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x0c\x1c\x02\x78\0\x07caption8BIM\x04\x0c\0\0\0\0\0\x0aTHUMBNAIL.";
    let xmp =
        b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><xmp:Thumbnails>THUMBNAIL\
        </xmp:Thumbnails><xmp:Rating>caption</xmp:Rating></x:xmpmeta>";
    for (marker, content, kept) in [
        (0xe1, [b"Exif\0\0", &strips[..]].concat(), &b"ABC"[..]),
        (0xed, photoshop.to_vec(), b"caption"),
        (0xe1, xmp.to_vec(), b"caption"),
        (0xe0, b"JFXX\0\x10THUMBNAIL".to_vec(), b""),
    ] {
        let original = with_segment(marker, &content);
        for query in [
            "width=20",
            "crop=0,0,20,20",
            "blur=10",
            "rotate=90",
            "format=png&width=20",
            "format=webp&width=20",
        ] {
            assert!(!holds(&answer(&original, query), b"THUMBNAIL"), "{query}: {kept:?}");
        }
        assert!(kept.is_empty() || holds(&answer(&original, "width=20"), kept), "{kept:?}");
        assert!(kept.is_empty() || holds(&answer(&original, "quality=60"), b"THUMBNAIL"), "the same pixels");
        let stripped = answer(&original, "strip_exif=true");
        assert!(!holds(&stripped, b"THUMBNAIL") && !holds(&stripped, b"caption"));
    }
}

#[test]
fn avif_has_exactly_the_tags_of_the_original() {
    let tags = |file: &Bytes| -> Vec<String> {
        let exif = exif(file).unwrap();
        let ours = exif.fields().filter(|field| {
            field.ifd_num == In::PRIMARY
                && ![Tag::PixelXDimension, Tag::PixelYDimension, Tag::Orientation].contains(&field.tag)
        });
        let mut tags: Vec<_> = ours.map(|field| format!("{} {}", field.tag, field.display_value())).collect();
        tags.sort();
        tags
    };
    for original in [sample("astronaut-gps-orient6.jpg"), with_segment(0xe1, MAKER)] {
        for query in [
            "format=avif&width=60",
            "format=avif&width=61&rotate=90",
            "format=avif&width=40&autorotate=false",
        ] {
            let answer = answer(&original, query);
            assert_eq!(tags(&answer), tags(&original), "{query}");
            assert_eq!(Picture::decode(&answer).width, ask(&original, query).unwrap().size.width, "{query}");
        }
    }
}

#[test]
fn no_default_resolution_is_added() {
    for (name, stated) in [
        ("mill.gif", false),
        ("mill.webp", false),
        ("pixmill-logo.svg", false),
        ("pixmill-logo.png", false),
        ("china.jpg", false),
    ] {
        let answer = answer(&sample(name), "width=40&format=png");
        assert_eq!(holds(&answer, b"pHYs"), stated, "{name}");
    }
}

#[test]
fn converted_colours_are_labelled_srgb() {
    // IFD0 at 8..26, EXIF IFD at 26..56, interoperability IFD at 56..74, which says Adobe RGB
    let short = |value: u16| value.to_le_bytes();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&short(tag)[..], &short(kind), &count.to_le_bytes(), &value].concat()
    };
    let directory =
        |entries: &[Vec<u8>]| [&short(entries.len() as u16)[..], &entries.concat(), &[0; 4]].concat();
    let block = [
        b"Exif\0\0II*\0\x08\0\0\0".to_vec(),
        directory(&[entry(0x8769, 4, 1, 26u32.to_le_bytes())]),
        directory(&[entry(0xa001, 3, 1, [0xff, 0xff, 0, 0]), entry(0xa005, 4, 1, 56u32.to_le_bytes())]),
        directory(&[entry(1, 2, 4, *b"R03\0")]),
    ];
    let original = with_segment(0xe1, &block.concat());
    let plain = Picture::decode(&answer(&with_segment(0xe1, b"other"), "width=40&format=png"));
    for format in FORMATS {
        let once = answer(&original, &format!("width=40&format={format}&quality=100"));
        let space = exif(&once).unwrap().get_field(Tag::ColorSpace, In::PRIMARY).unwrap().value.get_uint(0);
        assert_eq!(space, Some(1), "{format}");
        let [first, second] = [Picture::decode(&once), Picture::decode(&answer(&once, "format=png"))];
        // another decoder may round otherwise
        assert!(first.difference(&second).worst <= 1, "{format}");
        assert!(first.difference(&plain).worst > 8, "{format}: they were converted once");
    }
}

#[test]
fn exif_with_only_an_orientation_is_removed() {
    let content = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let original = with_segment(0xe1, content);
    for format in FORMATS {
        let answer = answer(&original, &format!("format={format}&width=20"));
        assert!(exif(&answer).is_none(), "{format}");
    }
}

#[test]
fn strip_exif_alone_drops_segments_of_a_jpeg() {
    for original in
        [reference("exif-thumb.jpg"), reference("ultrahdr.jpg"), sample("china.jpg"), sample("flower-p3.jpg")]
    {
        let answer = answer(&original, "strip_exif=true");
        assert!(answer.len() <= original.len());
        assert!(Picture::decode(&answer) == Picture::decode(&original), "no pixel changes");
        for text in [&b"Exif\0\0"[..], b"http://ns.adobe.com", b"MPF\0", b"Photoshop"] {
            assert!(!holds(&answer, text), "{}", String::from_utf8_lossy(text));
        }
    }
    assert!(
        holds(&answer(&sample("flower-p3.jpg"), "strip_exif=true"), b"ICC_PROFILE"),
        "pixels are Display P3"
    );
    assert!(!holds(&answer(&sample("china.jpg"), "strip_exif=true"), b"ICC_PROFILE"), "pixels are sRGB");
    let upright = answer(&sample("astronaut-gps-orient6.jpg"), "strip_exif=true");
    let original = Picture::decode(&sample("astronaut-gps-orient6.jpg"));
    assert_eq!(Picture::decode(&upright).width, original.height, "it has to be turned");
}

#[test]
fn chroma_subsampling_is_that_of_the_original() {
    start();
    let pixels: Vec<u8> = (0..64 * 64 * 3).map(|at| (at * 31 % 253) as u8).collect();
    let image = Image::from_pixels(&pixels, 64, 64, 3).unwrap();
    let sampling = |file: &Bytes| vips_ops::source::jpeg::sampling(file).unwrap()[0];
    for (subsample, factors) in [(Subsample::On, (2, 2)), (Subsample::Off, (1, 1))] {
        for quality in [70, 95] {
            let jpeg = image.save_jpeg(quality, JpegScan::Baseline, subsample, Keep::Nothing).unwrap();
            assert_eq!(sampling(&answer(&jpeg, "width=40")), factors, "{quality}");
            assert_eq!(sampling(&answer(&jpeg, "width=40&quality=95")), (1, 1));
            assert_eq!(sampling(&answer(&jpeg, "width=40&quality=80")), (2, 2));
        }
    }
}

#[test]
fn an_unapplied_orientation_of_a_tiff_is_kept() {
    // a TIFF of 3 × 2 grey pixels that is stored rotated
    let entry = |tag: u16, value: u16| {
        [&tag.to_le_bytes()[..], &3u16.to_le_bytes(), &1u32.to_le_bytes(), &value.to_le_bytes(), &[0, 0]]
            .concat()
    };
    let entries = [
        entry(0x100, 3),
        entry(0x101, 2),
        entry(0x102, 8),
        entry(0x103, 1),
        entry(0x106, 1),
        entry(0x111, 8),
        entry(0x112, 6),
        entry(0x115, 1),
        entry(0x116, 2),
        entry(0x117, 6),
    ];
    let directory = [&10u16.to_le_bytes()[..], &entries.concat(), &[0; 4]].concat();
    let tiff: Bytes = [&b"II*\0\x0e\0\0\0"[..], &[0, 50, 99, 140, 200, 255], &directory].concat().into();
    for format in FORMATS {
        let stored = answer(&tiff, &format!("autorotate=false&format={format}"));
        let orientation =
            exif(&stored).unwrap().get_field(Tag::Orientation, In::PRIMARY).unwrap().value.get_uint(0);
        assert_eq!(orientation, Some(6), "{format}");
        for query in ["autorotate=false&strip_exif=true", "width=2"] {
            assert!(exif(&answer(&tiff, &format!("{query}&format={format}"))).is_none(), "{format} {query}");
        }
    }
}
