//! Executes a request: the output is an encoded image, or the description of one.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use vips::Deadline;

use crate::{
    describe as description,
    error::Result,
    face::Face,
    format::OutputFormat,
    overlay::Assets,
    params::{Params, output::format::Format},
    plan::Accept,
    render::{Encoded, Phase, UsedCodecs, process},
    settings::Settings,
    size::Size,
    source::Source,
};

/// The result of a request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The response body.
    pub bytes: Bytes,
    /// Its type.
    pub media: Media,
    /// Size of the original as stored.
    pub original: Size,
    /// Whether an overlay was omitted.
    pub lacks_overlays: bool,
    /// The quality found by `quality=auto`, on the scale of JPEG.
    pub quality: Option<u8>,
    /// The libraries that decoded and encoded; none if nothing was encoded.
    pub codecs: Option<UsedCodecs>,
}

/// The type of a response body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Media {
    /// An encoded image.
    Picture(OutputFormat),
    /// A JSON description.
    Json,
}

impl Media {
    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Picture(format) => format.media_type(),
            Self::Json => "application/json",
        }
    }

    /// The short name, which is also the usual file extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture(format) => format.name(),
            Self::Json => "json",
        }
    }
}

/// Executes a request on an original: returns the encoded image, or its description if the request has `meta`. If a
/// processed image is described, faces must be detected in that image: see [`describe`].
pub fn answer(
    params: &Params,
    original: &Bytes,
    assets: &Assets,
    accept: Accept,
    settings: &Settings,
    deadline: &Deadline,
    reached: &mut dyn FnMut(Phase),
) -> Result<Answer> {
    let wanted = params.of_picture();
    if params.meta.is_some() && wanted.is_empty() {
        let answer = describe(params, original, &assets.faces, settings, deadline)?;
        [Phase::Opened, Phase::Processed, Phase::Encoded].into_iter().for_each(reached);
        return Ok(answer);
    }
    let encoded = process(&wanted, original, assets, accept, settings, deadline, reached)?;
    let Encoded { bytes, format, size, original: stored, lacks_overlays, quality, codecs } = encoded;
    let answer =
        Answer { bytes, media: Media::Picture(format), original: stored, lacks_overlays, quality, codecs };
    if params.meta.is_none() {
        return Ok(answer);
    }
    if format == OutputFormat::Mp4 {
        let first = Params { format: Some(Format::Png), ..wanted };
        let first = process(&first, original, assets, accept, settings, deadline, &mut |_| ())?;
        let first = Source::open(&first.bytes, &settings.limits)?;
        let bytes = description::describe_video(&answer.bytes, size, &first, params, settings, deadline)?;
        return Ok(Answer { bytes, media: Media::Json, ..answer });
    }
    let described = describe(params, &answer.bytes, &[], settings, deadline)?;
    Ok(Answer { bytes: described.bytes, media: described.media, ..answer })
}

/// Describes an encoded image as JSON. `seen` are the faces detected in it, in pixels of the upright image.
pub fn describe(
    params: &Params,
    picture: &Bytes,
    seen: &[Face],
    settings: &Settings,
    deadline: &Deadline,
) -> Result<Answer> {
    let source = Source::open(picture, &settings.limits)?;
    let bytes = description::describe(&source, params, seen, settings, deadline)?;
    let original = source.info.stored;
    Ok(Answer { bytes, media: Media::Json, original, lacks_overlays: false, quality: None, codecs: None })
}
