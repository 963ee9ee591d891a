//! The list of URLs: a file, standard input or a URL, with one URL per line or as a sitemap.

use std::{
    collections::HashSet,
    fs,
    io::{self, Read},
    path::Path,
};

use super::{
    client::Client,
    sitemap::{self, MAX_BYTES, Sitemap},
};
use crate::cli::Error;

/// How deep indexes of sitemaps may refer to one another.
const MAX_DEPTH: usize = 3;

/// Maximum number of sitemaps of one run.
const MAX_SITEMAPS: usize = 1000;

/// Maximum number of URLs of sitemaps.
const MAX_URLS: usize = 1_000_000;

/// Reads the URLs of a list or of a sitemap, with those of all sitemaps that it refers to.
pub fn read(place: &str, client: &Client) -> Result<Vec<String>, Error> {
    let text = text_of(place, client)?;
    if !sitemap::is_sitemap(&text) {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        return Ok(lines.map(str::to_owned).collect());
    }
    let mut walk = Walk { client, seen: HashSet::from([place.to_owned()]), urls: Vec::new() };
    walk.add(place, &text, 1)?;
    Ok(walk.urls)
}

/// The sitemaps that were read.
struct Walk<'a> {
    client: &'a Client,
    seen: HashSet<String>,
    urls: Vec<String>,
}

impl Walk<'_> {
    fn add(&mut self, name: &str, text: &str, depth: usize) -> Result<(), Error> {
        let refused = |reason: String| Error::List { name: name.to_owned(), reason };
        let children = match sitemap::parse(text).map_err(refused)? {
            Sitemap::Pictures(urls) if self.urls.len() + urls.len() > MAX_URLS => {
                return Err(refused(format!("the sitemaps have more than {MAX_URLS} URLs")));
            }
            Sitemap::Pictures(urls) => {
                self.urls.extend(urls);
                return Ok(());
            }
            Sitemap::Index(children) => children,
        };
        if depth == MAX_DEPTH {
            return Err(refused(format!(
                "indexes of sitemaps refer to one another more than {MAX_DEPTH} deep"
            )));
        }
        for child in children {
            if self.seen.len() == MAX_SITEMAPS {
                return Err(refused(format!("there are more than {MAX_SITEMAPS} sitemaps")));
            }
            if !self.seen.contains(&child) {
                self.seen.insert(child.clone());
                let text = text_of(&child, self.client)?;
                self.add(&child, &text, depth + 1)?;
            }
        }
        Ok(())
    }
}

/// The text at a URL, in a file, or on standard input.
fn text_of(place: &str, client: &Client) -> Result<String, Error> {
    let bytes = if place.starts_with("http://") || place.starts_with("https://") {
        client.fetch(place, MAX_BYTES)?
    } else if place == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map_err(Error::file("standard input"))?;
        bytes
    } else {
        fs::read(Path::new(place)).map_err(Error::file(place))?
    };
    let refused = |reason: String| Error::List { name: place.to_owned(), reason };
    let plain = sitemap::uncompressed(bytes).map_err(|error| refused(format!("invalid gzip: {error}")))?;
    String::from_utf8(plain).map_err(|_| refused("expected text in UTF-8".to_owned()))
}
