//! Length of a video, from the boxes of an MP4 file (ISO/IEC 14496-12).

/// Bytes of a box header: length and type.
const HEAD: usize = 8;

/// Frames and duration of a video.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Length {
    /// Number of frames.
    pub frames: u32,
    /// Duration in seconds.
    pub seconds: f64,
}

/// Reads the length of the first track; `None` if the bytes are not such a file.
pub fn parse(video: &[u8]) -> Option<Length> {
    let media = within(within(within(video, *b"moov")?, *b"trak")?, *b"mdia")?;
    let header = within(media, *b"mdhd")?;
    let (timescale, duration) = match header.first()? {
        0 => (number(header, 12)?, u64::from(number(header, 16)?)),
        _ => (number(header, 20)?, u64::from(number(header, 24)?) << 32 | u64::from(number(header, 28)?)),
    };
    let table = within(within(media, *b"minf")?, *b"stbl")?;
    let frames = number(within(table, *b"stsz")?, 8)?;
    Some(Length { frames, seconds: duration as f64 / f64::from(timescale.max(1)) })
}

/// The body of the first box of a type.
fn within(boxes: &[u8], wanted: [u8; 4]) -> Option<&[u8]> {
    let mut rest = boxes;
    loop {
        let length = number(rest, 0)? as usize;
        let kind = rest.get(4..HEAD)?;
        let content = rest.get(HEAD..length)?;
        if kind == wanted {
            return Some(content);
        }
        rest = rest.get(length..)?;
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        [&((HEAD + content.len()) as u32).to_be_bytes(), &kind[..], content].concat()
    }

    #[test]
    fn the_length_is_that_of_the_first_track() {
        let header = wrapped(*b"mdhd", &[[0; 12], [0, 0, 3, 232, 0, 0, 9, 196, 0, 0, 0, 0]].concat());
        let sizes = wrapped(*b"stsz", &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7]);
        let table = wrapped(*b"minf", &wrapped(*b"stbl", &sizes));
        let media = wrapped(*b"mdia", &[header, table].concat());
        let video = [wrapped(*b"ftyp", b"isom"), wrapped(*b"moov", &wrapped(*b"trak", &media))].concat();
        assert_eq!(parse(&video), Some(Length { frames: 7, seconds: 2.5 }));
        for end in 0..video.len() {
            let _ = parse(&video[..end]);
        }
        assert_eq!(parse(&video[..video.len() - 1]), None);
        assert_eq!(parse(b"\0\0\0\0moov"), None);
    }
}
