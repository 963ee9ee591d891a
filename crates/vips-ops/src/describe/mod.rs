//! `meta=true`: the description of an image or video as JSON.

mod dominant;
mod exif;
mod icc;
mod jpeg;
mod video;

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::Serialize;
use vips::{Deadline, Interpretation};

use self::{exif::Exif, icc::Icc, jpeg::Jpeg};
use crate::{
    error::{Result, timely},
    face::Face,
    format::OutputFormat,
    params::Params,
    settings::Settings,
    size::Size,
    source::{Source, SourceFormat},
};

/// The description, with the names and order of fields documented by the API.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Description<'a> {
    file_size: usize,
    width: u32,
    height: u32,
    file_type: &'static str,
    mime_type: &'static str,
    has_alpha: bool,
    color_space: &'static str,
    exif: Exif,
    faces: Vec<FaceBox>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames: Option<u32>,
    /// Duration in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image_data: Option<String>,
    server: Server<'a>,
    dominate_color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jpeg: Option<Jpeg>,
    #[serde(skip_serializing_if = "Option::is_none")]
    icc: Option<Icc>,
}

/// A face, in pixels of the upright image.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FaceBox {
    x_pos: u32,
    y_pos: u32,
    width: u32,
    height: u32,
    /// Confidence in percent.
    confidence: f64,
}

/// The server that answered.
#[derive(Debug, Serialize)]
struct Server<'a> {
    host: &'a str,
    /// Always empty, as in the API's own examples: the address is not disclosed.
    ip: &'static str,
}

/// Describes an encoded image as JSON: from its header, and from its pixels for the dominant colour.
///
/// # Errors
///
/// Those of decoding the image, and [`Error::Deadline`](crate::Error::Deadline).
///
/// `seen` are the detected faces, if detection ran.
pub fn describe(
    source: &Source,
    params: &Params,
    seen: &[Face],
    settings: &Settings,
    deadline: &Deadline,
) -> Result<Bytes> {
    let Source { bytes, info, image, .. } = source;
    let colour = dominant::measure(source, deadline);
    // size and faces refer to the upright image
    let upright = info.orientation.size(info.stored);
    let description = Description {
        file_size: bytes.len(),
        width: upright.width,
        height: upright.height,
        file_type: info.format.name(),
        mime_type: info.format.media_type(),
        has_alpha: info.alpha,
        color_space: image.interpretation().name(),
        exif: image.block(c"exif-data").map(exif::parse).unwrap_or_default(),
        faces: if params.face.is_some() { face_boxes(seen) } else { Vec::new() },
        frames: None,
        duration: None,
        image_data: params.include_image_data.is_some().then(|| BASE64_STANDARD.encode(bytes)),
        server: Server { host: &settings.meta.host, ip: "" },
        dominate_color: colour.map_err(|error| timely(error, deadline))?,
        jpeg: (info.format == SourceFormat::Jpeg).then(|| jpeg::parse(bytes)).flatten(),
        icc: image.block(c"icc-profile-data").map(icc::parse),
    };
    Ok(description.json())
}

/// Describes a video of this size as JSON; `first` is its first frame as an image, of which the dominant colour is
/// measured.
pub fn describe_video(
    video: &Bytes,
    size: Size,
    first: &Source,
    params: &Params,
    settings: &Settings,
    deadline: &Deadline,
) -> Result<Bytes> {
    let length = video::parse(video);
    let colour = dominant::measure(first, deadline).map_err(|error| timely(error, deadline))?;
    let description = Description {
        file_size: video.len(),
        width: size.width,
        height: size.height,
        file_type: OutputFormat::Mp4.name(),
        mime_type: OutputFormat::Mp4.media_type(),
        has_alpha: false,
        color_space: Interpretation::Srgb.name(),
        exif: Exif::default(),
        faces: Vec::new(),
        frames: length.map(|length| length.frames),
        duration: length.map(|length| (length.seconds * 1e3).round() / 1e3),
        image_data: params.include_image_data.is_some().then(|| BASE64_STANDARD.encode(video)),
        server: Server { host: &settings.meta.host, ip: "" },
        dominate_color: colour,
        jpeg: None,
        icc: None,
    };
    Ok(description.json())
}

impl Description<'_> {
    fn json(&self) -> Bytes {
        serde_json::to_vec(self).expect("invariant: texts and numbers can be written as JSON").into()
    }
}

/// The faces that were detected with sufficient confidence.
fn face_boxes(seen: &[Face]) -> Vec<FaceBox> {
    let pixels = |length: f64| length.round().max(0.0) as u32;
    let place = |face: &Face| FaceBox {
        x_pos: pixels(face.left),
        y_pos: pixels(face.top),
        width: pixels(face.width),
        height: pixels(face.height),
        confidence: (face.score * 1000.0).round() / 10.0,
    };
    seen.iter().filter(|face| face.is_sure()).map(place).collect()
}
