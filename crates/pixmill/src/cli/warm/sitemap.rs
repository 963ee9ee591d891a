//! Sitemaps (sitemaps.org), with the extension for images, and indexes of them.

use std::{
    io::{self, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use roxmltree::{Document, Node};
use url::Url;

/// Maximum size of a sitemap in bytes, uncompressed: that of the protocol.
pub const MAX_BYTES: u64 = 50 << 20;

/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// File extensions of pictures.
const PICTURES: [&str; 14] =
    ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "avif", "tif", "tiff", "svg", "svgz", "bmp", "ico"];

/// A sitemap.
#[derive(Debug, PartialEq, Eq)]
pub enum Sitemap {
    /// The URLs of pictures.
    Pictures(Vec<String>),
    /// The URLs of further sitemaps.
    Index(Vec<String>),
}

/// Undoes gzip, if the bytes are compressed. The result has at most [`MAX_BYTES`].
pub fn uncompressed(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice()).take(MAX_BYTES + 1).read_to_end(&mut plain)?;
    Ok(plain)
}

/// Whether a text is XML, and not a list with one URL per line.
pub fn is_sitemap(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('<')
}

/// Reads a sitemap. Pictures are those of `image:loc`; without any, the pages whose addresses name pictures.
///
/// # Errors
///
/// A text that is too long, is no XML, or has another root element.
pub fn parse(text: &str) -> Result<Sitemap, String> {
    if text.len() as u64 > MAX_BYTES {
        return Err(format!("the sitemap has {} bytes, expected at most {MAX_BYTES}", text.len()));
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let document = Document::parse(text).map_err(|error| format!("the sitemap is invalid XML: {error}"))?;
    let root = document.root_element();
    match root.tag_name().name() {
        "sitemapindex" => Ok(Sitemap::Index(locations(root, "sitemap")?)),
        "urlset" => {
            let images = locations(root, "image")?;
            if !images.is_empty() {
                return Ok(Sitemap::Pictures(images));
            }
            let pages = locations(root, "url")?.into_iter();
            Ok(Sitemap::Pictures(pages.filter(|url| names_picture(url)).collect()))
        }
        other => Err(format!("expected a sitemap with the root element urlset or sitemapindex, got {other}")),
    }
}

/// The texts of all `loc` elements whose parent has this name, as URLs in which everything is percent-encoded that must be.
fn locations(root: Node<'_, '_>, parent: &str) -> Result<Vec<String>, String> {
    let is_wanted = |node: &Node<'_, '_>| {
        node.tag_name().name() == "loc"
            && node.parent().is_some_and(|above| above.tag_name().name() == parent)
    };
    let texts = root.descendants().filter(is_wanted).filter_map(|node| node.text());
    let url = |text: &str| {
        let text = text.trim();
        Url::parse(text).map(String::from).map_err(|error| format!("{text:?} is no URL: {error}"))
    };
    texts.map(url).collect()
}

fn names_picture(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| PICTURES.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pictures(urls: &[&str]) -> Sitemap {
        Sitemap::Pictures(urls.iter().map(|url| (*url).to_owned()).collect())
    }

    #[test]
    fn pictures_are_those_of_the_extension_for_images() {
        let text = "\u{feff}<?xml version='1.0'?><urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' \
                    xmlns:image='http://www.google.com/schemas/sitemap-image/1.1'><url><loc>https://a.example/1.png</loc>\
                    <image:image><image:loc> https://a.example/b\u{e9} c.jpg?d=1&amp;e </image:loc></image:image></url></urlset>";
        assert!(is_sitemap(text));
        assert_eq!(parse(text), Ok(pictures(&["https://a.example/b%C3%A9%20c.jpg?d=1&e"])));
    }

    #[test]
    fn without_images_pages_that_name_pictures_count() {
        let text = "<urlset><url><loc>https://a.example/b.JPG?c</loc></url><url><loc>https://a.example/d.html</loc></url>\
                    <url><loc>https://a.example/</loc></url></urlset>";
        assert_eq!(parse(text), Ok(pictures(&["https://a.example/b.JPG?c"])));
        assert_eq!(parse("<urlset/>"), Ok(pictures(&[])));
    }

    #[test]
    fn an_index_names_sitemaps() {
        let text = "<sitemapindex><sitemap><loc>https://a.example/1.xml.gz</loc></sitemap></sitemapindex>";
        assert_eq!(parse(text), Ok(Sitemap::Index(vec!["https://a.example/1.xml.gz".to_owned()])));
    }

    #[test]
    fn what_is_no_sitemap_is_refused() {
        for (text, problem) in [
            ("<html/>", "got html"),
            ("<urlset>", "invalid XML"),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><urlset>&b;</urlset>", "invalid XML"),
            ("<urlset><url><loc>/a.jpg</loc></url></urlset>", "is no URL"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
        assert!(!is_sitemap("https://a.example/<b>"));
        let long = format!("<urlset>{}</urlset>", " ".repeat(MAX_BYTES as usize));
        assert!(parse(&long).unwrap_err().contains("expected at most"));
    }

    #[test]
    fn gzip_is_undone_within_the_limit() {
        use std::io::Write;
        let compressed = |plain: &[u8]| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        };
        assert_eq!(uncompressed(compressed(b"<urlset/>")).unwrap(), b"<urlset/>");
        assert_eq!(uncompressed(b"/a.jpg".to_vec()).unwrap(), b"/a.jpg");
        let bomb = compressed(&vec![b' '; MAX_BYTES as usize + 1000]);
        assert_eq!(uncompressed(bomb).unwrap().len() as u64, MAX_BYTES + 1);
        assert!(uncompressed(vec![0x1f, 0x8b, 0]).is_err());
    }
}
