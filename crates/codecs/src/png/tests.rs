//! Round trips, and files that are broken.

use bytes::Bytes;
use proptest::prelude::*;

use super::{
    DECODER, Encoder, Strategy as Choice, chunks, encode_levels, stream, two_rows::unfilter_two_paeth,
    unfilter::unfilter,
};
use crate::decoder::{Rows, Shape};

fn decode(file: &[u8]) -> Option<(Shape, Vec<u8>)> {
    let file = Bytes::copy_from_slice(file);
    let shape = (DECODER.takes)(&file)?;
    if shape.row_bytes().saturating_mul(shape.height as usize) > 64 << 20 {
        return None;
    }
    let mut rows = (DECODER.open)(&file, 1).ok()?;
    let mut pixels = vec![0; shape.row_bytes() * shape.height as usize];
    rows.read(&mut pixels).ok()?;
    Some((shape, pixels))
}

fn encode(shape: Shape, level: u8, pixels: &[u8]) -> Vec<u8> {
    encode_by(Choice::LeastSum, shape, level, pixels)
}

fn encode_by(choice: Choice, shape: Shape, level: u8, pixels: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(shape, choice).unwrap();
    encoder.write(pixels);
    encoder.finish(level, &[], &[]).unwrap()
}

/// An image of noise, slopes and flat parts, so that every filter is the best of some row.
fn image() -> impl Strategy<Value = (Shape, Vec<u8>)> {
    let shape = (1..=70u32, 1..=12u32, 1..=4u32).prop_map(|(width, height, bands)| Shape {
        width,
        height,
        bands,
        depth: 1,
    });
    shape.prop_flat_map(|shape| {
        let row = prop_oneof![
            prop::collection::vec(any::<u8>(), shape.row_bytes()),
            prop::collection::vec(120..130u8, shape.row_bytes()),
            (any::<u8>(), any::<u8>()).prop_map(move |(from, step)| {
                (0..shape.row_bytes()).map(|at| from.wrapping_add((at as u8).wrapping_mul(step))).collect()
            }),
        ];
        prop::collection::vec(row, shape.height as usize).prop_map(move |rows| (shape, rows.concat()))
    })
}

/// Paeth's predictor as PNG, 9.4 writes it.
fn reference_paeth(a: u8, b: u8, c: u8) -> u8 {
    let p = i32::from(a) + i32::from(b) - i32::from(c);
    let [pa, pb, pc] = [a, b, c].map(|value| (p - i32::from(value)).abs());
    if pa <= pb && pa <= pc {
        a
    } else if pb <= pc {
        b
    } else {
        c
    }
}

fn reference(filter: u8, pixel: usize, above: &[u8], row: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::new();
    for (at, value) in row.iter().enumerate() {
        let left = at.checked_sub(pixel);
        let a = left.map_or(0, |at| out[at]);
        let b = above.get(at).copied().unwrap_or_default();
        let c = left.and_then(|at| above.get(at)).copied().unwrap_or_default();
        let predicted = match filter {
            1 => a,
            2 => b,
            3 => u16::from(a).midpoint(u16::from(b)) as u8,
            4 => reference_paeth(a, b, c),
            _ => 0,
        };
        out.push(value.wrapping_add(predicted));
    }
    out
}

