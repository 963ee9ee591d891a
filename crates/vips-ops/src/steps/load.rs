//! Decodes the original as planned.

use vips::{Access, Deadline, Image, Loader, ops::Extend};

use crate::{
    error::{Error, Result},
    plan::{
        Plan,
        load::Load,
        step::{Resampler, Resize, Step},
    },
    size::Size,
    source::{Source, SourceFormat, codec, embedded_thumbnails, full_size_loader, jpeg},
    steps::resize,
};

/// The loader of a plan; `None` if the pixels are in memory already.
fn loader(source: &Source, load: &Load) -> Option<Loader> {
    if let Some(thumbnail) = load.thumbnail {
        return Some(embedded_thumbnails::loader(thumbnail.location));
    }
    match load.format {
        SourceFormat::Jpeg => Some(Loader::Jpeg { shrink: load.shrink }),
        SourceFormat::Webp => Some(Loader::Webp { scale: 1.0, frames: load.frames }),
        SourceFormat::Gif => Some(Loader::Gif { frames: load.frames }),
        SourceFormat::Svg => Some(source.svg_loader(load.scale)),
        other => full_size_loader(other),
    }
}

/// Opened by the codec of the plan, if there is one and it finds no fault.
fn by_codec(source: &Source, load: &Load) -> Result<Option<Image>> {
    load.codec.map_or(Ok(None), |codec| codec::open(codec, source, load))
}

/// Opens the original of a plan for one sequential pass. Returns the steps that are left: a resize between the decoder and
/// libvips is done.
pub fn open_planned<'a>(plan: &'a Plan, source: &Source, deadline: &Deadline) -> Result<(Image, &'a [Step])> {
    if let [Step::Resize(resize @ Resize { by: Resampler::FastImageResize, .. }), rest @ ..] = &plan.steps[..]
        && let Some(codec) = plan.load.codec
    {
        let Some(image) = codec::scaled(codec, source, &plan.load, resize, deadline)? else {
            return Ok((open_by_libvips(source, &plan.load, deadline)?, &plan.steps));
        };
        image.watch(deadline);
        return Ok((source.normalized(image)?, rest));
    }
    Ok((open(source, &plan.load, deadline)?, &plan.steps))
}

/// Opens the original for one sequential pass. The image that was opened for its header is reused if its loader is the
/// planned one.
pub fn open(source: &Source, load: &Load, deadline: &Deadline) -> Result<Image> {
    if let Some(codec) = load.codec
        && let Some(image) = codec::open_shared(codec, source, load, deadline)?
    {
        image.watch(deadline);
        return source.normalized(image);
    }
    open_by_libvips(source, load, deadline)
}

/// The same without a codec, which may have found a fault already.
fn open_by_libvips(source: &Source, load: &Load, deadline: &Deadline) -> Result<Image> {
    source.check_svg_work(load.scale, load.part)?;
    source.sharing.decline();
    let wanted = loader(source, load).filter(|wanted| Some(*wanted) != source.loader);
    let image = match wanted {
        None => source.image.clone(),
        Some(Loader::Jpeg { shrink }) if shrink > 1 => shrunk(source, load, shrink)?,
        Some(other) => {
            Image::load(source.decoder_input(), &other, Access::Sequential).map_err(Error::of_pixels)?
        }
    };
    image.watch(deadline);
    let image = if source.info.vector.is_some() {
        exactly(image, load.size).map_err(Error::of_pixels)?
    } else {
        image
    };
    source.normalized(image)
}

/// Largest difference in pixels between the size of a rendered SVG and the planned one that is corrected without
/// scaling.
const LAST_PIXELS: u32 = 2;

/// Corrects a rendered SVG to exactly `size`: libvips rounds a size that was rounded here before, so they may differ.
fn exactly(image: Image, size: Size) -> vips::Result<Image> {
    let (width, height) = (image.width(), image.height());
    if (width, height) == (size.width, size.height) {
        return Ok(image);
    }
    if width.abs_diff(size.width) > LAST_PIXELS || height.abs_diff(size.height) > LAST_PIXELS {
        return resize::to(&image, size);
    }
    let image = image.extract_area(0, 0, width.min(size.width), height.min(size.height))?;
    image.embed(0, 0, size.width, size.height, Extend::Copy)
}

/// Decodes a JPEG with shrink-on-load. If its sides are not multiples of the divisor, libvips drops the partial last
/// row and column: they are decoded by rounding up the dimensions in the header, or else by extending the edge.
fn shrunk(source: &Source, load: &Load, shrink: u8) -> Result<Image> {
    let stated = jpeg::with_rounded_dimensions(&source.bytes, shrink);
    let bytes = stated.as_ref().unwrap_or(&source.bytes);
    let opened = Image::load(bytes, &Loader::Jpeg { shrink }, Access::Sequential);
    let Size { width, height } = load.size;
    opened
        .and_then(|image| {
            let is_whole = (image.width(), image.height()) == (width, height);
            if is_whole { Ok(image) } else { image.embed(0, 0, width, height, Extend::Copy) }
        })
        .map_err(Error::of_pixels)
}

/// Decodes what [`open`] opens and discards it: checks whether the original is intact.
pub fn decode(source: &Source, load: &Load, deadline: &Deadline) -> Result<()> {
    if let Some(image) = by_codec(source, load)? {
        image.watch(deadline);
        return image.average().map(drop).map_err(Error::of_pixels);
    }
    // the image opened for the header may have been read to its end
    let Some(loader) = loader(source, load) else { return Ok(()) };
    let image = Image::load(source.decoder_input(), &loader, Access::Sequential).map_err(Error::of_pixels)?;
    image.watch(deadline);
    image.average().map(drop).map_err(Error::of_pixels)
}

/// Opens frames of an animation for a measurement before planning, for one sequential pass; they are stacked.
pub fn open_frames(source: &Source, frames: u32, deadline: &Deadline) -> Result<Image> {
    let loader = match source.info.format {
        SourceFormat::Webp => Loader::Webp { scale: 1.0, frames },
        _ => Loader::Gif { frames },
    };
    let image = Image::load(&source.bytes, &loader, Access::Sequential).map_err(Error::of_pixels)?;
    image.watch(deadline);
    source.normalized(image)
}

/// Opens the first frame for a measurement before planning, with shrink-on-load by `shrink` where the decoder supports
/// it.
pub fn open_for_measuring(source: &Source, shrink: u8, access: Access, deadline: &Deadline) -> Result<Image> {
    let vector = source.info.vector;
    let scale = vector.map_or(1.0, |vector| vector.unit) / f64::from(shrink);
    source.check_svg_work(scale, None)?;
    let loader = match source.info.format {
        SourceFormat::Jpeg => Some(Loader::Jpeg { shrink }),
        SourceFormat::Svg => Some(source.svg_loader(scale)),
        other => full_size_loader(other),
    };
    let image = match loader {
        Some(loader) => Image::load(source.decoder_input(), &loader, access).map_err(Error::of_pixels)?,
        None => source.image.clone(),
    };
    image.watch(deadline);
    match vector {
        Some(vector) => exactly(image, vector.drawn(scale)).map_err(Error::of_pixels),
        None => source.normalized(image),
    }
}
