//! Photographs on which encoders and measures are calibrated.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use testkit::Picture;
use vips_ops::{
    Accept, Encoded, Params, Settings,
    encode::auto_quality::Judge,
    overlay::Assets,
    params::output::quality_method::QualityMethod,
    process,
    vips::{Deadline, Image},
};

/// Long sides to which photographs are brought, in pixels; none is enlarged.
const SIDES: [u32; 4] = [200, 400, 800, 1600];

/// Pixels before encoding, and who judges what encoding makes of them.
pub struct Photo {
    /// The pixels.
    pub image: Image,
    ssimulacra2: Judge,
}

impl Photo {
    /// Over pixels in memory.
    pub fn new(image: Image) -> Result<Self> {
        let ssimulacra2 = judge(QualityMethod::Ssimulacra2, &image)?;
        Ok(Self { image, ssimulacra2 })
    }

    /// SSIMULACRA2 of an encoded picture.
    pub fn score(&self, bytes: &Bytes) -> Result<f64> {
        Ok(self.ssimulacra2.compare(&decoded(bytes)?)?)
    }
}

/// A judge over a whole picture.
pub fn judge(method: QualityMethod, image: &Image) -> Result<Judge> {
    Ok(Judge::new(method, image)?)
}

/// Decoded, whatever its format.
pub fn decoded(bytes: &Bytes) -> Result<Image> {
    let Picture { width, height, rgba, .. } = Picture::decode(bytes);
    Ok(Image::from_pixels(&rgba, width, height, 4)?.extract_bands(0, 3)?)
}

/// An original at one size.
pub struct Shot {
    /// The original.
    pub original: Bytes,
    /// Parameters that make it this large.
    pub query: String,
    /// The pixels.
    pub photo: Photo,
}

impl Shot {
    /// What the server answers to these further parameters.
    pub fn ask(&self, query: &str) -> Result<Encoded> {
        ask(&self.original, &format!("{}&{query}", self.query))
    }
}

/// Files, and the pictures of folders, by name.
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
        bail!("no pictures, expected files or folders of photographs");
    }
    Ok(files)
}

/// The photographs of these files at every size that they have.
pub fn shots(files: &[&PathBuf]) -> Result<Vec<Shot>> {
    let mut shots = Vec::new();
    for file in files {
        let original = Bytes::from(fs::read(file).with_context(|| file.display().to_string())?);
        for side in SIDES {
            let query = format!("width={side}&height={side}&flatten");
            let answer = ask(&original, &format!("{query}&format=png"))?;
            if side > answer.original.width.max(answer.original.height) {
                break;
            }
            let photo = Photo::new(decoded(&answer.bytes)?.copy_memory()?)?;
            shots.push(Shot { original: original.clone(), query, photo });
        }
    }
    Ok(shots)
}

fn ask(original: &Bytes, query: &str) -> Result<Encoded> {
    let params = Params::parse(query)?.params;
    let (accept, settings) = (Accept::default(), Settings::default());
    let deadline = Deadline::never();
    Ok(process(&params, original, &Assets::default(), accept, &settings, &deadline, &mut |_| ())?)
}
