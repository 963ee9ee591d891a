//! File names of results, and the formats of file extensions.

use std::path::{Path, PathBuf};

use image_api::OutputFormat;
use vips_ops::Media;

use crate::cli::Error;

/// File extensions and their formats. The first one of each format is used for results.
const EXTENSIONS: &[(&str, OutputFormat)] = &[
    ("jpg", OutputFormat::Jpeg),
    ("jpeg", OutputFormat::Jpeg),
    ("jpe", OutputFormat::Jpeg),
    ("jfif", OutputFormat::Jpeg),
    ("png", OutputFormat::Png),
    ("webp", OutputFormat::Webp),
    ("avif", OutputFormat::Avif),
    ("gif", OutputFormat::Gif),
    ("mp4", OutputFormat::Mp4),
];

/// The file extension of descriptions.
const JSON: &str = "json";

/// How a result is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// The given name. A file extension of another format is refused.
    Given,
    /// The file extension is replaced by that of the format.
    Replaced,
    /// The file extension of the format is appended, since other files have the same name without extension.
    Appended,
}

impl Naming {
    /// The name of a result of this format; none if the given name has the file extension of another format.
    pub fn apply(self, path: &Path, format: Media) -> Option<PathBuf> {
        match (self, format_of(path)) {
            (_, Some(stated)) if stated == format => Some(path.to_owned()),
            (Self::Given, None) => Some(path.to_owned()),
            (Self::Given, Some(_)) => None,
            (Self::Replaced, _) => Some(path.with_extension(extension(format))),
            (Self::Appended, _) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".");
                name.push(extension(format));
                Some(name.into())
            }
        }
    }
}

fn format_of(path: &Path) -> Option<Media> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    if extension == JSON {
        return Some(Media::Json);
    }
    EXTENSIONS.iter().find(|(known, _)| *known == extension).map(|(_, format)| Media::Picture(*format))
}

/// The format of a file extension; none without one. An unknown one is refused.
pub fn stated(path: &Path) -> Result<Option<Media>, Error> {
    let format = format_of(path);
    match path.extension() {
        Some(extension) if format.is_none() => {
            let known: Vec<_> = EXTENSIONS.iter().map(|(known, _)| *known).collect();
            let (extension, known) = (extension.to_string_lossy(), known.join(", "));
            Err(Error::Usage(format!(
                "unknown file extension {extension}, expected one of {known} or {JSON}"
            )))
        }
        _ => Ok(format),
    }
}

fn extension(format: Media) -> &'static str {
    let known = EXTENSIONS.iter().find(|(_, known)| Media::Picture(*known) == format);
    known.map_or_else(|| format.name(), |(extension, _)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_state_formats() {
        let of = |path: &str| stated(Path::new(path)).map_err(|error| error.to_string());
        assert_eq!(of("a/b.WebP"), Ok(Some(Media::Picture(OutputFormat::Webp))));
        assert_eq!(of("b.json"), Ok(Some(Media::Json)));
        assert_eq!((of("a.b/c"), of("")), (Ok(None), Ok(None)));
        let expected = "unknown file extension tiff, expected one of jpg, jpeg, jpe, jfif, png, webp, avif, gif, mp4 or json";
        assert_eq!(of("b.tiff"), Err(expected.to_owned()));
    }

    #[test]
    fn names() {
        use Naming::{Appended, Given, Replaced};
        let [jpeg, webp] = [OutputFormat::Jpeg, OutputFormat::Webp].map(Media::Picture);
        for (naming, path, format, expected) in [
            (Given, "a/b.jpeg", jpeg, Some("a/b.jpeg")),
            (Given, "a/b.png", jpeg, None),
            (Given, "a/b", jpeg, Some("a/b")),
            (Given, "a/b.tmp", jpeg, Some("a/b.tmp")),
            (Replaced, "a/b.JPG", jpeg, Some("a/b.JPG")),
            (Replaced, "a/b.png", jpeg, Some("a/b.jpg")),
            (Replaced, "a/b", webp, Some("a/b.webp")),
            (Replaced, "a.b/c.tiff", webp, Some("a.b/c.webp")),
            (Given, "a/b.json", Media::Json, Some("a/b.json")),
            (Given, "a/b.json", jpeg, None),
            (Replaced, "a/b.jpg", Media::Json, Some("a/b.json")),
            (Appended, "a/b.png", jpeg, Some("a/b.png.jpg")),
            (Appended, "a/b.jpg", jpeg, Some("a/b.jpg")),
        ] {
            assert_eq!(naming.apply(Path::new(path), format), expected.map(PathBuf::from), "{path}");
        }
    }
}
