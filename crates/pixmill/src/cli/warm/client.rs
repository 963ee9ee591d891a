//! The HTTP client: blocking, with TLS.

use std::{
    fs,
    io::{self, ErrorKind},
    path::Path,
    time::{Duration, SystemTime},
};

use ureq::{
    Agent, Body,
    config::Config,
    http::Response,
    tls::{PemItem, RootCerts, TlsConfig, parse_pem},
};

use super::pace;
use crate::cli::Error;

/// Maximum number of consecutive redirects of a list or a sitemap. Those of pictures are not followed.
const MAX_REDIRECTS: u32 = 5;

/// Pause before the first retry; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Longest pause before a retry, whatever the server demands.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Sends requests.
pub struct Client {
    agent: Agent,
    retries: u32,
}

/// The outcome of one request.
enum Attempt {
    /// The final status.
    Status(u16),
    /// The server is overloaded, and may have told for how long.
    Overloaded(u16, Option<Duration>),
    /// The connection failed.
    Broken(io::Error),
    /// Another error.
    Failed(io::Error),
}

impl Client {
    /// A client with a time limit per request, and the certificate authorities of a PEM file in place of the public ones.
    pub fn new(timeout: Duration, retries: u32, authorities: Option<&Path>) -> Result<Self, Error> {
        let roots = authorities.map(read_authorities).transpose()?;
        let tls = TlsConfig::builder().root_certs(roots.unwrap_or(RootCerts::WebPki)).build();
        let config = Config::builder()
            .timeout_global(Some(timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .tls_config(tls)
            .user_agent(concat!("pixmill/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { agent: config.into(), retries })
    }

    /// The status of a picture, whose bytes are received and discarded, so that the server completes its work.
    pub fn status(&self, url: &str, accept: &str, mut before_each: impl FnMut()) -> io::Result<u16> {
        for attempt in 0.. {
            before_each();
            let (result, pause) = match self.attempt(url, accept) {
                Attempt::Status(status) => return Ok(status),
                Attempt::Failed(error) => return Err(error),
                Attempt::Overloaded(status, pause) => (Ok(status), pause),
                Attempt::Broken(error) => (Err(error), None),
            };
            if attempt == self.retries {
                return result;
            }
            pace::pause(pause_before(attempt, pause));
        }
        unreachable!("invariant: the last attempt returns")
    }

    fn attempt(&self, url: &str, accept: &str) -> Attempt {
        let mut response = match self.agent.get(url).header("accept", accept).call() {
            Ok(response) => response,
            Err(error) => return Attempt::of(io_error(error)),
        };
        let pause = retry_after(&response, SystemTime::now());
        if let Err(error) = io::copy(&mut response.body_mut().as_reader(), &mut io::sink()) {
            return Attempt::of(error);
        }
        match response.status().as_u16() {
            status @ (429 | 503) => Attempt::Overloaded(status, pause),
            status => Attempt::Status(status),
        }
    }

    /// The bytes of a list or a sitemap, at most `limit`.
    pub fn fetch(&self, url: &str, limit: u64) -> Result<Vec<u8>, Error> {
        let refused = |reason: String| Error::List { name: url.to_owned(), reason };
        let request =
            self.agent.get(url).config().max_redirects(MAX_REDIRECTS).max_redirects_will_error(true).build();
        let mut response = request.call().map_err(|error| refused(io_error(error).to_string()))?;
        if response.status().as_u16() != 200 {
            return Err(refused(format!("status {}", response.status().as_u16())));
        }
        let bytes = response.body_mut().with_config().limit(limit).read_to_vec();
        bytes.map_err(|error| refused(error.to_string()))
    }
}

impl Attempt {
    fn of(error: io::Error) -> Self {
        use ErrorKind::{
            BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected, UnexpectedEof,
        };
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset | NotConnected
            | UnexpectedEof => Self::Broken(error),
            _ => Self::Failed(error),
        }
    }
}

fn read_authorities(path: &Path) -> Result<RootCerts, Error> {
    let text = fs::read(path).map_err(Error::file(path))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&text) {
        if let Ok(PemItem::Certificate(certificate)) = item {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(Error::Usage(format!("{} has no certificates, expected a PEM file", path.display())));
    }
    Ok(certificates.into())
}

/// The pause before the next attempt: what the server demands, else longer each time.
fn pause_before(attempt: u32, demanded: Option<Duration>) -> Duration {
    demanded.unwrap_or_else(|| FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(attempt))).min(LONGEST_PAUSE)
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(response: &Response<Body>, now: SystemTime) -> Option<Duration> {
    let text = response.headers().get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

fn io_error(error: ureq::Error) -> io::Error {
    match error {
        ureq::Error::Io(error) => error,
        ureq::Error::Timeout(_) => ErrorKind::TimedOut.into(),
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_unless_the_server_demands_one() {
        let millis = |attempt, demanded| pause_before(attempt, demanded).as_millis();
        assert_eq!([0, 1, 2, 3].map(|attempt| millis(attempt, None)), [200, 400, 800, 1600]);
        assert_eq!(millis(u32::MAX, None), 60_000);
        assert_eq!(millis(3, Some(Duration::from_secs(7))), 7000);
        assert_eq!(millis(0, Some(Duration::from_hours(1))), 60_000);
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let demanded = |value: &str| {
            let response =
                Response::builder().header("retry-after", value).body(Body::builder().data("")).unwrap();
            retry_after(&response, now).map(|pause| pause.as_secs())
        };
        assert_eq!(demanded("7"), Some(7));
        assert_eq!(demanded("Sun, 09 Sep 2001 01:46:50 GMT"), Some(10));
        assert_eq!(demanded("Sun, 09 Sep 2001 01:46:30 GMT"), Some(0));
        assert_eq!(demanded("soon"), None);
    }
}
