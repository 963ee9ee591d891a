//! MP4 with one H.264 video track. Each frame is encoded as soon as it is computed.

mod mux;
mod yuv;

use bytes::Bytes;
use openh264::{
    OpenH264API,
    encoder::{
        Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, QpRange, RateControlMode,
        VuiConfig,
    },
};
use vips::{Image, Interpretation};

use self::{mux::Track, yuv::Yuv};
use crate::{
    error::{Error, Result},
    size::Size,
};

/// Most frames from one keyframe to the next: what a player has to decode at most after a seek.
const KEYFRAME_EVERY: u32 = 120;

/// Highest frame rate: no frame is shorter than 20 ms. The encoder derives the H.264 level from it.
const MOST_FRAMES_PER_SECOND: f32 = 50.0;

/// Encodes a video frame by frame. Memory holds the encoded frames and one image.
pub struct VideoEncoder {
    encoder: Encoder,
    yuv: Yuv,
    track: Track,
}

impl VideoEncoder {
    /// Starts a video with frames of `size`, both sides even, encoded with a constant quantiser (QP) from 12 (fine) to
    /// 51 (coarse).
    ///
    /// # Errors
    ///
    /// [`Error::Encoder`] if the encoder cannot be set up.
    pub fn new(size: Size, quantiser: u8) -> Result<Self> {
        let config = EncoderConfig::new()
            // the only rate control mode of the encoder that obeys a QP range of a single value
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QpRange::new(quantiser, quantiser))
            .skip_frames(false)
            .max_frame_rate(FrameRate::from_hz(MOST_FRAMES_PER_SECOND))
            .complexity(Complexity::Medium)
            .intra_frame_period(IntraFramePeriod::from_num_frames(KEYFRAME_EVERY))
            .vui(VuiConfig::bt709())
            // renders run in parallel, each on one thread
            .num_threads(1);
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config).map_err(failed)?;
        Ok(Self { encoder, yuv: Yuv::new(size), track: Track::new(size) })
    }

    /// Computes and encodes the next frame, opaque 8-bit sRGB or grey, shown for `milliseconds`. Pixels beyond the size
    /// of the video, at the right and bottom, are cropped.
    ///
    /// # Errors
    ///
    /// Those of computing the frame's pixels; [`Error::Encoder`] if encoding fails.
    pub fn add(&mut self, frame: &Image, milliseconds: u32) -> Result<()> {
        let rgb = frame.colourspace(Interpretation::Srgb).map_err(Error::of_pixels)?;
        let pixels = rgb.pixels().map_err(Error::of_pixels)?;
        self.yuv.convert(&pixels, rgb.width() as usize, rgb.bands() as usize);
        let encoded = self.encoder.encode(&self.yuv).map_err(failed)?;
        let keyframe = encoded.frame_type() == FrameType::IDR;
        self.track.append(&encoded.to_vec(), keyframe, milliseconds).map_err(failed)
    }

    /// Returns the MP4 file.
    ///
    /// # Errors
    ///
    /// [`Error::Encoder`] if the index cannot be written.
    pub fn finish(self) -> Result<Bytes> {
        self.track.file().map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Encoder(error.to_string())
}
