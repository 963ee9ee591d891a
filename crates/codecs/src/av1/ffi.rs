//! dav1d behind the layer of C (native/av1.c).

use std::{
    ffi::c_void,
    ops::{Add, Mul},
    ptr, slice,
};

use crate::error::{Error, Result};

/// The name of the codec.
pub(super) const NAME: &str = "dav1d";

/// A negated `ENOMEM`, which Linux and macOS number alike.
const OUT_OF_MEMORY: i32 = -12;

/// How chroma is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// No chroma.
    Grey,
    /// Half the width and height.
    Yuv420,
    /// Half the width.
    Yuv422,
    /// As luma.
    Yuv444,
}

/// What a sequence header states (AV1, 5.5). C has the same declaration.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub width: u32,
    pub height: u32,
    /// Bits per sample: 8, 10 or 12.
    pub bits: u32,
    layout: u32,
    /// Matrix coefficients (ITU-T H.273, table 4).
    pub matrix: u32,
    pub full_range: u32,
    /// Chroma sample position (AV1, 6.4.2).
    pub siting: u32,
    /// Whether film grain may be added.
    pub grain: u32,
    /// Whether there may be several layers.
    pub layers: u32,
}

#[repr(C)]
struct RawFrame {
    width: u32,
    height: u32,
    bits: u32,
    layout: u32,
    planes: [*const u8; 3],
    strides: [isize; 2],
    owner: *mut c_void,
}

unsafe extern "C" {
    fn pixmill_av1_read_header(data: *const u8, size: usize, header: *mut Header) -> i32;
    fn pixmill_av1_decode(data: *const u8, size: usize, max_pixels: u32, frame: *mut RawFrame) -> i32;
    fn pixmill_av1_free(owner: *mut c_void);
}

fn layout(number: u32) -> Option<Layout> {
    [Layout::Grey, Layout::Yuv420, Layout::Yuv422, Layout::Yuv444].get(number as usize).copied()
}

impl Header {
    /// Reads the sequence header; `None` if there is none.
    pub(super) fn read(data: &[u8]) -> Option<Self> {
        let mut header = Self::default();
        // SAFETY: the slice is readable for its length, and the header can be written.
        let status = unsafe { pixmill_av1_read_header(data.as_ptr(), data.len(), &raw mut header) };
        (status == 0).then_some(header)
    }

    pub(super) fn layout(&self) -> Option<Layout> {
        layout(self.layout)
    }
}

/// A decoded frame: planes of samples, of 8 bits or, from 10 bits on, in 16 bits of the machine's byte order.
pub(super) struct Frame(RawFrame);

// SAFETY: nothing else refers to the picture after decoding, and freeing it counts references atomically.
unsafe impl Send for Frame {}

impl Frame {
    /// Decodes the first frame, which must be as `expected`.
    pub(super) fn decode(data: &[u8], expected: &Header) -> Result<Self> {
        let pixels = u64::from(expected.width) * u64::from(expected.height);
        let max_pixels = u32::try_from(pixels).map_err(|_| Error::broken(NAME, "too large"))?;
        let mut raw = RawFrame {
            width: 0,
            height: 0,
            bits: 0,
            layout: 0,
            planes: [ptr::null(); 3],
            strides: [0; 2],
            owner: ptr::null_mut(),
        };
        // SAFETY: the slice is readable for its length, and the frame can be written.
        let status = unsafe { pixmill_av1_decode(data.as_ptr(), data.len(), max_pixels, &raw mut raw) };
        match status {
            0 => {}
            OUT_OF_MEMORY => return Err(Error::OutOfMemory { codec: NAME }),
            status => return Err(Error::broken(NAME, format!("status {status}"))),
        }
        let frame = Self(raw);
        let found = (frame.0.width, frame.0.height, frame.0.bits, frame.0.layout);
        if found == (expected.width, expected.height, expected.bits, expected.layout) {
            Ok(frame)
        } else {
            Err(Error::broken(NAME, format!("the frame is {found:?} instead of {expected:?}")))
        }
    }

    /// Width and height of a plane in samples.
    fn extent(&self, plane: usize) -> (usize, usize) {
        let (width, height) = (self.0.width as usize, self.0.height as usize);
        match (plane, layout(self.0.layout)) {
            (0, _) | (_, Some(Layout::Yuv444)) => (width, height),
            (_, Some(Layout::Yuv420)) => (width.div_ceil(2), height.div_ceil(2)),
            (_, Some(Layout::Yuv422)) => (width.div_ceil(2), height),
            (_, Some(Layout::Grey) | None) => (0, 0),
        }
    }

    /// A row of a plane; the last one for indices beyond it.
    pub(super) fn row<T: Sample>(&self, plane: usize, index: usize) -> &[T] {
        assert_eq!(T::WIDE, self.0.bits > 8, "invariant: samples have the type of their depth");
        let (width, height) = self.extent(plane);
        if width == 0 || height == 0 {
            return &[];
        }
        let offset = index.min(height - 1) as isize * self.0.strides[plane.min(1)];
        // SAFETY: the picture lives as long as `self`, its planes have these dimensions and strides, samples have the
        // size of `T` and its rows are aligned to more than that (by dav1d's allocator).
        unsafe { slice::from_raw_parts(self.0.planes[plane].offset(offset).cast(), width) }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: the owner that decoding returned, freed once.
        unsafe { pixmill_av1_free(self.0.owner) };
    }
}

/// The type of a sample in memory. Implemented for what dav1d writes.
pub(super) trait Sample: Copy + Into<Self::Sum> + 'static {
    /// Whether it takes 16 bits.
    const WIDE: bool;
    /// The type of sums of weighted samples: as narrow as they allow, since narrower is faster.
    type Sum: Copy + Default + From<i8> + Add<Output = Self::Sum> + Mul<Output = Self::Sum>;
}

impl Sample for u8 {
    const WIDE: bool = false;
    type Sum = i16;
}

impl Sample for u16 {
    const WIDE: bool = true;
    type Sum = i32;
}
