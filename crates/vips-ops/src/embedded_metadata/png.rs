//! EXIF in a PNG: the chunk `eXIf` (PNG, third edition, 11.3.2.6).

use bytes::Bytes;

use crate::encode::png_chunks;

/// Inserts an EXIF block, which begins with the TIFF header, after the header chunk.
pub fn with_exif(file: &Bytes, exif: &[u8]) -> Bytes {
    // the header is the first chunk; without one the file is returned unchanged
    let Some(header) = png_chunks::read(file).next() else { return file.clone() };
    let at = png_chunks::SIGNATURE + header.whole.len();
    let mut out = Vec::with_capacity(file.len() + exif.len() + 16);
    out.extend_from_slice(&file[..at]);
    png_chunks::append(&mut out, *b"eXIf", exif);
    out.extend_from_slice(&file[at..]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exif_follows_the_header() {
        let mut file = vec![0; png_chunks::SIGNATURE];
        png_chunks::append(&mut file, *b"IHDR", &[7; 13]);
        png_chunks::append(&mut file, *b"IEND", &[]);
        let with = with_exif(&file.into(), b"MM\0*");
        let names: Vec<_> = png_chunks::read(&with).map(|chunk| *chunk.name).collect();
        assert_eq!(names, [*b"IHDR", *b"eXIf", *b"IEND"]);
        assert_eq!(with_exif(&Bytes::new(), b"MM\0*"), Bytes::new());
    }
}
