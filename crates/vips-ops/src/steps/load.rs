//! Opening the original the way the plan says.

use vips::{Access, Deadline, Image, Loader};

use crate::{
    error::{Error, Result},
    plan::Load,
    source::{Source, SourceFormat, whole},
};

/// The decoder that the plan asks for; none if the pixels are in memory already.
fn loader(load: &Load) -> Option<Loader> {
    if let Some(reduction) = load.reduction {
        return Some(reduction.loader);
    }
    match load.format {
        SourceFormat::Jpeg => Some(Loader::Jpeg { shrink: load.shrink }),
        SourceFormat::Webp => Some(Loader::Webp { scale: 1.0, frames: load.frames }),
        SourceFormat::Gif => Some(Loader::Gif { frames: load.frames }),
        SourceFormat::Svg => Some(Loader::Svg { scale: load.scale }),
        other => whole(other),
    }
}

/// Opens for one pass from top to bottom. The picture opened for its header is used when it is the one that is
/// wanted: nothing is opened twice without need.
pub fn open(source: &Source, load: &Load, deadline: &Deadline) -> Result<Image> {
    source.check_drawing(load.scale)?;
    let wanted = loader(load).filter(|wanted| Some(*wanted) != whole(load.format));
    let image = match wanted {
        None => source.image.clone(),
        Some(other) => Image::load(&source.bytes, &other, Access::Sequential).map_err(Error::of_pixels)?,
    };
    image.watch(deadline);
    source.prepared(image)
}

/// Decodes what [`open`] opens, and nothing else: whether the original is fine.
pub fn decode(source: &Source, load: &Load, deadline: &Deadline) -> Result<()> {
    // what was opened for the header may have been read to its end
    let Some(loader) = loader(load) else { return Ok(()) };
    let image = Image::load(&source.bytes, &loader, Access::Sequential).map_err(Error::of_pixels)?;
    image.watch(deadline);
    image.average().map(drop).map_err(Error::of_pixels)
}

/// Opens for a look before the plan is made: first frame only, with the divisor where the decoder can shrink.
pub fn open_for_measuring(source: &Source, shrink: u8, access: Access, deadline: &Deadline) -> Result<Image> {
    let scale = 1.0 / f64::from(shrink);
    source.check_drawing(scale)?;
    let loader = match source.info.format {
        SourceFormat::Jpeg => Some(Loader::Jpeg { shrink }),
        SourceFormat::Svg => Some(Loader::Svg { scale }),
        other => whole(other),
    };
    let image = match loader {
        Some(loader) => Image::load(&source.bytes, &loader, access).map_err(Error::of_pixels)?,
        None => source.image.clone(),
    };
    image.watch(deadline);
    source.prepared(image)
}
