//! The HTTP request of a health check: blocking, without a runtime, to plain `http:` URLs.

use std::{io, time::Duration};

use actix_web::http::Uri;
use ureq::{Agent, Error, config::Config};

/// A GET request.
pub struct Request<'a> {
    /// The URL, with the scheme `http`.
    pub url: &'a Uri,
    /// Time limit of the whole request.
    pub timeout: Duration,
}

impl Request<'_> {
    /// Sends the request and returns the status of the response. Redirects are not followed, and proxies not used.
    pub fn status(&self) -> io::Result<u16> {
        if (self.url.scheme_str(), self.url.authority().is_some()) != (Some("http"), true) {
            let message = "expected a URL such as http://127.0.0.1:8080";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let config = Config::builder()
            .timeout_global(Some(self.timeout))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .build();
        let agent: Agent = config.into();
        let request = agent.get(self.url.to_string()).header("accept", "*/*");
        let response = request.header("connection", "close").call().map_err(io_error)?;
        Ok(response.status().as_u16())
    }
}

fn io_error(error: Error) -> io::Error {
    match error {
        Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => invalid_response(),
        Error::Io(error) => error,
        Error::Timeout(_) => io::ErrorKind::TimedOut.into(),
        Error::Protocol(_) | Error::Http(_) => invalid_response(),
        error => io::Error::other(error),
    }
}

fn invalid_response() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the response is not HTTP")
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// Sends a request to a server that gives `response` to it. Returns the outcome, and the first line of the request.
    fn get(path: &str, response: &'static str) -> (Result<u16, io::ErrorKind>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap()).parse().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            stream.write_all(response.as_bytes()).unwrap();
            String::from_utf8(request).unwrap().lines().next().unwrap().to_owned()
        });
        let request = Request { url: &url, timeout: Duration::from_secs(30) };
        let status = request.status().map_err(|error| error.kind());
        (status, server.join().unwrap())
    }

    #[test]
    fn the_status_is_returned() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nhealthy";
        assert_eq!(get("", ok), (Ok(200), "GET / HTTP/1.1".to_owned()));
        assert_eq!(get("/a.jpg?b=c", ok), (Ok(200), "GET /a.jpg?b=c HTTP/1.1".to_owned()));
        assert_eq!(get("", "HTTP/1.1 503 Service Unavailable\r\n\r\n").0, Ok(503));
        assert_eq!(get("", "HTTP/1.1 301 Moved\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n").0, Ok(301));
        assert_eq!(get("", "HTTP/1.0 200 OK\r\n\r\n").0, Ok(200));
    }

    #[test]
    fn a_response_that_is_not_http_is_an_error() {
        for response in ["", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 fine\r\n\r\n"] {
            assert_eq!(get("", response).0, Err(io::ErrorKind::InvalidData), "{response:?}");
        }
    }

    #[test]
    fn only_http_urls_are_requested() {
        for url in ["https://127.0.0.1", "127.0.0.1:8080", "/health", "ftp://127.0.0.1"] {
            let url = url.parse().unwrap();
            let request = Request { url: &url, timeout: Duration::from_secs(1) };
            assert_eq!(request.status().unwrap_err().kind(), io::ErrorKind::InvalidInput, "{url}");
        }
    }

    #[test]
    fn a_silent_server_is_a_timeout() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let timeout = Duration::from_millis(50);
        let request = Request { url: &url, timeout };
        assert_eq!(request.status().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
