//! Which loader of libvips reads a format.

use image_api::source::SourceFormat;
use vips::Loader;

/// The loader of the first frame at full size; `None` for formats that libvips does not support.
pub(crate) fn full_size_loader(format: SourceFormat) -> Option<Loader> {
    Some(match format {
        SourceFormat::Jpeg => Loader::Jpeg { shrink: 1 },
        SourceFormat::Png => Loader::Png,
        SourceFormat::Webp => Loader::Webp { scale: 1.0, frames: 1 },
        SourceFormat::Gif => Loader::Gif { frames: 1 },
        SourceFormat::Heif => Loader::Heif { thumbnail: false },
        SourceFormat::Tiff => Loader::Tiff { page: 0, subifd: None },
        SourceFormat::Svg => Loader::Svg { scale: 1.0, unlimited: false },
        SourceFormat::Bmp | SourceFormat::Ico => return None,
    })
}
