//! One request to a server, with no runtime: its status, and the rest of the answer read to its end or left.

use std::{
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use actix_web::http::Uri;

/// Enough of an answer to hold its status line.
const MOST_BYTES: usize = 1024;

/// What is asked.
pub struct Request<'a> {
    /// The server, and what is asked for there: an `http:` URL.
    pub url: &'a Uri,
    /// What the `Accept` header says.
    pub accept: &'a str,
    /// Time for the whole request.
    pub timeout: Duration,
    /// What is done with the body of the answer.
    pub body: Body,
}

/// What is done with a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// It is not waited for.
    Ignore,
    /// It is read, so that the server has done all its work, and thrown away.
    Drain,
}

impl Request<'_> {
    /// The status of the answer.
    pub fn status(&self) -> io::Result<u16> {
        let invalid = |message| io::Error::new(io::ErrorKind::InvalidInput, message);
        let (Some("http"), Some(authority)) = (self.url.scheme_str(), self.url.authority()) else {
            return Err(invalid("expected a URL such as http://127.0.0.1:8080"));
        };
        let host = authority.host().trim_matches(['[', ']']);
        let until = Instant::now() + self.timeout;
        let mut stream = connect((host, authority.port_u16().unwrap_or(80)), until)?;
        let target = self.url.path_and_query().map_or("/", |target| target.as_str());
        let accept = self.accept;
        stream.set_write_timeout(Some(self.timeout))?;
        write!(
            stream,
            "GET {target} HTTP/1.1\r\nhost: {authority}\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        )?;
        let line = status_line(&mut stream, until)?;
        let status =
            line.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.trim().parse().ok());
        let status =
            status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP"))?;
        if self.body == Body::Drain {
            drain(&mut stream, until)?;
        }
        Ok(status)
    }
}

/// Tries each address of the host in turn.
fn connect(host: impl ToSocketAddrs, until: Instant) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(until)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn status_line(stream: &mut TcpStream, until: Instant) -> io::Result<String> {
    let mut answer = Vec::new();
    let mut piece = [0; 256];
    while !answer.contains(&b'\n') && answer.len() < MOST_BYTES {
        match read(stream, &mut piece, until)? {
            0 => break,
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    let line = answer.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Ok(String::from_utf8_lossy(line).into_owned())
}

fn drain(stream: &mut TcpStream, until: Instant) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    while read(stream, &mut piece, until)? > 0 {}
    Ok(())
}

fn read(stream: &mut TcpStream, piece: &mut [u8], until: Instant) -> io::Result<usize> {
    stream.set_read_timeout(Some(left(until)?))?;
    stream.read(piece).map_err(|error| match error.kind() {
        // what a read timeout is called on Unix
        io::ErrorKind::WouldBlock => io::ErrorKind::TimedOut.into(),
        _ => error,
    })
}

/// The time that is left; an error if there is none.
fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// The outcome of asking a server that gives `answer` to its one request, and the request's first line.
    fn asked(path: &str, answer: &'static str) -> (Result<u16, io::ErrorKind>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}{path}", listener.local_addr().unwrap()).parse().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(request).unwrap().lines().next().unwrap().to_owned()
        });
        let request =
            Request { url: &url, accept: "*/*", timeout: Duration::from_secs(30), body: Body::Drain };
        let status = request.status().map_err(|error| error.kind());
        (status, server.join().unwrap())
    }

    #[test]
    fn the_status_is_read() {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nhealthy";
        assert_eq!(asked("", ok), (Ok(200), "GET / HTTP/1.1".to_owned()));
        assert_eq!(asked("/a.jpg?b=c", ok), (Ok(200), "GET /a.jpg?b=c HTTP/1.1".to_owned()));
        assert_eq!(asked("", "HTTP/1.1 503 Service Unavailable\r\n\r\n").0, Ok(503));
        assert_eq!(asked("", "HTTP/1.0 200\r\n\r\n").0, Ok(200));
    }

    #[test]
    fn what_is_not_http_is_an_error() {
        for answer in ["", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 fine\r\n\r\n"] {
            assert_eq!(asked("", answer).0, Err(io::ErrorKind::InvalidData), "{answer:?}");
        }
    }

    #[test]
    fn only_http_urls_are_asked() {
        for url in ["https://127.0.0.1", "127.0.0.1:8080", "/health", "ftp://127.0.0.1"] {
            let url = url.parse().unwrap();
            let request =
                Request { url: &url, accept: "*/*", timeout: Duration::from_secs(1), body: Body::Ignore };
            assert_eq!(request.status().unwrap_err().kind(), io::ErrorKind::InvalidInput, "{url}");
        }
    }

    #[test]
    fn no_time_left_is_an_error() {
        assert_eq!(left(Instant::now()).unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
