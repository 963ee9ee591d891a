//! The `jpeg` object: how colours are stored.

use serde::Serialize;

use crate::source::jpeg::sampling;

/// Properties of a JPEG.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Jpeg {
    /// libjpeg's number of the colour space of the decoded file (`J_COLOR_SPACE` in `jpeglib.h`).
    colorspace: u8,
    /// Sampling factors of the components, `2x2,1x1,1x1` for 4:2:0.
    sampling_factor: String,
}

/// Values of `J_COLOR_SPACE`: greyscale, RGB, CMYK.
const GREY: u8 = 1;
const RGB: u8 = 2;
const CMYK: u8 = 4;

/// Parses the frame header of a JPEG.
pub fn parse(bytes: &[u8]) -> Option<Jpeg> {
    let factors = sampling(bytes)?;
    let colorspace = match factors.len() {
        1 => GREY,
        3 => RGB,
        4 => CMYK,
        // `JCS_UNKNOWN`
        _ => 0,
    };
    let written: Vec<_> = factors.iter().map(|(across, down)| format!("{across}x{down}")).collect();
    Some(Jpeg { colorspace, sampling_factor: written.join(",") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_space_and_sampling_by_components() {
        let frame = |components: &[u8]| {
            let mut file = vec![0xff, 0xd8, 0xff, 0xc0, 0, 8 + 3 * components.len() as u8, 8, 0, 1, 0, 1];
            file.push(components.len() as u8);
            file.extend(components.iter().flat_map(|sampling| [1, *sampling, 0]));
            parse(&file).map(|jpeg| (jpeg.colorspace, jpeg.sampling_factor))
        };
        assert_eq!(frame(&[0x22, 0x11, 0x11]), Some((2, "2x2,1x1,1x1".to_owned())));
        assert_eq!(frame(&[0x11]), Some((1, "1x1".to_owned())));
        assert_eq!(frame(&[0x11, 0x11, 0x11, 0x11]), Some((4, "1x1,1x1,1x1,1x1".to_owned())));
        assert_eq!(parse(b""), None);
    }
}
