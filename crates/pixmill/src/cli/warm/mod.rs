//! `pixmill warm`: cache warming. Requests a list of URLs from a server, so that later requests are cache hits.

mod client;
mod list;
mod pace;
mod sitemap;

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use actix_web::http::{Uri, uri::PathAndQuery};
use clap::Args;
use image_api::params::{size::width::Width, spec::Param as _};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use self::{client::Client, pace::Pace};
use super::{Error, out, query::NegotiatedFormat};

/// Warms the caches of a server: requests every URL of a list or a sitemap and discards the responses.
#[derive(Debug, Args)]
pub struct Warm {
    /// File or URL of a list with one URL or path per line, in which empty lines and lines that begin with # are skipped; or of a
    /// sitemap or an index of sitemaps, whose `image:loc` are requested, or else the pages that name pictures; `-` for standard
    /// input; gzip is undone
    #[arg(value_name = "URL-LIST")]
    list: String,
    /// Server to send the requests to, in place of those in the list: `http://10.0.0.1:8080`; required for paths
    #[arg(long, value_name = "URL")]
    server: Option<Uri>,
    /// Requests each URL of the list in these widths: `320,640,1280`
    #[arg(long, value_delimiter = ',', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65535))]
    widths: Vec<u32>,
    /// Maximum number of concurrent requests
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Maximum number of requests per second [default: unlimited]
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,
    /// How often a request is repeated after 429, 503 or a failed connection, with growing pauses or those of `Retry-After`
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=20))]
    retries: u32,
    /// Timeout of a request, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// Formats that `format=auto` may choose besides JPEG and PNG
    #[arg(long, value_delimiter = ',', value_name = "FORMAT")]
    accept: Vec<NegotiatedFormat>,
    /// PEM file of certificate authorities to trust in place of the public ones
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

impl Warm {
    /// Sends the requests. Fails at the end if any of the responses is not a 200.
    pub fn run(&self) -> Result<(), Error> {
        let timeout = Duration::from_secs(self.timeout);
        let client = Client::new(timeout, self.retries, self.ca_file.as_deref())?;
        let lines = list::read(&self.list, &client)?;
        let lines = lines.iter().flat_map(|line| self.sizes(line));
        let urls = lines.map(|line| self.url(&line)).collect::<Result<Vec<_>, _>>()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.concurrency.into()).build()?;
        let failures = pool.install(|| self.request_all(&urls, &client));
        let failures: Vec<_> = failures.into_iter().flatten().collect();
        let total = urls.len();
        out::print(&format!("{} of {total} URLs warmed", total - failures.len()))?;
        if failures.is_empty() { Ok(()) } else { Err(Error::Urls { failures, total }) }
    }

    /// The lines to request for a line of the list: one for each width.
    fn sizes(&self, line: &str) -> Vec<String> {
        if self.widths.is_empty() {
            return vec![line.to_owned()];
        }
        let line = line.split('#').next().unwrap_or_default();
        let (place, query) = line.split_once('?').unwrap_or((line, ""));
        let is_width = |pair: &str| Width::SPEC.answers_to(pair.split('=').next().unwrap_or_default());
        let others: Vec<_> = query.split('&').filter(|pair| !pair.is_empty() && !is_width(pair)).collect();
        let sized =
            |width| [vec![format!("{}={width}", Width::SPEC.name)], owned(&others)].concat().join("&");
        self.widths.iter().map(|width| format!("{place}?{}", sized(width))).collect()
    }

    /// The URL to request for a line of the list.
    fn url(&self, line: &str) -> Result<Uri, Error> {
        let refused = |expected: &str| Error::Usage(format!("invalid URL {line:?}: expected {expected}"));
        let listed: Uri = line.parse().map_err(|_| refused("a URL or a path, percent-encoded"))?;
        let url = match &self.server {
            Some(server)
                if !matches!(server.path_and_query().map(PathAndQuery::as_str), None | Some("" | "/")) =>
            {
                return Err(refused("--server without a path"));
            }
            Some(server) => {
                let mut parts = server.clone().into_parts();
                parts.path_and_query = listed.path_and_query().cloned();
                Uri::from_parts(parts).map_err(|_| refused("--server such as http://127.0.0.1:8080"))?
            }
            None => listed,
        };
        match url.scheme_str() {
            Some("http" | "https") => Ok(url),
            Some(_) => Err(refused("an http: or https: URL")),
            None => Err(refused("an absolute URL, or --server for paths")),
        }
    }

    /// Requests all URLs, with a progress bar on a terminal. Returns the failures with their reasons, in the order of the
    /// list.
    fn request_all(&self, urls: &[Uri], client: &Client) -> Vec<Option<String>> {
        let style = "{bar:40} {pos}/{len} {per_sec} {wide_msg} {eta}";
        let style = ProgressStyle::with_template(style).expect("invariant: the template is valid");
        let bar = ProgressBar::new(urls.len() as u64).with_style(style);
        let formats: Vec<_> = self.accept.iter().map(|format| format.media()).collect();
        let accept = [formats, vec!["*/*"]].concat().join(",");
        let pace = Pace::new(self.rate);
        let request = |url: &Uri| {
            let status = client.status(&url.to_string(), &accept, || pace.wait());
            bar.set_message(url.path().to_owned());
            bar.inc(1);
            match status {
                Ok(200) => None,
                Ok(status) => Some(format!("{url}: status {status}")),
                Err(error) => Some(format!("{url}: {error}")),
            }
        };
        let failures = urls.par_iter().map(request).collect();
        bar.finish_and_clear();
        failures
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        warm: Warm,
    }

    fn url(server: Option<&str>, line: &str) -> Option<String> {
        let server = server.map(|server| format!("--server={server}"));
        let line_of = ["warm", "-"].map(str::to_owned).into_iter().chain(server);
        Line::parse_from(line_of).warm.url(line).ok().map(|url| url.to_string())
    }

    #[test]
    fn lines_are_urls_or_paths() {
        let node = Some("http://10.0.0.1:8080");
        for (server, line, expected) in [
            (None, "http://a.example/x.jpg?width=5", Some("http://a.example/x.jpg?width=5")),
            (None, "https://cdn.example/x.jpg", Some("https://cdn.example/x.jpg")),
            (node, "https://cdn.example/x.jpg?width=5", Some("http://10.0.0.1:8080/x.jpg?width=5")),
            (node, "/x.jpg", Some("http://10.0.0.1:8080/x.jpg")),
            (None, "/x.jpg", None),
            (None, "ftp://cdn.example/x.jpg", None),
            (Some("10.0.0.1:8080"), "/x.jpg", None),
            (Some("http://10.0.0.1:8080/prefix"), "/x.jpg", None),
            (node, "/a b.jpg", None),
        ] {
            assert_eq!(url(server, line).as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn each_line_is_requested_in_all_widths() {
        let sizes = |line: &str| Line::parse_from(["warm", "-", "--widths", "320,640"]).warm.sizes(line);
        assert_eq!(sizes("/a.jpg"), ["/a.jpg?width=320", "/a.jpg?width=640"]);
        let expected = ["/a.jpg?width=320&quality=8&b", "/a.jpg?width=640&quality=8&b"];
        assert_eq!(sizes("/a.jpg?w=5&quality=8&width=9&b#top"), expected);
        assert_eq!(Line::parse_from(["warm", "-"]).warm.sizes("/a.jpg?w=5"), ["/a.jpg?w=5"]);
    }
}
