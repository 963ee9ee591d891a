//! `pixmill warm`: cache warming. Requests a list of URLs from a server, so that later requests are cache hits.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use actix_web::http::Uri;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::{IntoParallelRefIterator, ParallelIterator};

use super::{
    Error,
    http_client::{Body, Request},
    out,
    query::NegotiatedFormat,
};

/// Warms the caches of a server: requests every URL of a list and discards the responses.
#[derive(Debug, Args)]
pub struct Warm {
    /// File with one URL or path per line, `-` for standard input; empty lines and lines that begin with # are skipped
    #[arg(value_name = "URL-LIST")]
    list: PathBuf,
    /// Server to send the requests to, in place of those in the list: `http://10.0.0.1:8080`; required for paths
    #[arg(long, value_name = "URL")]
    server: Option<Uri>,
    /// Maximum number of concurrent requests
    #[arg(long, default_value_t = 8, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    concurrency: u16,
    /// Timeout of a request, in seconds
    #[arg(long, default_value_t = 60, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
    /// Formats that `format=auto` may choose besides JPEG and PNG
    #[arg(long, value_delimiter = ',', value_name = "FORMAT")]
    accept: Vec<NegotiatedFormat>,
}

impl Warm {
    /// Sends the requests. Fails at the end if any of the responses is not a 200.
    pub fn run(&self) -> Result<(), Error> {
        let text = self.read().map_err(Error::file(&self.list))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let urls = lines.map(|line| self.url(line)).collect::<Result<Vec<_>, _>>()?;
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.concurrency.into()).build()?;
        let failures: Vec<_> = pool.install(|| self.request_all(&urls)).into_iter().flatten().collect();
        let total = urls.len();
        out::print(&format!("{} of {total} URLs warmed", total - failures.len()))?;
        if failures.is_empty() { Ok(()) } else { Err(Error::Urls { failures, total }) }
    }

    fn read(&self) -> io::Result<String> {
        if self.list != Path::new("-") {
            return fs::read_to_string(&self.list);
        }
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text)?;
        Ok(text)
    }

    /// The URL to request for a line of the list.
    fn url(&self, line: &str) -> Result<Uri, Error> {
        let refused = |expected: &str| Error::Usage(format!("invalid URL {line:?}: expected {expected}"));
        let listed: Uri = line.parse().map_err(|_| refused("a URL or a path, percent-encoded"))?;
        let url = match &self.server {
            Some(server) => {
                let mut parts = server.clone().into_parts();
                parts.path_and_query = listed.path_and_query().cloned();
                Uri::from_parts(parts).map_err(|_| refused("--server such as http://127.0.0.1:8080"))?
            }
            None => listed,
        };
        match url.scheme_str() {
            Some("http") => Ok(url),
            Some(_) => Err(refused("an http: URL, or --server with one: requests bypass the CDN")),
            None => Err(refused("an absolute URL, or --server for paths")),
        }
    }

    /// Requests all URLs, with a progress bar on a terminal. Returns the failures with their reasons, in the order of the
    /// list.
    fn request_all(&self, urls: &[Uri]) -> Vec<Option<String>> {
        let style = "{bar:40} {pos}/{len} {per_sec} {wide_msg} {eta}";
        let style = ProgressStyle::with_template(style).expect("invariant: the template is valid");
        let bar = ProgressBar::new(urls.len() as u64).with_style(style);
        let formats: Vec<_> = self.accept.iter().map(|format| format.media()).collect();
        let accept = [formats, vec!["*/*"]].concat().join(",");
        let request = |url: &Uri| {
            let timeout = Duration::from_secs(self.timeout);
            let status = Request { url, accept: &accept, timeout, body: Body::Drain }.status();
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
            (node, "https://cdn.example/x.jpg?width=5", Some("http://10.0.0.1:8080/x.jpg?width=5")),
            (node, "/x.jpg", Some("http://10.0.0.1:8080/x.jpg")),
            (None, "/x.jpg", None),
            (None, "https://cdn.example/x.jpg", None),
            (Some("10.0.0.1:8080"), "/x.jpg", None),
            (node, "/a b.jpg", None),
        ] {
            assert_eq!(url(server, line).as_deref(), expected, "{line}");
        }
    }
}
