//! The pictures that the playground offers.

use image_api::SourceFormat;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::config::Config;

/// Most pictures that are offered.
const MOST: usize = 200;

/// Characters of names that need no escape in a path.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The paths of the pictures: those in `playground.samples`, else those in the folder of the origin. None if it is off.
pub fn samples(config: &Config) -> Vec<String> {
    if !config.playground.enabled {
        return Vec::new();
    }
    if !config.playground.samples.is_empty() {
        return config.playground.samples.clone();
    }
    let files = origin::folder_files(&config.origin.url);
    let pictures = files.iter().filter(|name| is_picture(name)).take(MOST);
    pictures.map(|name| format!("/{}", utf8_percent_encode(name, ESCAPED))).collect()
}

/// Whether a file is a picture, by its extension.
fn is_picture(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let extension = match extension.as_str() {
        "jpg" => "jpeg",
        "tif" => "tiff",
        other => other,
    };
    SourceFormat::ALL.iter().any(|format| format.name() == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_the_folder_are_offered_if_the_playground_is_on() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b c.JPG", "a.avif", "notes.txt", "jpeg"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let mut config = Config::default();
        config.origin.url = folder.path().to_str().unwrap().into();
        assert_eq!(samples(&config), [""; 0]);
        config.playground.enabled = true;
        assert_eq!(samples(&config), ["/a.avif", "/b%20c.JPG"]);
        config.playground.samples = vec!["/x.png".to_owned()];
        assert_eq!(samples(&config), ["/x.png"]);
    }
}
