//! Videos: the index of an MP4 file, and its decoded frames.

use bytes::Bytes;
use openh264::{decoder::Decoder, formats::YUVSource};
use shiguredo_mp4::{
    boxes::{Avc1Box, SampleEntry},
    demux::{Input, Mp4FileDemuxer},
};

use crate::Picture;

/// An MP4 file with one H.264 track.
pub struct Video {
    /// Width in pixels, as stated by the index.
    pub width: u32,
    /// Height in pixels, as stated by the index.
    pub height: u32,
    /// Duration of each frame in milliseconds.
    pub durations: Vec<u32>,
    /// Whether the index precedes the frames.
    pub starts_fast: bool,
    /// The frames with start codes; the first one includes the parameter sets.
    streams: Vec<Vec<u8>>,
}

impl Video {
    /// Whether bytes are an MP4 file.
    pub fn is(bytes: &[u8]) -> bool {
        bytes.get(4..12) == Some(b"ftypisom")
    }

    /// Parses the index.
    pub fn open(bytes: &Bytes) -> Self {
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input { position: 0, data: bytes });
        assert_eq!(demuxer.tracks().expect("an index").len(), 1, "tracks");
        let place = |name: &[u8]| bytes.windows(4).position(|window| window == name).expect("a box");
        let starts_fast = place(b"moov") < place(b"mdat");
        let mut video = Self { width: 0, height: 0, durations: Vec::new(), starts_fast, streams: Vec::new() };
        while let Some(sample) = demuxer.next_sample().expect("a sample") {
            assert_eq!(sample.track.timescale.get(), 1000, "units of time in a second");
            let mut stream = Vec::new();
            if let Some(SampleEntry::Avc1(entry)) = sample.sample_entry {
                (video.width, video.height) = (entry.visual.width.into(), entry.visual.height.into());
                stream.extend(parameters(entry));
            }
            let start = sample.data_offset as usize;
            stream.extend(with_start_codes(&bytes[start..start + sample.data_size]));
            video.durations.push(sample.duration);
            video.streams.push(stream);
        }
        video
    }

    /// Decodes the frames, stacked from top to bottom.
    pub fn picture(&self) -> Picture {
        let mut decoder = Decoder::new().expect("a decoder");
        let mut rgba = Vec::new();
        for stream in &self.streams {
            let frame = decoder.decode(stream).expect("a frame that decodes").expect("a frame at once");
            assert_eq!(frame.dimensions(), (self.width as usize, self.height as usize), "size of a frame");
            rgba.extend(pixels(&frame));
        }
        let frames = self.streams.len() as u32;
        Picture { width: self.width, height: self.height * frames, frames, rgba }
    }
}

/// Parameter sets (SPS and PPS) with start codes.
fn parameters(entry: &Avc1Box) -> Vec<u8> {
    let units = entry.avcc_box.sps_list.iter().chain(&entry.avcc_box.pps_list);
    units.flat_map(|unit| [&[0, 0, 0, 1], unit.as_slice()].concat()).collect()
}

/// Replaces lengths by start codes; both have four bytes.
fn with_start_codes(mut units: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let Some((length, rest)) = units.split_first_chunk() {
        let (unit, rest) = rest.split_at(u32::from_be_bytes(*length) as usize);
        stream.extend([0, 0, 0, 1]);
        stream.extend(unit);
        units = rest;
    }
    stream
}

/// Converts to opaque 8-bit RGB by BT.709 in limited range.
fn pixels(frame: &impl YUVSource) -> Vec<u8> {
    let ((width, height), (stride, half_stride, _)) = (frame.dimensions(), frame.strides());
    let mut rgba = Vec::with_capacity(width * height * 4);
    for y in 0..height {
        for x in 0..width {
            let half = y / 2 * half_stride + x / 2;
            let luma = (f64::from(frame.y()[y * stride + x]) - 16.0) * 255.0 / 219.0;
            let [u, v] = [frame.u()[half], frame.v()[half]].map(|c| (f64::from(c) - 128.0) * 255.0 / 224.0);
            let rgb = [luma + 1.5748 * v, luma - 0.1873 * u - 0.4681 * v, luma + 1.8556 * u];
            rgba.extend(rgb.map(|level| level.round() as u8));
            rgba.push(255);
        }
    }
    rgba
}
