//! The MP4 file around encoded frames: one track, its index before its frames, so that playing begins before all is
//! there.

use std::num::NonZeroU32;

use bytes::Bytes;
use shiguredo_mp4::{
    Error, TrackKind, Uint,
    bitstream::h264::{H264NalUnit, H264NalUnitType, parse_annexb_nal_units},
    boxes::{Avc1Box, AvccBox, SampleEntry, VisualSampleEntryFields},
    mux::{FinalizedBoxes, Mp4FileMuxer, Mp4FileMuxerOptions, MuxError, Sample},
};

use crate::size::Size;

/// Units of time in a second: delays are whole milliseconds.
const TIMESCALE: NonZeroU32 = NonZeroU32::new(1000).expect("invariant: not zero");

/// Bytes before each unit of a frame that tell its length, less one.
const LENGTH_SIZE_MINUS_ONE: u8 = 3;

/// Frames in the order in which they are shown.
pub struct Track {
    size: Size,
    /// Sequence and picture parameters, the same for all frames.
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
    /// Without frames.
    pub fn new(size: Size) -> Self {
        Self { size, parameters: None, frames: Vec::new(), data: Vec::new() }
    }

    /// Appends a frame as the encoder gives it: units after start codes (ITU-T H.264, annex B). A frame that the
    /// encoder left out makes the one before it last longer.
    pub fn append(&mut self, stream: &[u8], keyframe: bool, milliseconds: u32) -> Result<(), Error> {
        let units = if stream.is_empty() { Vec::new() } else { parse_annexb_nal_units(stream)? };
        if self.parameters.is_none() {
            self.parameters = parameters(&units);
        }
        let start = self.data.len();
        for unit in units {
            // the parameters have their place in the index
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

    /// The file. Its index is made twice: first to learn its length, for which it leaves room the second time.
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

    /// Everything but the frames, with `room` for the index before them.
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

    /// What a decoder must know before the first frame.
    fn entry(&self) -> Option<SampleEntry> {
        let [sequence, picture] = self.parameters.clone()?;
        // a unit's head, then the profile, what else it is compatible with, and the level
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

/// The parameters of sequence and picture, if both are there.
fn parameters(units: &[H264NalUnit<'_>]) -> Option<[Vec<u8>; 2]> {
    let find = |wanted| units.iter().find(|unit| unit.nal_unit_type == wanted).map(|unit| unit.data.to_vec());
    Some([find(H264NalUnitType::Sps)?, find(H264NalUnitType::Pps)?])
}
