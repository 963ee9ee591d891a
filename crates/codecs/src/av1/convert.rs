//! Rows of decoded planes to rows of RGB, in integers.
#![expect(
    clippy::inline_always,
    reason = "compiled twice: for any processor, and inside of a function for AVX2"
)]

use super::{
    ffi::{Frame, Header, Layout, Sample},
    matrix::{Coefficients, Matrix},
    still::Still,
    upsample::{UNIT, Upsampler},
};

/// Converts the rows of an image.
pub(super) enum Converter {
    /// Of 8 bits.
    Narrow(Rows<u8>),
    /// Of 10 or 12 bits.
    Wide(Rows<u16>),
}

/// Converts the rows of an image with samples of a type.
pub(super) struct Rows<T: Sample> {
    layout: Layout,
    bits: u32,
    /// `None` for samples that are RGB already.
    fixed: Option<Fixed>,
    upsamplers: [Upsampler<T>; 2],
    /// Upsampled colour differences of a row.
    differences: [Vec<T::Sum>; 2],
    /// A row of red, green and blue.
    colours: [Vec<T>; 3],
}

/// Coefficients in fixed point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixed {
    /// In 1/2¹⁴.
    luma: i16,
    /// In 1/2¹³: to red, to green and to blue.
    red: i16,
    green: [i16; 2],
    blue: i16,
    black: i16,
}

/// Bits after the point of the coefficient of luma, and of those of colour differences, which go up to 2.2.
const LUMA_BITS: u32 = 14;
const DIFFERENCE_BITS: u32 = 13;

impl Fixed {
    pub(super) fn of(coefficients: &Coefficients) -> Self {
        let difference = |value: f64| (value * f64::from(1 << DIFFERENCE_BITS)).round() as i16;
        Self {
            luma: (coefficients.luma * f64::from(1 << LUMA_BITS)).round() as i16,
            red: difference(coefficients.red),
            green: coefficients.green.map(difference),
            blue: difference(coefficients.blue),
            black: coefficients.black,
        }
    }
}

impl Converter {
    pub(super) fn new(still: &Still) -> Self {
        if still.colour.header.bits > 8 {
            let middle = i32::from(UNIT) << (still.colour.header.bits - 1);
            Self::Wide(Rows::new(still, middle))
        } else {
            Self::Narrow(Rows::new(still, UNIT << 7))
        }
    }

    /// Converts row `index` of a frame, and of an alpha plane, into `out`.
    pub(super) fn convert(&mut self, colour: &Frame, alpha: Option<&Frame>, index: usize, out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            unsafe { self.convert_by_avx2(colour, alpha, index, out) };
            return;
        }
        self.convert_row(colour, alpha, index, out);
    }

    /// The same code, compiled for AVX2.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn convert_by_avx2(&mut self, colour: &Frame, alpha: Option<&Frame>, index: usize, out: &mut [u8]) {
        self.convert_row(colour, alpha, index, out);
    }

    #[inline(always)]
    fn convert_row(&mut self, colour: &Frame, alpha: Option<&Frame>, index: usize, out: &mut [u8]) {
        match self {
            Self::Narrow(rows) => {
                rows.convert(colour, index, |fixed, _, luma, differences, colours| {
                    narrow(fixed, luma, differences, colours);
                });
                interleave(rows.colours(colour, index), alpha.map(|plane| plane.row(0, index)), out);
            }
            Self::Wide(rows) => {
                rows.convert(colour, index, wide);
                let alpha = alpha.map(|plane| plane.row(0, index));
                interleave_wide(rows.colours(colour, index), alpha, 16 - rows.bits, out);
            }
        }
    }
}

impl<T: Sample + Default> Rows<T> {
    /// `middle`: no colour difference, in units of 1/[`UNIT`].
    fn new(still: &Still, middle: T::Sum) -> Self {
        let Header { width, bits, siting, .. } = still.colour.header;
        let (width, layout) = (width as usize, still.colour.layout);
        let fixed = match still.matrix {
            Matrix::Identity => None,
            Matrix::Luma { red, blue } => {
                Some(Fixed::of(&Coefficients::of(red, blue, bits, still.full_range)))
            }
        };
        Self {
            layout,
            bits,
            fixed,
            upsamplers: [(); 2].map(|()| Upsampler::new(layout, siting, width)),
            // without chroma they stay as they are
            differences: [(); 2].map(|()| vec![middle; width]),
            colours: [(); 3].map(|()| vec![T::default(); width]),
        }
    }

    /// Converts a row into the rows of colours, if it is not RGB already.
    #[inline(always)]
    fn convert(
        &mut self,
        frame: &Frame,
        index: usize,
        matrix: impl Fn(Fixed, u32, &[T], [&[T::Sum]; 2], [&mut [T]; 3]),
    ) {
        let Some(fixed) = self.fixed else { return };
        if self.layout != Layout::Grey {
            let both = self.upsamplers.iter_mut().zip(&mut self.differences);
            for (plane, (upsampler, out)) in both.enumerate() {
                upsampler.row(index, |row| frame.row(1 + plane, row), out);
            }
        }
        let [first, second] = &self.differences;
        let [red, green, blue] = &mut self.colours;
        matrix(fixed, self.bits, frame.row(0, index), [first, second], [red, green, blue]);
    }

