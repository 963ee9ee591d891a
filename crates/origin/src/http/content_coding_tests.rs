//! Bodies come back as they were, and no larger than they may be.

use std::io::Write;

use flate2::{
    Compression,
    write::{DeflateEncoder, GzEncoder, ZlibEncoder},
};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

/// Text that is a few pieces long, and shrinks a little.
fn text() -> Vec<u8> {
    (0..50_000_u32)
        .flat_map(|number| format!("{:x} ", number.wrapping_mul(2_654_435_761)).into_bytes())
        .collect()
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn raw(plain: &[u8], level: u32) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(plain: &[u8]) -> Vec<u8> {
    compress_to_vec(plain, CompressionLevel::Fastest)
}

/// Brotli without compression: meta-blocks of stored bytes (RFC 7932, 9.2), for there is no encoder here.
fn brotli(plain: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0, 1); // WBITS: 16
    for block in plain.chunks(1 << 16) {
        bits.put(0, 1); // ISLAST
        bits.put(0, 2); // MNIBBLES: 4
        bits.put(block.len() - 1, 16);
        bits.put(1, 1); // ISUNCOMPRESSED
        bits.align();
        bits.bytes.extend_from_slice(block);
    }
    bits.put(0b11, 2); // the last block, and empty
    bits.align();
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are used; 8 or none: a new byte is begun.
    used: usize,
}

impl Bits {
    fn put(&mut self, value: usize, width: usize) {
        for bit in 0..width {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
                self.used = 0;
            }
            *self.bytes.last_mut().unwrap() |= ((value >> bit & 1) as u8) << self.used;
            self.used += 1;
        }
    }

    fn align(&mut self) {
        self.used = 0;
    }
}

async fn decoded(body: Vec<u8>, codings: &str, limit: usize) -> Result<Decoded, BodyError> {
    decode(body.into(), Some(codings), limit as u64).await
}

#[actix_rt::test]
async fn every_coding_is_decoded() {
    for plain in [text(), b"x".to_vec(), vec![0; 3 * CHUNK_BYTES], vec![7; CHUNK_BYTES]] {
        for (codings, body) in [
            ("gzip", gzip(&plain)),
            ("x-gzip", gzip(&plain)),
            (" GZip ,", gzip(&plain)),
            ("deflate", zlib(&plain)),
            ("deflate", raw(&plain, 0)),
            ("Deflate", raw(&plain, 6)),
            ("br", brotli(&plain)),
            ("zstd", zstandard(&plain)),
            ("identity, gzip", gzip(&plain)),
            ("gzip, br", brotli(&gzip(&plain))),
            ("deflate, gzip, zstd", zstandard(&gzip(&zlib(&plain)))),
            ("gzip, gzip", gzip(&gzip(&plain))),
            ("identity", plain.clone()),
            ("", plain.clone()),
        ] {
            let expected = Decoded { body: plain.clone().into(), coding_warning: None };
            assert_eq!(decoded(body, codings, plain.len().max(1 << 20)).await, Ok(expected), "{codings}");
        }
    }
}

#[actix_rt::test]
async fn consecutive_members_and_padding() {
    let members = [gzip(b"one "), gzip(b"two"), vec![0; 9]].concat();
    assert_eq!(decoded(members, "gzip", 99).await.unwrap().body, "one two");
    let frames = [zstandard(b"one "), zstandard(b"two")].concat();
    assert_eq!(decoded(frames, "zstd", 99).await.unwrap().body, "one two");
}

#[actix_rt::test]
async fn nothing_grows_beyond_the_limit() {
    let plain = vec![0; 1 << 20];
    for (codings, body) in [
        ("gzip", gzip(&plain)),
        ("deflate", zlib(&plain)),
        ("deflate", raw(&plain, 6)),
        ("br", brotli(&plain)),
        ("zstd", zstandard(&plain)),
        // the result is small, what lies between is not
        ("gzip, gzip", gzip(&[gzip(b"x"), plain.clone()].concat())),
    ] {
        let exact = if codings == "gzip, gzip" { plain.len() + gzip(b"x").len() } else { plain.len() };
        assert!(decoded(body.clone(), codings, exact).await.unwrap().coding_warning.is_none(), "{codings}");
        // the padding of a gzip member is not read to its end
        let less = if codings == "gzip, gzip" { gzip(b"x").len() - 1 } else { plain.len() - 1 };
        assert_eq!(decoded(body, codings, less).await, Err(BodyError::TooLarge), "{codings}");
    }
}

#[actix_rt::test]
async fn undecodable_bodies_are_kept_with_a_warning() {
    let mut damaged = gzip(&text());
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    let truncated = gzip(&text())[..middle].to_vec();
    let too_wide = [&ZSTD_MAGIC[..], &[0, 0xff, 0, 0, 0]].concat();
    for (codings, body) in [
        ("aws-chunked", b"\xff\xd8\xff".to_vec()),
        ("?", b"\xff\xd8\xff".to_vec()),
        ("utf-8", b"\xff\xd8\xff".to_vec()),
        ("gzip", b"\xff\xd8\xff\xe0".to_vec()),
        ("deflate", b"\x89PNG\r\n\x1a\n".to_vec()),
        ("br", b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec()),
        ("zstd", b"GIF89a".to_vec()),
        ("zstd", too_wide),
        ("gzip", damaged),
        ("gzip", truncated),
        ("br", brotli(&text())[..1000].to_vec()),
        ("zstd", zstandard(&text())[..1000].to_vec()),
    ] {
        let kept = decoded(body.clone(), codings, 1 << 20).await.unwrap();
        assert_eq!(kept.body, body, "{codings}");
        assert!(
            kept.coding_warning.is_some_and(|coding_warning| coding_warning.contains(codings)),
            "{codings}"
        );
    }
    let both = decoded(gzip(b"text"), "aws-chunked,gzip", 99).await.unwrap();
    assert_eq!((&both.body[..], both.coding_warning.is_some()), (&b"text"[..], true));
    let many = decoded(vec![1], "gzip,gzip,gzip,gzip", 99).await;
    assert!(matches!(many, Err(BodyError::Broken(reason)) if reason.contains("at most 3")));
    assert_eq!(
        decoded(Vec::new(), "gzip", 99).await.unwrap(),
        Decoded { body: Bytes::new(), coding_warning: None }
    );
}
