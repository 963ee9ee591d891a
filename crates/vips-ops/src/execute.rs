//! What a request is answered with: a picture, or what is to be said about one.

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
    render::{Encoded, Phase, process},
    settings::Settings,
    size::Size,
    source::Source,
};

/// A finished answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The body.
    pub bytes: Bytes,
    /// What it is.
    pub media: Media,
    /// Size of the original as it is stored.
    pub original: Size,
    /// Whether something that was to be laid over it is missing.
    pub lacks_overlays: bool,
    /// The quality that `quality=auto` found, on JPEG's scale.
    pub quality: Option<u8>,
}

/// What the bytes of an answer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Media {
    /// A picture.
    Picture(OutputFormat),
    /// A description.
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

    /// The short name, and the usual file ending.
    pub fn name(self) -> &'static str {
        match self {
            Self::Picture(format) => format.name(),
            Self::Json => "json",
        }
    }
}

/// From query, original and assets to the answer: the picture, or its description if that is what is asked for. The faces
/// in a picture that is made first and described then have to be looked for in that one: see [`describe`].
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
    let Encoded { bytes, format, size, original: stored, lacks_overlays, quality } = encoded;
    let answer = Answer { bytes, media: Media::Picture(format), original: stored, lacks_overlays, quality };
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

/// The description of an encoded picture with the faces in it, in its pixels, upright.
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
    Ok(Answer { bytes, media: Media::Json, original, lacks_overlays: false, quality: None })
}