    /// The converted row: red, green and blue.
    #[inline(always)]
    fn colours<'a>(&'a self, frame: &'a Frame, index: usize) -> [&'a [T]; 3] {
        match self.fixed {
            None => [2, 0, 1].map(|plane| frame.row(plane, index)),
            Some(_) => self.colours.each_ref().map(Vec::as_slice),
        }
    }
}

/// The upper half of a product: one instruction for eight or sixteen of them.
#[inline(always)]
fn high(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

/// Bits after the point of the sums of [`narrow`].
const SUM_BITS: u32 = 4;

/// Converts 8-bit samples. Sums are 16-bit integers in 1/16 of a level.
#[inline(always)]
pub(super) fn narrow(fixed: Fixed, luma: &[u8], differences: [&[i16]; 2], colours: [&mut [u8]; 3]) {
    let [first, second] = differences;
    let [red, green, blue] = colours;
    // what `high` drops is made up for beforehand: the products stay within 16 bits
    let luma_shift = 16 + SUM_BITS - LUMA_BITS;
    let difference_shift = 16 + SUM_BITS - DIFFERENCE_BITS - UNIT.ilog2();
    let middle = UNIT << 7;
    let level = |sum: i16| (sum >> SUM_BITS).clamp(0, 255) as u8;
    let inputs = luma.iter().zip(first.iter().zip(second));
    let outputs = red.iter_mut().zip(green.iter_mut().zip(blue.iter_mut()));
    for ((luma, (first, second)), (red, (green, blue))) in inputs.zip(outputs) {
        let luma = (i16::from(*luma) - fixed.black) << luma_shift;
        let (first, second) = ((first - middle) << difference_shift, (second - middle) << difference_shift);
        let base = high(luma, fixed.luma) + (1 << (SUM_BITS - 1));
        *red = level(base + high(second, fixed.red));
        *green = level(base + high(first, fixed.green[0]) + high(second, fixed.green[1]));
        *blue = level(base + high(first, fixed.blue));
    }
}

/// Bits that are dropped of colour differences before they are multiplied, so that sums stay within 32 bits.
const DROPPED_BITS: u32 = 2;

/// Converts samples of 10 or 12 bits.
#[inline(always)]
pub(super) fn wide(
    fixed: Fixed,
    bits: u32,
    luma: &[u16],
    differences: [&[i32]; 2],
    colours: [&mut [u16]; 3],
) {
    let [first, second] = differences;
    let [red, green, blue] = colours;
    let sum_bits = DIFFERENCE_BITS + UNIT.ilog2() - DROPPED_BITS;
    let max = (1 << bits) - 1;
    let black = i32::from(fixed.black) << (bits - 8);
    let middle = i32::from(UNIT) << (bits - 1);
    let level = |sum: i32| (sum >> sum_bits).clamp(0, max) as u16;
    let inputs = luma.iter().zip(first.iter().zip(second));
    let outputs = red.iter_mut().zip(green.iter_mut().zip(blue.iter_mut()));
    for ((luma, (first, second)), (red, (green, blue))) in inputs.zip(outputs) {
        let base = ((i32::from(*luma) - black) * i32::from(fixed.luma)) << (sum_bits - LUMA_BITS);
        let base = base + (1 << (sum_bits - 1));
        let (first, second) = ((first - middle) >> DROPPED_BITS, (second - middle) >> DROPPED_BITS);
        *red = level(base + second * i32::from(fixed.red));
        *green = level(base + first * i32::from(fixed.green[0]) + second * i32::from(fixed.green[1]));
        *blue = level(base + first * i32::from(fixed.blue));
    }
}

/// Writes pixels of three or four bytes.
#[inline(always)]
fn interleave([red, green, blue]: [&[u8]; 3], alpha: Option<&[u8]>, out: &mut [u8]) {
    let colours = red.iter().zip(green.iter().zip(blue));
    if let Some(alpha) = alpha {
        let pixels = out.as_chunks_mut::<4>().0.iter_mut();
        for ((pixel, (red, (green, blue))), alpha) in pixels.zip(colours).zip(alpha) {
            *pixel = [*red, *green, *blue, *alpha];
        }
    } else {
        for (pixel, (red, (green, blue))) in out.as_chunks_mut::<3>().0.iter_mut().zip(colours) {
            *pixel = [*red, *green, *blue];
        }
    }
}

/// Writes pixels of three or four samples of 16 bits, moved up by `shift` bits as libvips does.
#[inline(always)]
fn interleave_wide([red, green, blue]: [&[u16]; 3], alpha: Option<&[u16]>, shift: u32, out: &mut [u8]) {
    let bands = if alpha.is_some() { 4 } else { 3 };
    for (band, samples) in [Some(red), Some(green), Some(blue), alpha].into_iter().flatten().enumerate() {
        let pixels = out.as_chunks_mut::<2>().0.iter_mut().skip(band).step_by(bands);
        for (pixel, sample) in pixels.zip(samples) {
            *pixel = (sample << shift).to_ne_bytes();
        }
    }
}
