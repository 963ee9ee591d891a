//! MP4: an H.264 film, each frame encoded as soon as it is computed.

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

/// Frames from one that stands alone to the next, at most: what a player decodes to jump to the worst place.
const KEYFRAME_EVERY: u32 = 120;

/// Frames in a second, at most: no delay is shorter than 20 ms. The encoder derives from it what a decoder must master.
const MOST_FRAMES_PER_SECOND: f32 = 50.0;

/// A film that is being made. Memory holds what is encoded and one frame.
pub struct VideoEncoder {
    encoder: Encoder,
    yuv: Yuv,
    track: Track,
}

impl VideoEncoder {
    /// An empty film with frames of `size`, both sides even, each encoded with one quantiser, 12 (fine) to 51.
    pub fn new(size: Size, quantiser: u8) -> Result<Self> {
        let config = EncoderConfig::new()
            // of the encoder's modes the one that obeys a range of one quantiser
            .rate_control_mode(RateControlMode::Bufferbased)
            .qp(QpRange::new(quantiser, quantiser))
            .skip_frames(false)
            .max_frame_rate(FrameRate::from_hz(MOST_FRAMES_PER_SECOND))
            .complexity(Complexity::Medium)
            .intra_frame_period(IntraFramePeriod::from_num_frames(KEYFRAME_EVERY))
            .vui(VuiConfig::bt709())
            // renders run beside each other, not each on many threads
            .num_threads(1);
        let encoder = Encoder::with_api_config(OpenH264API::from_source(), config).map_err(failed)?;
        Ok(Self { encoder, yuv: Yuv::new(size), track: Track::new(size) })
    }

    /// Computes and encodes the next frame, opaque 8-bit sRGB or grey, shown for `milliseconds`. What it has more
    /// than the film's size, at the right and below, is left out.
    pub fn add(&mut self, frame: &Image, milliseconds: u32) -> Result<()> {
        let rgb = frame.colourspace(Interpretation::Srgb).map_err(Error::of_pixels)?;
        let pixels = rgb.pixels().map_err(Error::of_pixels)?;
        self.yuv.draw(&pixels, rgb.width() as usize, rgb.bands() as usize);
        let encoded = self.encoder.encode(&self.yuv).map_err(failed)?;
        let keyframe = encoded.frame_type() == FrameType::IDR;
        self.track.append(&encoded.to_vec(), keyframe, milliseconds).map_err(failed)
    }

    /// The finished film.
    pub fn finish(self) -> Result<Bytes> {
        self.track.file().map_err(failed)
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Encoder(error.to_string())
}
