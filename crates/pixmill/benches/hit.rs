//! What a hit in memory costs, from the socket to the socket: parse, key, look-up, headers, write. A server in this process
//! answers a client on one connection over loopback.
//!
//! Prints the allocations of a hit as well. Under callgrind, the instructions of a hit are the difference of two runs:
//! the arguments `hits=1000` and `hits=2000` answer that many requests and measure nothing.

use std::{
    alloc::System,
    env,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::mpsc,
    thread,
};

use criterion::Criterion;
use pixmill::{
    app::Server,
    config::{Config, Isolation},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::oneshot;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A request of a browser.
const HEADERS: &str = "Host: images.example\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n\
    Accept: image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5\r\n\
    Accept-Language: en-GB,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n";

/// A client with one connection, which allocates nothing while it asks.
struct Client {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_nodelay(true).expect("an option of sockets");
        Self { stream, buffer: vec![0; 1 << 20] }
    }

    /// Sends a request, and returns the head of the response.
    fn ask(&mut self, request: &[u8]) -> &str {
        self.stream.write_all(request).expect("the server reads");
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            filled += read;
            let Some(end) = find(&self.buffer[..filled], b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).expect("a head is ASCII");
            let length = header(head, "content-length").map_or(0, |length| length.parse().expect("a number"));
            if filled >= end + 4 + length {
                return std::str::from_utf8(&self.buffer[..end]).expect("a head is ASCII");
            }
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(": "));
    lines.find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn request(target: &str, headers: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\n{HEADERS}{headers}\r\n").into_bytes()
}

/// Serves the samples from a thread until `run` returns.
fn with_server(run: impl FnOnce(SocketAddr)) {
    let (sender, receiver) = mpsc::channel();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            let mut config = Config::default();
            config.listen.address = ([127, 0, 0, 1], 0).into();
            config.admin.address = ([127, 0, 0, 1], 0).into();
            config.listen.workers = 1;
            config.workers.isolation = Isolation::Thread;
            config.origin.url = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples").into();
            let server = Server::start(config).await.expect("the server starts");
            sender.send(server.address).expect("the bench waits");
            stopped.await.expect("the bench ends");
            server.stop().await;
        });
    });
    run(receiver.recv().expect("the server starts"));
    stop.send(()).expect("the server runs");
    server.join().expect("the server stops");
}

/// Requests by name, each of which hits the cache.
fn requests(client: &mut Client) -> [(&'static str, Vec<u8>); 3] {
    let target = "/china.jpg?width=512&quality=80";
    let plain = request(target, "");
    let etag = header(client.ask(&plain), "etag").expect("a picture has a tag").to_owned();
    let known = request(target, &format!("If-None-Match: {etag}\r\n"));
    let small = request("/china.jpg?width=64&quality=80", "");
    [("43 KB", plain), ("2 KB", small), ("304", known)]
}

fn allocations(client: &mut Client, request: &[u8]) -> f64 {
    const HITS: usize = 1000;
    let region = Region::new(ALLOCATOR);
    for _ in 0..HITS {
        client.ask(request);
    }
    let change = region.change();
    (change.allocations + change.reallocations) as f64 / HITS as f64
}

fn main() {
    with_server(|address| {
        let mut client = Client::connect(address);
        let requests = requests(&mut client);
        for (name, request) in &requests {
            // the first requests render, fill the cache, and fill what remembers requests
            for _ in 0..100 {
                client.ask(request);
            }
            {
                assert_eq!(header(client.ask(request), "x-cache"), Some("hit-memory"), "{name}");
            }
        }
        let hits = env::args().find_map(|argument| argument.strip_prefix("hits=")?.parse().ok());
        if let Some(hits) = hits {
            for _ in 0_u32..hits {
                client.ask(&requests[0].1);
            }
            return;
        }
        let mut criterion = Criterion::default().configure_from_args();
        for (name, request) in &requests {
            eprintln!("hit/{name}: {:.2} allocations", allocations(&mut client, request));
            criterion.bench_function(&format!("hit/{name}"), |bencher| {
                bencher.iter(|| client.ask(request).len());
            });
        }
        criterion.final_summary();
    });
}
