//! A minimal HTTP client with access to the raw bytes.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Timeout: longer than any response takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Connection(BufReader<TcpStream>);

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Sends a GET over a new connection.
pub async fn get(address: SocketAddr, target: &str) -> Response {
    ask(address, target, &[]).await
}

pub async fn ask(address: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Response {
    Connection::open(address).await.ask("GET", target, headers).await
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(address).await.unwrap()))
    }

    /// Sends a request and reads the response.
    pub async fn ask(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response {
        self.send(method, target, headers).await;
        self.read(method).await
    }

    /// Sends a request with this `Host`.
    pub async fn ask_host(&mut self, host: &str, target: &str) -> Response {
        self.write(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        self.read("GET").await
    }

    pub async fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) {
        let mut lines = vec![format!("{method} {target} HTTP/1.1"), "Host: localhost".to_owned()];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        self.write(&(lines.join("\r\n") + "\r\n\r\n")).await;
    }

    /// A connection with a small receive buffer of a few kB.
    pub async fn open_narrow(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        Self(BufReader::with_capacity(4096, socket.connect(address).await.unwrap()))
    }

    /// Reads this many bytes.
    pub async fn take(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        timeout(PATIENCE, self.0.read_exact(&mut bytes)).await.expect("no bytes").unwrap();
        bytes
    }

    /// Reads until the end, or until the server aborts the connection. Returns the number of bytes.
    pub async fn drain(&mut self) -> usize {
        let (mut bytes, mut total) = ([0; 4096], 0);
        loop {
            match timeout(PATIENCE, self.0.read(&mut bytes)).await.expect("no end") {
                Ok(count) if count > 0 => total += count,
                _ => return total,
            }
        }
    }

    pub async fn write(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    pub async fn write_bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads the response to a request with this method.
    pub async fn read(&mut self, method: &str) -> Response {
        timeout(PATIENCE, self.read_all(method)).await.expect("no answer")
    }

    async fn read_all(&mut self, method: &str) -> Response {
        let status = self.line().await;
        let status = status.split(' ').nth(1).unwrap_or_default().parse().expect("a status line");
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new() };
        if method != "HEAD" && status != 304 && status != 204 {
            response.body = vec![0; response.header("content-length").parse().unwrap()];
            self.0.read_exact(&mut response.body).await.unwrap();
        }
        response
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }

    /// Whether the server closes the connection without further bytes.
    pub async fn is_closed(&mut self) -> bool {
        timeout(PATIENCE, self.0.read_u8()).await.expect("no end").is_err()
    }
}

impl Response {
    /// The value of a header; panics if it is missing.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.find(name).unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
    }

    pub fn find(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and `X-Cache`.
    #[track_caller]
    pub fn outcome(&self) -> (u16, &str) {
        (self.status, self.header("x-cache"))
    }
}
