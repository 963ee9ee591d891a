//! `pixmill health`: the health check of a container. Sends one request, without a runtime.

use std::{io, time::Duration};

use actix_web::http::Uri;
use clap::Args;

use super::{
    Error,
    http_client::{Body, Request},
    out,
};

/// Timeout of the request: a slower server is not healthy.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Checks the health of a server.
#[derive(Debug, Args)]
pub struct Health {
    /// URL of the server, such as `http://127.0.0.1:8080`; `/health` is requested below it
    url: Uri,
}

impl Health {
    /// Fails unless the server responds with 200 in time.
    pub fn run(&self) -> Result<(), Error> {
        let reason = match self.status() {
            Ok(200) => return out::print("healthy"),
            Ok(status) => format!("status {status}"),
            Err(error) => error.to_string(),
        };
        Err(Error::Unhealthy { url: self.url.to_string(), reason })
    }

    fn status(&self) -> io::Result<u16> {
        let below = format!("{}/health", self.url.path().trim_end_matches('/'));
        let mut parts = self.url.clone().into_parts();
        parts.path_and_query = below.parse().ok();
        // a URL without a host cannot be assembled again: the request refuses it
        let url = Uri::from_parts(parts).unwrap_or_else(|_| self.url.clone());
        Request { url: &url, accept: "*/*", timeout: TIMEOUT, body: Body::Ignore }.status()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    #[test]
    fn health_is_requested_below_the_url() {
        for (path, expected) in [("", "GET /health HTTP/1.1"), ("/below/", "GET /below/health HTTP/1.1")] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}{path}", listener.local_addr().unwrap()).parse().unwrap();
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                lines[0].clone()
            });
            assert_eq!(Health { url }.status().unwrap(), 200);
            assert_eq!(server.join().unwrap(), expected);
        }
    }

    #[test]
    fn only_http_urls_are_requested() {
        for url in ["https://127.0.0.1", "127.0.0.1:8080", "/health"] {
            let health = Health { url: url.parse().unwrap() };
            assert_eq!(health.status().unwrap_err().kind(), io::ErrorKind::InvalidInput, "{url}");
        }
    }
}
