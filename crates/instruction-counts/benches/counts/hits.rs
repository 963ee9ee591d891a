//! Hits in memory: a server in this process, with one listener thread, and a client that does as little as possible. The
//! benchmark `hit` of the crate `pixmill` uses this file too.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
};

use pixmill::{
    app::Server,
    config::{Config, Isolation},
};
use tokio::sync::oneshot;

/// The headers of a browser.
const HEADERS: &str = "Host: images.example\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n\
    Accept: image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5\r\n\
    Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n";

/// Bytes of the largest response, with its head.
const LARGEST_RESPONSE: usize = 1 << 16;

/// A request that is sent over and over on a connection.
pub struct RepeatedRequest {
    /// The name of the case.
    pub name: &'static str,
    connection: TcpStream,
    request: Vec<u8>,
    /// Has room for a response.
    buffer: Vec<u8>,
    /// The length of the response's body, which is always the same; that of its head is not.
    body: usize,
}

impl RepeatedRequest {
    /// Sends it for the first time. Returns it with the head of the response.
    pub fn new(name: &'static str, address: SocketAddr, target: &str, headers: &str) -> (Self, String) {
        let connection = TcpStream::connect(address).expect("the server listens");
        connection.set_nodelay(true).expect("a TCP connection");
        let request = format!("GET {target} HTTP/1.1\r\n{HEADERS}{headers}\r\n").into_bytes();
        let mut this = Self { name, connection, request, buffer: vec![0; LARGEST_RESPONSE], body: 0 };
        this.connection.write_all(&this.request).expect("the server reads");
        let mut filled = 0;
        loop {
            filled += this.read(filled);
            let response = String::from_utf8_lossy(&this.buffer[..filled]).into_owned();
            let Some((head, _)) = response.split_once("\r\n\r\n") else { continue };
            this.body = header(head, "content-length").map_or(0, |length| length.parse().expect("a number"));
            if this.is_complete(filled) {
                return (this, head.to_owned());
            }
        }
    }

    /// Sends the request, and receives the response.
    pub fn ask(&mut self) {
        self.connection.write_all(&self.request).expect("the server reads");
        let mut filled = 0;
        while !self.is_complete(filled) {
            filled += self.read(filled);
        }
    }

    fn read(&mut self, filled: usize) -> usize {
        let length = self.connection.read(&mut self.buffer[filled..]).expect("the server answers");
        assert!(length > 0, "the server closed the connection");
        length
    }

    /// Whether this many bytes are a response: its body has the end of a head before it.
    fn is_complete(&self, filled: usize) -> bool {
        filled.checked_sub(self.body).is_some_and(|head| self.buffer[..head].ends_with(b"\r\n\r\n"))
    }
}

/// The value of a header in the head of a response.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// One listener thread, renders in this process, and the samples as origin.
pub fn config() -> Config {
    let mut config = Config::default();
    config.listen.address = ([127, 0, 0, 1], 0).into();
    config.admin.address = ([127, 0, 0, 1], 0).into();
    config.listen.workers = 1;
    config.workers.isolation = Isolation::Thread;
    config.origin.url = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples").into();
    config
}

/// Serves on another thread until `run` returns.
pub fn with_server(run: impl FnOnce(SocketAddr)) {
    let (started, address) = mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let server = Server::start(config()).await.expect("the server starts");
            started.send(server.address).expect("the benchmark waits");
            stopped.await.expect("the benchmark ends");
            server.stop().await;
        });
    });
    run(address.recv().expect("the server starts"));
    stop.send(()).expect("the server runs");
    server.join().expect("the server stops");
}

/// Two requests that hit the cache: one is answered with the picture, the other with 304.
pub fn requests(address: SocketAddr, names: [&'static str; 2], target: &str) -> [RepeatedRequest; 2] {
    // the first request renders the picture
    let (_, head) = RepeatedRequest::new("miss", address, target, "");
    let etag = header(&head, "etag").expect("a picture has a tag");
    let (hit, head) = RepeatedRequest::new(names[0], address, target, "");
    assert_eq!(header(&head, "x-cache"), Some("hit-memory"));
    let known = format!("If-None-Match: {etag}\r\n");
    let (unchanged, head) = RepeatedRequest::new(names[1], address, target, &known);
    assert!(head.starts_with("HTTP/1.1 304 "), "{head}");
    [hit, unchanged]
}
