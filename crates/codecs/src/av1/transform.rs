//! Rows of what is shown of a coded image: cropped, rotated and mirrored.

use super::Decoded;
use crate::{buffer::Buffer, decoder::Shape, heif::Geometry};

/// Rows of the coded image that become pieces of columns at once, so that what is written lies together.
const STRIP: u32 = 16;

/// The rows of an image.
pub(super) enum Transform {
    /// Those of the coded image.
    Coded(Decoded),
    /// Parts of them, perhaps reversed and from the last to the first.
    Rows {
        decoded: Decoded,
        coded: Shape,
        geometry: Geometry,
        /// A row of the coded image.
        line: Vec<u8>,
    },
    /// Its columns: rows that are converted already.
    Columns { rows: Buffer, row: usize },
}

impl Transform {
    pub(super) fn new(decoded: Decoded, coded: Shape, geometry: Geometry) -> Self {
        if geometry.is_identity((coded.width, coded.height)) {
            return Self::Coded(decoded);
        }
        if geometry.is_transposed {
            let row = geometry.height as usize * coded.pixel_bytes();
            return Self::Columns { rows: columns(decoded, coded, &geometry), row };
        }
        Self::Rows { decoded, coded, geometry, line: vec![0; coded.row_bytes()] }
    }

    /// Writes a row.
    pub(super) fn row(&mut self, index: u32, out: &mut [u8]) {
        match self {
            Self::Coded(decoded) => decoded.row(index, out),
            Self::Rows { decoded, coded, geometry, line } => {
                decoded.row(coded_row(geometry, index), line);
                let pixel = coded.pixel_bytes();
                let part = &line[geometry.left as usize * pixel..][..out.len()];
                if geometry.is_mirrored {
                    reverse(pixel, part, out);
                } else {
                    out.copy_from_slice(part);
                }
            }
            Self::Columns { rows, row } => {
                out.copy_from_slice(&rows[index as usize * *row..][..*row]);
            }
        }
    }
}

/// The row of the coded image that is row `index` of the part, or that becomes its column `index`.
fn coded_row(geometry: &Geometry, index: u32) -> u32 {
    geometry.top + if geometry.is_flipped { geometry.height - 1 - index } else { index }
}

fn reverse(pixel: usize, from: &[u8], out: &mut [u8]) {
    for (out, from) in out.chunks_exact_mut(pixel).zip(from.rchunks_exact(pixel)) {
        out.copy_from_slice(from);
    }
}

/// Converts the part of an image that is shown, its columns as rows. The planes are freed.
fn columns(mut decoded: Decoded, coded: Shape, geometry: &Geometry) -> Buffer {
    let (pixel, line) = (coded.pixel_bytes(), coded.row_bytes());
    let (width, height) = (geometry.width as usize, geometry.height as usize);
    let mut rows = Buffer::with_length(width * height * pixel);
    let mut strip = vec![0; line * STRIP as usize];
    for first in (0..geometry.height).step_by(STRIP as usize) {
        let count = STRIP.min(geometry.height - first);
        for (index, line) in (first..first + count).zip(strip.chunks_exact_mut(line)) {
            decoded.row(coded_row(geometry, index), line);
        }
        for (index, out) in rows.chunks_exact_mut(height * pixel).enumerate() {
            let column = if geometry.is_mirrored { width - 1 - index } else { index };
            let at = (geometry.left as usize + column) * pixel;
            let out = &mut out[first as usize * pixel..][..count as usize * pixel];
            match pixel {
                3 => gather::<3>(&strip, line, at, out),
                4 => gather::<4>(&strip, line, at, out),
                6 => gather::<6>(&strip, line, at, out),
                _ => gather::<8>(&strip, line, at, out),
            }
        }
    }
    rows
}

/// Copies the pixel at an offset of each row.
fn gather<const N: usize>(strip: &[u8], line: usize, at: usize, out: &mut [u8]) {
    for (out, row) in out.as_chunks_mut::<N>().0.iter_mut().zip(strip.chunks_exact(line)) {
        out.copy_from_slice(&row[at..at + N]);
    }
}
