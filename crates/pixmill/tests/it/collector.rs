//! An OpenTelemetry collector: receives OTLP over HTTP with protobuf, or over gRPC.

#[path = "grpc_collector.rs"]
mod grpc;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use parking_lot::Mutex;
use pixmill::config::OtlpProtocol;
use prost::Message;

/// A request that it received; one over gRPC as if it were over HTTP, so that tests ask for both in the same way.
struct Received {
    path: String,
    headers: Vec<String>,
    body: Vec<u8>,
}

/// A collector on a free port, until the end of the process.
pub struct Collector {
    address: SocketAddr,
    /// How it receives.
    pub protocol: OtlpProtocol,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    /// One that receives requests over gRPC.
    pub fn start_grpc() -> Self {
        let received = Arc::new(Mutex::new(Vec::new()));
        Self { address: grpc::start(Arc::clone(&received)), protocol: OtlpProtocol::Grpc, received }
    }

    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = Arc::clone(&kept);
                thread::spawn(move || serve(&stream.unwrap(), &kept));
            }
        });
        Self { address, protocol: OtlpProtocol::Http, received }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether each request to this path had this header.
    pub fn all_had(&self, path: &str, header: &str) -> bool {
        let received = self.received.lock();
        let mut requests = received.iter().filter(|request| request.path == path).peekable();
        requests.peek().is_some() && requests.all(|request| request.headers.iter().any(|line| line == header))
    }

    /// The bodies of requests to this path.
    pub fn messages<M: Message + Default>(&self, path: &str) -> Vec<M> {
        let received = self.received.lock();
        let requests = received.iter().filter(|request| request.path == path);
        requests.map(|request| M::decode(&*request.body).unwrap()).collect()
    }

    /// All spans, each with the attributes of its resource.
    pub fn spans(&self) -> Vec<(Vec<KeyValue>, Span)> {
        let mut spans = Vec::new();
        for message in self.messages::<ExportTraceServiceRequest>("/v1/traces") {
            for group in message.resource_spans {
                let resource = group.resource.unwrap().attributes;
                let all = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
                spans.extend(all.map(|span| (resource.clone(), span)));
            }
        }
        spans
    }
}

/// The text or number of an attribute; empty if there is none.
pub fn attribute(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|found| found.value.clone()?.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Receives the requests of a connection.
fn serve(stream: &TcpStream, kept: &Mutex<Vec<Received>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or_default() == 0 {
                return;
            }
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_ascii_lowercase()),
            }
        }
        let length = lines.iter().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        let path = lines[0].split(' ').nth(1).unwrap().to_owned();
        assert!(lines.iter().any(|line| line == "content-type: application/x-protobuf"), "{lines:?}");
        kept.lock().push(Received { path, headers: lines, body });
        let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        (&mut &*stream).write_all(answer).unwrap();
    }
}
