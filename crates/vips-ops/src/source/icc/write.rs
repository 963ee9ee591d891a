//! Profiles for colours that a file signals without one, so that all conversions go one way.

use crate::source::encoding::{D50, Encoding};

use super::{HEADER, TAG_ENTRY};

/// Entries of a curve: linear steps between them are finer than 8 bits even for PQ.
const ENTRIES: u32 = 4096;

/// Version 4.2 (ICC.1:2022, 7.2.4); a display's profile.
const VERSION: [u8; 4] = [4, 0x20, 0, 0];

/// A profile of matrix and curve that does what an encoding says; none if the primaries span no colours.
pub fn written_for(encoding: &Encoding) -> Option<Vec<u8>> {
    let matrix = encoding.primaries.to_profile_space()?;
    let column = |n: usize| xyz(matrix.map(|row| row[n]));
    let curves = [*b"rTRC", *b"gTRC", *b"bTRC"].to_vec();
    Some(file(&[
        (vec![*b"wtpt"], xyz(D50)),
        (vec![*b"rXYZ"], column(0)),
        (vec![*b"gXYZ"], column(1)),
        (vec![*b"bXYZ"], column(2)),
        (curves, curve(encoding)),
    ]))
}

fn curve(encoding: &Encoding) -> Vec<u8> {
    let place = |index: u32| f64::from(index) / f64::from(ENTRIES - 1);
    let light = |index| (encoding.light(place(index)) * f64::from(u16::MAX)).round() as u16;
    let head = [b"curv\0\0\0\0".as_slice(), &ENTRIES.to_be_bytes()].concat();
    head.into_iter().chain((0..ENTRIES).flat_map(|index| light(index).to_be_bytes())).collect()
}

fn xyz(numbers: [f64; 3]) -> Vec<u8> {
    let numbers = numbers.map(|number| ((number * 65_536.0).round() as i32).to_be_bytes());
    [b"XYZ \0\0\0\0".as_slice(), &numbers.concat()].concat()
}

/// The whole file: header, table of tags, data. A block of data may belong to several tags.
fn file(blocks: &[(Vec<[u8; 4]>, Vec<u8>)]) -> Vec<u8> {
    let tags: usize = blocks.iter().map(|(tags, _)| tags.len()).sum();
    let mut start = HEADER + 4 + tags * TAG_ENTRY;
    let length = start + blocks.iter().map(|(_, data)| data.len()).sum::<usize>();
    let mut bytes = vec![0; HEADER];
    // fields of the header (ICC.1:2022, table 17)
    let fields: [(usize, &[u8]); 8] = [
        (0, &(length as u32).to_be_bytes()),
        (8, &VERSION),
        (12, b"mntr"),
        (16, b"RGB "),
        (20, b"XYZ "),
        (36, b"acsp"),
        (64, &[0, 0, 0, 1]),
        (68, &xyz(D50)[8..]),
    ];
    for (at, field) in fields {
        bytes[at..at + field.len()].copy_from_slice(field);
    }
    bytes.extend((tags as u32).to_be_bytes());
    for (tags, data) in blocks {
        for tag in tags {
            bytes.extend(
                [tag.as_slice(), &(start as u32).to_be_bytes(), &(data.len() as u32).to_be_bytes()].concat(),
            );
        }
        start += data.len();
    }
    blocks.iter().for_each(|(_, data)| bytes.extend(data));
    bytes
}
