//! Opening the original the way the plan says.

use vips::{Access, Deadline, Image, Loader};

use crate::{
    error::{Error, Result},
    plan::Load,
    source::{Source, SourceFormat, whole},
};

/// The decoder that the plan asks for.
fn loader(load: &Load) -> Loader {
    if let Some(reduction) = load.reduction {
        return reduction.loader;
    }
    match load.format {
        SourceFormat::Jpeg => Loader::Jpeg { shrink: load.shrink },
        SourceFormat::Webp => Loader::Webp { scale: 1.0, frames: load.frames },
        SourceFormat::Gif => Loader::Gif { frames: load.frames },
        SourceFormat::Svg => Loader::Svg { scale: load.scale },
        SourceFormat::Png | SourceFormat::Heif | SourceFormat::Tiff => whole(load.format),
    }
}

/// Opens for one pass from top to bottom. The picture opened for its header is used when it is the one that is
/// wanted: nothing is opened twice without need.
pub fn open(source: &Source, load: &Load, deadline: &Deadline) -> Result<Image> {
    let wanted = loader(load);
    let image = if wanted == whole(load.format) {
        source.image.clone()
    } else {
        Image::load(&source.bytes, &wanted, Access::Sequential).map_err(Error::Undecodable)?
    };
    image.watch(deadline);
    Ok(image)
}

/// Opens for a look before the plan is made: with the decoder's divisor for JPEG, first frame only.
pub fn open_for_measuring(
    source: &Source,
    shrink: u8,
    access: Access,
    deadline: &Deadline,
) -> vips::Result<Image> {
    let loader = match source.info.format {
        SourceFormat::Jpeg => Loader::Jpeg { shrink },
        other => whole(other),
    };
    let image = Image::load(&source.bytes, &loader, access)?;
    image.watch(deadline);
    Ok(image)
}
