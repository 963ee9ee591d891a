//! File names: which format an ending stands for, and the name a result gets.

use std::path::{Path, PathBuf};

use image_api::OutputFormat;
use vips_ops::Media;

/// Endings and what they stand for; the first of a format is the one we give.
const ENDINGS: &[(&str, OutputFormat)] = &[
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

/// The ending of descriptions.
const JSON: &str = "json";

/// How a result is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// As it was asked for; an ending that stands for another format is refused.
    Given,
    /// With the ending of its format in place of another ending.
    Replaced,
    /// With the ending of its format after another ending, since its bare name is not its alone.
    Appended,
}

impl Naming {
    /// The name for a result of a format; none if the name that was asked for stands for another format.
    pub fn apply(self, path: &Path, format: Media) -> Option<PathBuf> {
        match (self, format_of(path)) {
            (_, Some(stated)) if stated == format => Some(path.to_owned()),
            (Self::Given, None) => Some(path.to_owned()),
            (Self::Given, Some(_)) => None,
            (Self::Replaced, _) => Some(path.with_extension(ending(format))),
            (Self::Appended, _) => {
                let mut name = path.as_os_str().to_owned();
                name.push(".");
                name.push(ending(format));
                Some(name.into())
            }
        }
    }
}

fn format_of(path: &Path) -> Option<Media> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    if ending == JSON {
        return Some(Media::Json);
    }
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, format)| Media::Picture(*format))
}

fn ending(format: Media) -> &'static str {
    let known = ENDINGS.iter().find(|(_, known)| Media::Picture(*known) == format);
    known.map_or_else(|| format.name(), |(ending, _)| ending)
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
