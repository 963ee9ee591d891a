//! File names of results, and the formats of file extensions.

use std::path::{Path, PathBuf};

use image_api::OutputFormat;
use vips_ops::Media;

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

fn extension(format: Media) -> &'static str {
    let known = EXTENSIONS.iter().find(|(_, known)| Media::Picture(*known) == format);
    known.map_or_else(|| format.name(), |(extension, _)| extension)
}

#[cfg(test)]
mod tests {
    use super::*;

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