proptest! {
    #[test]
    fn rows_are_unfiltered_as_the_standard_says(
        (filter, pixel, pixels) in (0..=4u8, 1..=4usize, 1..=70usize),
        is_first in any::<bool>(),
        bytes in prop::collection::vec(any::<u8>(), 2 * 4 * 70),
    ) {
        let (above, row) = bytes.split_at(4 * 70);
        let (above, row) = (&above[..pixel * pixels], &row[..pixel * pixels]);
        let above = if is_first { &[] } else { above };
        let mut found = row.to_vec();
        unfilter(filter, pixel, above, &mut found);
        prop_assert_eq!(found, reference(filter, pixel, above, row));
    }

    #[test]
    fn two_rows_are_unfiltered_as_one_after_the_other(
        (pixel, pixels) in (1..=4usize, 1..=70usize),
        bytes in prop::collection::vec(any::<u8>(), 3 * 4 * 70),
    ) {
        let mut rows = bytes.chunks(4 * 70).map(|row| row[..pixel * pixels].to_vec());
        let [above, mut first, mut second] = std::array::from_fn(|_| rows.next().unwrap());
        let expected = reference(4, pixel, &above, &first);
        let expected = (expected.clone(), reference(4, pixel, &expected, &second));
        unfilter_two_paeth(pixel, &above, &mut first, &mut second);
        prop_assert_eq!((first, second), expected);
    }

    #[test]
    fn pictures_survive((shape, pixels) in image(), level in 0..=12u8) {
        prop_assert_eq!(decode(&encode(shape, level, &pixels)), Some((shape, pixels)));
    }

    #[test]
    fn pictures_survive_every_choice_of_filters((shape, pixels) in image()) {
        for choice in [Choice::LeastSum, Choice::LeastEntropy, Choice::FewestPairs, Choice::Average] {
            prop_assert_eq!(decode(&encode_by(choice, shape, 12, &pixels)), Some((shape, pixels.clone())));
        }
    }

    #[test]
    fn rows_that_are_inflated_on_demand_are_the_same(
        (shape, pixels) in image(), level in 0..=12u8, part in 1..400usize, rows in 1..=3usize,
        cut in any::<prop::sample::Index>(),
    ) {
        let file = encode(shape, level, &pixels);
        let data = Bytes::copy_from_slice(chunks::pixels(&file, &mut vec![0; file.len()]).unwrap());
        let read = |data: &Bytes| -> crate::Result<_> {
            let parts: Vec<_> = data.chunks(part).collect();
            let mut reader = stream::Reader::open(data, shape, &parts)?;
            let mut found = vec![0; pixels.len()];
            found.chunks_mut(rows * shape.row_bytes()).try_for_each(|rows| reader.read(rows))?;
            let more = reader.read(&mut vec![0; shape.row_bytes()]);
            Ok((found, more.is_err()))
        };
        prop_assert_eq!(read(&data).unwrap(), (pixels.clone(), true));
        // the checksum at the end, and all before it
        let cut = data.slice(..cut.index(data.len()));
        prop_assert!(read(&cut).is_err(), "{} of {} bytes", cut.len(), data.len());
    }

    #[test]
    fn levels_are_packed_from_the_highest_bits(
        (width, height, bits) in (1..=70u32, 1..=5u32, prop::sample::select(vec![1u8, 2, 4, 8])),
        noise in prop::collection::vec(any::<u8>(), 70 * 5),
    ) {
        let values: Vec<u8> = noise[..(width * height) as usize].iter().map(|value| value >> (8 - bits)).collect();
        let file = encode_levels(width, height, bits, &values, 5).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let info = reader.info();
        prop_assert_eq!((info.width, info.height, info.bit_depth as u8), (width, height, bits));
        let mut found = Vec::new();
        while let Some(row) = reader.next_row().unwrap() {
            let bit = |at: usize| row.data()[at / 8] >> (7 - at % 8) & 1;
            let value = |at: usize| {
                (0..usize::from(bits)).fold(0, |value, place| value << 1 | bit(at * usize::from(bits) + place))
            };
            found.extend((0..width as usize).map(value));
        }
        prop_assert_eq!(found, values);
    }

    #[test]
    fn changed_bytes_never_panic((shape, pixels) in image(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut file = encode(shape, 1, &pixels);
        let at = at.index(file.len());
        if file[at] != to {
            file[at] = to;
            prop_assert_eq!(decode(&file), None);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(decode(&bytes), None);
        let signed = [&chunks::SIGNATURE[..], &bytes].concat();
        prop_assert_eq!(decode(&signed), None);
    }
}

#[test]
fn all_predictions_are_those_of_the_standard() {
    for a in 0..=u8::MAX {
        for b in 0..=u8::MAX {
            for c in [0, 1, 2, 63, 64, 127, 128, 129, 200, 254, 255, a, b] {
                let expected = reference_paeth(a, b, c);
                assert_eq!(super::filter::predict(a, b, c), expected, "{a} {b} {c}");
                assert_eq!(
                    super::unfilter::predict(a.into(), b.into(), c.into()),
                    expected.into(),
                    "{a} {b} {c}"
                );
            }
        }
    }
}
