//! The MP4 container: one track, with the index (`moov`) before the frames (`mdat`), so that playback starts before the
//! download ends.

use std::num::NonZeroU32;

use bytes::Bytes;
use shiguredo_mp4::{
    Error, TrackKind, Uint,
    bitstream::h264::{H264NalUnit, H264NalUnitType, parse_annexb_nal_units},
    boxes::{Avc1Box, AvccBox, SampleEntry, VisualSampleEntryFields},
    mux::{FinalizedBoxes, Mp4FileMuxer, Mp4FileMuxerOptions, MuxError, Sample},
};

use crate::size::Size;

/// Time units per second: frame delays are whole milliseconds.
const TIMESCALE: NonZeroU32 = NonZeroU32::new(1000).expect("invariant: not zero");

/// Bytes of the length before each NAL unit, minus one.
const LENGTH_SIZE_MINUS_ONE: u8 = 3;

/// Encoded frames in display order.
pub struct Track {
    size: Size,
    /// Sequence and image parameter sets (SPS, PPS), the same for all frames.
    parameters: Option<[Vec<u8>; 2]>,
    frames: Vec<Frame>,
    data: Vec<u8>,
}

struct Frame {
    length: usize,
    keyframe: bool,
    milliseconds: u32,
}

impl Track {
    /// A track without frames.
    pub fn new(size: Size) -> Self {
        Self { size, parameters: None, frames: Vec::new(), data: Vec::new() }
    }

    /// Appends a frame as the encoder returns it: NAL units with start codes (ITU-T H.264, annex B). A frame skipped by
    /// the encoder extends the duration of the one before it.
    pub fn append(&mut self, stream: &[u8], keyframe: bool, milliseconds: u32) -> Result<(), Error> {
        let units = if stream.is_empty() { Vec::new() } else { parse_annexb_nal_units(stream)? };
        if self.parameters.is_none() {
            self.parameters = parameters(&units);
        }
        let start = self.data.len();
        for unit in units {
            // parameter sets are stored in the index
            if !matches!(unit.nal_unit_type, H264NalUnitType::Sps | H264NalUnitType::Pps) {
                self.data.extend((unit.data.len() as u32).to_be_bytes());
                self.data.extend(unit.data);
            }
        }
        let length = self.data.len() - start;
        match self.frames.last_mut().filter(|_| length == 0) {
            Some(before) => before.milliseconds = before.milliseconds.saturating_add(milliseconds),
            None => self.frames.push(Frame { length, keyframe, milliseconds }),
        }
        Ok(())
    }

    /// Returns the file. The index is written twice: first to learn its length, which is then reserved before the
    /// frames.
    pub fn file(&self) -> Result<Bytes, MuxError> {
        let length = self.index(0)?.moov_box_size();
        let index = self.index(length)?;
        let mut file = Vec::with_capacity(self.data.len() + 2 * length);
        for (offset, bytes) in index.offset_and_bytes_pairs() {
            file.resize(offset as usize, 0);
            file.extend(bytes);
        }
        file.extend(&self.data);
        Ok(file.into())
    }

    /// The boxes around the frames, with `room` bytes reserved for the index.
    fn index(&self, room: usize) -> Result<FinalizedBoxes, MuxError> {
        let options = Mp4FileMuxerOptions { reserved_moov_box_size: room, ..Mp4FileMuxerOptions::default() };
        let mut muxer = Mp4FileMuxer::with_options(options)?;
        let mut at = muxer.initial_boxes_bytes().len() as u64;
        for frame in &self.frames {
            muxer.append_sample(&Sample {
                track_kind: TrackKind::Video,
                sample_entry: self.entry(),
                keyframe: frame.keyframe,
                timescale: TIMESCALE,
                duration: frame.milliseconds,
                composition_time_offset: None,
                data_offset: at,
                data_size: frame.length,
            })?;
            at += frame.length as u64;
        }
        muxer.finalize().cloned()
    }

    /// The sample entry (`avc1`), which the decoder needs before the first frame.
    fn entry(&self) -> Option<SampleEntry> {
        let [sequence, picture] = self.parameters.clone()?;
        // NAL unit header, profile, compatibility flags, level
        let [_, profile, compatibility, level, ..] = *sequence else { return None };
        Some(SampleEntry::Avc1(Avc1Box {
            visual: VisualSampleEntryFields {
                data_reference_index: VisualSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
                width: self.size.width as u16,
                height: self.size.height as u16,
                horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
                vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
                frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
                compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
                depth: VisualSampleEntryFields::DEFAULT_DEPTH,
            },
            avcc_box: AvccBox {
                avc_profile_indication: profile,
                profile_compatibility: compatibility,
                avc_level_indication: level,
                length_size_minus_one: Uint::new(LENGTH_SIZE_MINUS_ONE),
                sps_list: vec![sequence],
                pps_list: vec![picture],
                chroma_format: None,
                bit_depth_luma_minus8: None,
                bit_depth_chroma_minus8: None,
                sps_ext_list: Vec::new(),
            },
            unknown_boxes: Vec::new(),
        }))
    }
}

/// The SPS and PPS, if both are present.
fn parameters(units: &[H264NalUnit<'_>]) -> Option<[Vec<u8>; 2]> {
    let find = |wanted| units.iter().find(|unit| unit.nal_unit_type == wanted).map(|unit| unit.data.to_vec());
    Some([find(H264NalUnitType::Sps)?, find(H264NalUnitType::Pps)?])
}
