//! PNG beside libvips: what is encoded is decoded by libvips, and files with every kind of fault come out as by libvips.

use std::io::Write;

use ::codecs::{PngEncoder, PngStrategy, Shape};
use bytes::Bytes;
use flate2::{Compression, Crc, write::ZlibEncoder};
use image_api::source::Codec;
use proptest::prelude::*;
use testkit::sample;
use vips_ops::vips::{Access, Image, Loader};

use crate::codecs::{codec, difference, render};

/// An RGB picture of rows with each filter in turn, as they are stored.
struct File {
    width: u32,
    height: u32,
    /// Filtered rows.
    rows: Vec<u8>,
}

impl File {
    fn new(width: u32, height: u32) -> Self {
        let row = |y: u32| {
            let filter = if y.is_multiple_of(7) { y / 7 % 5 } else { 4 };
            let value = move |at: u32| if at.is_multiple_of(5) { (at * y) as u8 % 9 } else { 1 };
            std::iter::once(filter as u8).chain((0..3 * width).map(value))
        };
        Self { width, height, rows: (0..height).flat_map(row).collect() }
    }

    fn header(&self) -> Vec<u8> {
        [&self.width.to_be_bytes()[..], &self.height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat()
    }

    fn compressed(&self) -> Vec<u8> {
        compressed(&self.rows)
    }

    /// A file with these chunks between the header and the end.
    fn with(&self, chunks: &[Vec<u8>]) -> Vec<u8> {
        let signature = b"\x89PNG\r\n\x1a\n".to_vec();
        [signature, chunk(*b"IHDR", &self.header()), chunks.concat(), chunk(*b"IEND", &[])].concat()
    }
}

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(1));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
    let mut crc = Crc::new();
    crc.update(&name);
    crc.update(body);
    [&(body.len() as u32).to_be_bytes()[..], &name, body, &crc.sum().to_be_bytes()].concat()
}

/// Exchanges a byte; the position counts from the end if it is negative.
fn changed(mut bytes: Vec<u8>, at: isize) -> Vec<u8> {
    let at = if at < 0 { bytes.len() - at.unsigned_abs() } else { at.unsigned_abs() };
    bytes[at] ^= 0x55;
    bytes
}

/// Files whose chunks are broken or unusual.
fn odd_chunks(file: &File) -> Vec<(&'static str, Vec<u8>)> {
    let data = file.compressed();
    let whole = file.with(&[chunk(*b"IDAT", &data)]);
    let split = |size: usize| data.chunks(size).map(|part| chunk(*b"IDAT", part)).collect::<Vec<_>>();
    let (start, end) = data.split_at(data.len() / 2);
    vec![
        ("split", file.with(&split(1000))),
        ("split by bytes", file.with(&[split(1)[..9].to_vec(), vec![chunk(*b"IDAT", &data[9..])]].concat())),
        ("empty parts", file.with(&[chunk(*b"IDAT", &[]), chunk(*b"IDAT", &data), chunk(*b"IDAT", &[])])),
        ("no parts", file.with(&[])),
        ("one empty part", file.with(&[chunk(*b"IDAT", &[])])),
        (
            "text between",
            file.with(&[chunk(*b"IDAT", start), chunk(*b"tEXt", b"a\0b"), chunk(*b"IDAT", end)]),
        ),
        ("text after", file.with(&[chunk(*b"IDAT", &data), chunk(*b"tEXt", b"a\0b")])),
        ("broken text after", file.with(&[chunk(*b"IDAT", &data), changed(chunk(*b"tEXt", b"a\0b"), -1)])),
        ("unknown and critical after", file.with(&[chunk(*b"IDAT", &data), chunk(*b"ABCD", b"a")])),
        ("checksum of the pixels' chunk", file.with(&[changed(chunk(*b"IDAT", &data), -1)])),
        ("trailing garbage", [&whole[..], &[7; 99]].concat()),
        ("no end", whole[..whole.len() - 12].to_vec()),
        ("half of the end", whole[..whole.len() - 6].to_vec()),
        ("animated", file.with(&[chunk(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]), chunk(*b"IDAT", &data)])),
        ("transparent colour", file.with(&[chunk(*b"tRNS", &[0, 0, 0, 1, 0, 1]), chunk(*b"IDAT", &data)])),
        ("suggested palette", file.with(&[chunk(*b"PLTE", &[1; 6]), chunk(*b"IDAT", &data)])),
        ("whole", whole),
    ]
}

