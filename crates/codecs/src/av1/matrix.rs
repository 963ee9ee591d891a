//! From luma and colour differences to red, green and blue (ITU-T H.273, 8.3 and table 4).

/// How the three planes make a colour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Matrix {
    /// They are green, blue and red.
    Identity,
    /// They are luma and two colour differences, by the weights of red and blue in luma.
    Luma { red: f64, blue: f64 },
}

impl Matrix {
    /// The matrix of a code point; `None` for those that are left to libvips. Unspecified is BT.601, as for libheif and
    /// browsers.
    pub(super) fn of(code: u16) -> Option<Self> {
        match code {
            0 => Some(Self::Identity),
            1 => Some(Self::Luma { red: 0.2126, blue: 0.0722 }),
            2 | 5 | 6 => Some(Self::Luma { red: 0.299, blue: 0.114 }),
            9 => Some(Self::Luma { red: 0.2627, blue: 0.0593 }),
            _ => None,
        }
    }
}

/// What a sample of a plane contributes to the colours, as fractions of full scale. Luma counts from black, colour
/// differences from their middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Coefficients {
    /// Luma to each colour.
    pub luma: f64,
    /// The second colour difference to red.
    pub red: f64,
    /// Both differences to green.
    pub green: [f64; 2],
    /// The first difference to blue.
    pub blue: f64,
    /// The luma of black, in 8-bit levels.
    pub black: i16,
}

impl Coefficients {
    /// The coefficients for weights of red and blue in luma, and for samples of a depth and a range.
    pub(super) fn of(red: f64, blue: f64, bits: u32, full_range: bool) -> Self {
        // H.273, equations 24 to 26: 219 and 224 levels of 255, at 8 bits
        let levels = f64::from((1 << bits) - 1) / f64::from(1 << (bits - 8));
        let (luma, chroma) = if full_range { (1.0, 1.0) } else { (levels / 219.0, levels / 224.0) };
        let green = 1.0 - red - blue;
        let (of_red, of_blue) = (2.0 * (1.0 - red), 2.0 * (1.0 - blue));
        Self {
            luma,
            red: of_red * chroma,
            green: [-of_blue * blue / green * chroma, -of_red * red / green * chroma],
            blue: of_blue * chroma,
            black: if full_range { 0 } else { 16 },
        }
    }
}
