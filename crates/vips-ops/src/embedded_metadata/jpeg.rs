//! Application segments of a JPEG: removed or inserted without decoding (ITU-T T.81, B.2.4.6).

use bytes::Bytes;

/// Markers: start and end of image, start of scan, APP0 to APP15, comment.
const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;
const APP14: u8 = 0xee;
const APP15: u8 = 0xef;
const COM: u8 = 0xfe;

/// Signature of a JFIF segment, and the offset in it after which the thumbnail's dimensions follow; signatures of ICC
/// profile and EXIF segments.
const JFIF: &[u8] = b"JFIF\0";
const JFIF_SIDES: usize = 16;
const PROFILE: &[u8] = b"ICC_PROFILE\0";
const EXIF: &[u8] = b"Exif\0\0";

/// Largest segment in bytes, its length field included.
const LONGEST: usize = 0xffff;

/// Removes EXIF, XMP, IPTC, comments, all other application data, and everything after the end of the image. JFIF and
/// Adobe segments are kept, since they define how colours are stored, but without JFIF thumbnails. The ICC profile is
/// kept if `keep_profile`. Returns `None` if the file cannot be parsed.
pub fn strip(file: &[u8], keep_profile: bool) -> Option<Bytes> {
    let mut kept = SOI.to_vec();
    let mut rest = file.strip_prefix(&SOI)?;
    loop {
        let (marker, segment, after) = segment(rest)?;
        let stays = match marker {
            APP0 => segment[4..].starts_with(JFIF),
            APP14 => true,
            APP2 => keep_profile && segment[4..].starts_with(PROFILE),
            APP1..=APP15 | COM => false,
            _ => true,
        };
        if stays && marker == APP0 {
            kept.extend_from_slice(&without_thumbnail(segment));
        } else if stays {
            kept.extend_from_slice(segment);
        }
        rest = after;
        if marker == SOS {
            kept.extend_from_slice(&rest[..end_of_scans(rest)?]);
            return Some(kept.into());
        }
    }
}

/// The JFIF segment with an empty thumbnail (JFIF 1.02, "JFIF Syntax").
fn without_thumbnail(segment: &[u8]) -> Vec<u8> {
    let Some(head) = segment.get(..JFIF_SIDES) else { return segment.to_vec() };
    let length = (JFIF_SIDES as u16).to_be_bytes();
    [&head[..2], &length, &head[4..], &[0, 0]].concat()
}

/// Inserts an EXIF block that begins with the TIFF header. Returns the file unchanged if the block is too long for a
/// segment.
pub fn with_exif(file: &Bytes, exif: &[u8]) -> Bytes {
    let length = 2 + EXIF.len() + exif.len();
    if length > LONGEST || !file.starts_with(&SOI) {
        return file.clone();
    }
    // JFIF must be the first segment
    let first = segment(&file[2..]).filter(|(marker, ..)| *marker == APP0);
    let at = first.map_or(2, |(_, segment, _)| 2 + segment.len());
    let head = [&[0xff, APP1][..], &(length as u16).to_be_bytes(), EXIF].concat();
    [&file[..at], &head, exif, &file[at..]].concat().into()
}

/// The file with the application segments and comments of another one before its own segments.
pub fn with_metadata_of(file: &Bytes, other: &[u8]) -> Bytes {
    let mut rest = other.get(SOI.len()..).unwrap_or_default();
    let mut length = 0;
    while let Some((APP0..=APP15 | COM, segment, after)) = segment(rest) {
        length += segment.len();
        rest = after;
    }
    let (head, segments) = (SOI.len().min(file.len()), other.get(SOI.len()..).unwrap_or_default());
    [&file[..head], &segments[..length], &file[head..]].concat().into()
}

/// Splits off the next segment: its marker, the whole segment, and the rest.
fn segment(rest: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let fill = rest.iter().take_while(|byte| **byte == 0xff).count();
    let (marker, after) = rest.get(fill..)?.split_first().filter(|_| fill > 0)?;
    let length = usize::from(u16::from_be_bytes([*after.first()?, *after.get(1)?]));
    let segment = rest.get(fill - 1..fill + 1 + length).filter(|_| length >= 2)?;
    Some((*marker, segment, &rest[fill + 1 + length..]))
}

/// The offset after the end of the image, after all scans and the tables between them.
fn end_of_scans(data: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += data.get(at..)?.iter().position(|byte| *byte == 0xff)? + 1;
        match *data.get(at)? {
            EOI => return Some(at + 1),
            // stuffed bytes, fill bytes and restart markers belong to the scan
            0 | 0xff | 0xd0..=0xd7 => {}
            _ => {
                let length = u16::from_be_bytes([*data.get(at + 1)?, *data.get(at + 2)?]);
                at += 1 + usize::from(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn app(marker: u8, content: &[u8]) -> Vec<u8> {
        [&[0xff, marker][..], &(content.len() as u16 + 2).to_be_bytes(), content].concat()
    }

    fn file(trailer: &[u8]) -> Vec<u8> {
        let parts: [&[u8]; 13] = [
            &SOI,
            &app(APP0, b"JFIF\0\x01\x02\0\0\x48\0\x48\x01\x02secret"),
            &app(APP0, b"JFXX\0\x10secret"),
            &app(APP1, b"Exif\0\0secret"),
            &app(APP2, b"ICC_PROFILE\0\x01\x01profile"),
            &app(APP2, b"MPF\0secret"),
            &app(0xed, b"Photoshop secret"),
            &app(APP14, b"Adobe"),
            &app(COM, b"secret"),
            &app(0xdb, b"table"),
            &app(SOS, b"scan"),
            &[1, 0xff, 0, 2, 0xff, 0xd0, 3, 0xff, 0xff, 0xc4, 0, 4, 9, 9, 0xff, SOS, 0, 2, 5, 0xff, EOI],
            trailer,
        ];
        parts.concat()
    }

    #[test]
    fn segments_needed_for_decoding_are_kept() {
        let file = file(b"gain map secret");
        for needed in [true, false] {
            let stripped = strip(&file, needed).unwrap();
            let holds = |text: &[u8]| stripped.windows(text.len()).any(|window| window == text);
            assert!(!holds(b"secret"));
            assert!(holds(b"JFIF") && holds(b"Adobe") && holds(b"table") && holds(b"scan"));
            assert_eq!(holds(b"profile"), needed);
            assert_eq!(stripped[2..20], app(APP0, b"JFIF\0\x01\x02\0\0\x48\0\x48\0\0"));
            assert!(stripped.ends_with(&[5, 0xff, EOI]));
        }
    }

    #[test]
    fn exif_is_inserted_after_jfif() {
        let with = with_exif(&strip(&file(b""), false).unwrap(), b"MM\0*block");
        let place = |text: &[u8]| with.windows(text.len()).position(|window| window == text).unwrap();
        assert!(place(b"JFIF") < place(b"Exif\0\0MM") && place(b"block") < place(b"Adobe"));
        let long = vec![7; 70_000];
        assert_eq!(with_exif(&with, &long), with);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_do_not_panic(noise: Vec<u8>, at in 0..150usize, value: u8) {
            let _ = strip(&noise, true);
            let mut file = file(b"");
            let at = at.min(file.len() - 1);
            file[at] = value;
            if let Some(stripped) = strip(&file, true) {
                prop_assert!(stripped.len() <= file.len());
            }
        }
    }
}