/// Files whose compressed rows are broken or unusual.
fn odd_rows(file: &File) -> Vec<(&'static str, Vec<u8>)> {
    let (data, rows) = (file.compressed(), &file.rows);
    let row = 3 * file.width as usize + 1;
    let of = |data: &[u8]| file.with(&[chunk(*b"IDAT", data)]);
    let stored = |rows: &[u8]| of(&compressed(rows));
    let unknown_filter = changed(rows.clone(), (row * (file.height as usize / 2)) as isize);
    let small_window = [&[0x08, 0x1d], &data[2..]].concat();
    vec![
        ("checksum of zlib", of(&changed(data.clone(), -1))),
        ("byte in the middle", of(&changed(data.clone(), data.len() as isize / 2))),
        ("header of zlib", of(&changed(data.clone(), 0))),
        ("small window", of(&small_window)),
        ("trailing bytes of zlib", of(&[&data[..], b"garbage"].concat())),
        ("no checksum of zlib", of(&data[..data.len() - 4])),
        ("half of zlib", of(&data[..data.len() / 2])),
        ("unknown filter", stored(&unknown_filter)),
        ("a byte too few", stored(&rows[..rows.len() - 1])),
        ("a row too few", stored(&rows[..rows.len() - row])),
        ("a byte too many", stored(&[&rows[..], &[0]].concat())),
        ("rows too many", stored(&[&rows[..], &rows[..]].concat())),
    ]
}

fn check_odd_files(file: &File) {
    crate::start();
    let mut failures = Vec::new();
    let mut taken = 0;
    for (name, bytes) in odd_chunks(file).into_iter().chain(odd_rows(file)) {
        let bytes: Bytes = bytes.into();
        let query = "format=png&width=40&height=40";
        let is_taken = codec(&bytes).is_some();
        taken += usize::from(is_taken);
        if is_taken && let Some(found) = difference(&bytes, Codec::Png, query) {
            failures.push(format!("{name}: {found}"));
        }
    }
    assert!(taken > 20, "{taken}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn faults_of_small_files_are_judged_as_by_libvips() {
    check_odd_files(&File::new(61, 67));
}

#[test]
fn faults_of_large_files_are_judged_as_by_libvips() {
    // more than is inflated at once
    check_odd_files(&File::new(2400, 2400));
}

/// Names and bodies of the chunks that do not hold pixels.
fn metadata(file: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut at, mut found) = (8, Vec::new());
    while at < file.len() {
        let length = u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
        let (name, body) = (&file[at + 4..at + 8], &file[at + 8..at + 8 + length]);
        if name != b"IDAT" {
            found.push((name.to_vec(), body.to_vec()));
        }
        at += 12 + length;
    }
    found
}

#[test]
fn metadata_is_that_of_libvips() {
    let mut seen = std::collections::BTreeSet::new();
    let originals =
        ["flower-p3.jpg", "astronaut-gps-orient6.jpg", "grace_hopper.jpg", "camera.png", "coffee.png"];
    for name in originals {
        for query in ["format=png&width=90", "format=png&width=90&strip_exif=1"] {
            let [ours, theirs] = [true, false].map(|on| {
                let file = render(&sample(name), query, on).unwrap().bytes;
                metadata(&file)
            });
            assert_eq!(ours, theirs, "{name}?{query}");
            seen.extend(ours.into_iter().map(|(name, _)| String::from_utf8(name).unwrap()));
        }
    }
    for name in ["eXIf", "pHYs"] {
        assert!(seen.contains(name), "{seen:?}");
    }
}

#[test]
fn photographs_take_fewer_bytes() {
    for name in ["china.jpg", "coffee.png", "flower.jpg"] {
        let [ours, theirs] =
            [true, false].map(|on| render(&sample(name), "format=png&width=300", on).unwrap().bytes.len());
        assert!(ours * 100 < theirs * 97, "{name}: {ours} and {theirs} bytes");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn libvips_decodes_what_was_encoded(
        (width, height, bands) in (1..=70u32, 1..=9u32, 1..=4u32),
        level in 0..=12u8,
        noise in prop::collection::vec(any::<u8>(), 70 * 9 * 4),
        smooth in prop::collection::vec(any::<bool>(), 9),
    ) {
        crate::start();
        let row = (width * bands) as usize;
        let rows = noise.chunks_exact(row).zip(smooth).take(height as usize);
        // a smooth row is filtered, a noisy one is not
        let pixels: Vec<u8> = rows
            .enumerate()
            .flat_map(|(y, (row, smooth))| {
                row.iter().enumerate().map(move |(x, value)| {
                    if smooth { (value % 3).wrapping_add((3 * x + 5 * y) as u8) } else { *value }
                })
            })
            .collect();
        let mut encoder = PngEncoder::new(Shape { width, height, bands, depth: 1 }, PngStrategy::LeastSum).unwrap();
        encoder.write(&pixels);
        let file: Bytes = encoder.finish(level, &[], &[]).unwrap().into();
        let image = Image::load(&file, &Loader::Png, Access::Sequential).unwrap();
        prop_assert_eq!((image.width(), image.height(), image.bands()), (width, height, bands));
        prop_assert_eq!(&image.pixels().unwrap()[..], &pixels[..]);
    }
}
