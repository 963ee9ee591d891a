//! Photographs that encoders and metrics are calibrated on.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use image_api::{Accept, Params, Settings, params::output::quality_method::QualityMethod};
use testkit::Picture;
use vips_ops::{
    Encoded,
    encode::auto_quality::{self, Metric, SIDES},
    overlay::Assets,
    process,
    vips::{Deadline, Image},
};

/// Pixels before encoding, and the metric that compares encoded images with them.
pub struct Photo {
    /// The pixels.
    pub image: Image,
    ssimulacra2: Metric,
}

impl Photo {
    /// From pixels in memory.
    pub fn new(image: Image) -> Result<Self> {
        let ssimulacra2 = judge(QualityMethod::Ssimulacra2, &image)?;
        Ok(Self { image, ssimulacra2 })
    }

    /// SSIMULACRA2 of an encoded image.
    pub fn score(&self, bytes: &Bytes) -> Result<f64> {
        Ok(self.ssimulacra2.compare(&seen(&decoded(bytes)?)?)?)
    }
}

/// The metric for a whole image; both images are prepared by `seen`.
pub fn judge(method: QualityMethod, image: &Image) -> Result<Metric> {
    Ok(Metric::new(method, &seen(image)?)?)
}

/// An image as the metric needs it: mirrored beyond its edges if it is small.
pub fn seen(image: &Image) -> Result<Image> {
    Ok(auto_quality::mirror_extended(image)?.unwrap_or_else(|| image.clone()).copy_memory()?)
}

/// Decoded, whatever its format.
pub fn decoded(bytes: &Bytes) -> Result<Image> {
    let Picture { width, height, rgba, .. } = Picture::decode(bytes);
    Ok(Image::from_pixels(&rgba, width, height, 4)?.extract_bands(0, 3)?)
}

/// An original at one size.
pub struct Shot {
    /// The index of its long side in `SIDES`.
    pub size: usize,
    /// The pixels.
    pub image: Image,
}

/// The given files, and the images in the given folders, sorted by name.
pub fn find(arguments: &[String]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for argument in arguments {
        let path = Path::new(argument);
        if path.is_dir() {
            let entries = fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
            files.extend(entries.into_iter().map(|entry| entry.path()).filter(|path| path.is_file()));
        } else {
            files.push(path.to_owned());
        }
    }
    files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    if files.is_empty() {
        bail!("no images, expected files or folders of photographs");
    }
    Ok(files)
}

/// A photograph at every size that it has, one at a time: comparing large ones takes gigabytes.
pub fn shots(file: &Path) -> Result<impl Iterator<Item = Result<Shot>>> {
    let original = Bytes::from(fs::read(file).with_context(|| file.display().to_string())?);
    let whole = ask(&original, "width=1&format=png")?.original;
    let sizes = (0..SIDES.len()).filter(move |size| SIDES[*size] <= whole.width.max(whole.height));
    Ok(sizes.map(move |size| {
        let side = SIDES[size];
        let answer = ask(&original, &format!("width={side}&height={side}&flatten&format=png"))?;
        Ok(Shot { size, image: decoded(&answer.bytes)?.copy_memory()? })
    }))
}

fn ask(original: &Bytes, query: &str) -> Result<Encoded> {
    let params = Params::parse(query)?.params;
    let (accept, settings) = (Accept::default(), Settings::default());
    let deadline = Deadline::never();
    Ok(process(&params, original, &Assets::default(), accept, &settings, &deadline, &mut |_| ())?)
}
