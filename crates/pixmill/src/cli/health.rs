//! `pixmill health`: the health check of a container. Sends one request, without a runtime.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use actix_web::http::Uri;
use clap::Args;

use super::{ConfigFile, Error, http_client::Request, out};
use crate::config::Environment;

/// Timeout of the request: a slower server is not healthy.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Checks the health of a server.
#[derive(Debug, Args)]
pub struct Health {
    /// URL of the server, such as `http://127.0.0.1:8080`; `/health` is requested below it [default: the public listener of the
    /// configuration, on this machine]
    url: Option<Uri>,
    #[command(flatten)]
    file: ConfigFile,
}

impl Health {
    /// Fails unless the server responds with 200 in time.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => local_url(self.file.load(environment)?.listen.address),
        };
        let reason = match status(&url) {
            Ok(200) => return out::print("healthy"),
            Ok(status) => format!("status {status}"),
            Err(error) => error.to_string(),
        };
        Err(Error::Unhealthy { url: url.to_string(), reason })
    }
}

/// The URL of a listener for clients on the same machine.
fn local_url(mut address: SocketAddr) -> Uri {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    format!("http://{address}").parse().expect("invariant: an address and a port are an authority")
}

/// The status of the response to `/health` below a URL.
fn status(server: &Uri) -> io::Result<u16> {
    let below = format!("{}/health", server.path().trim_end_matches('/'));
    let mut parts = server.clone().into_parts();
    parts.path_and_query = below.parse().ok();
    // a URL without a host cannot be assembled again: the request refuses it
    let url = Uri::from_parts(parts).unwrap_or_else(|_| server.clone());
    Request { url: &url, timeout: TIMEOUT }.status()
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
            let url: Uri = format!("http://{}{path}", listener.local_addr().unwrap()).parse().unwrap();
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let lines = BufReader::new(stream.try_clone().unwrap()).lines().map(Result::unwrap);
                let lines: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
                lines[0].clone()
            });
            assert_eq!(status(&url).unwrap(), 200);
            assert_eq!(server.join().unwrap(), expected);
        }
    }

    #[test]
    fn listeners_are_reached_on_this_machine() {
        for (address, expected) in [
            ("0.0.0.0:8080", "http://127.0.0.1:8080/"),
            ("[::]:80", "http://[::1]:80/"),
            ("192.0.2.1:81", "http://192.0.2.1:81/"),
        ] {
            assert_eq!(local_url(address.parse().unwrap()), expected);
        }
    }

    #[test]
    fn only_http_urls_are_requested() {
        for url in ["https://127.0.0.1", "127.0.0.1:8080", "/health"] {
            assert_eq!(
                status(&url.parse().unwrap()).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{url}"
            );
        }
    }
}
