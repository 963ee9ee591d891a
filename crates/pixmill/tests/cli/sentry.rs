//! Errors as Sentry receives them from a process, at its envelope endpoint.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    sync::mpsc::{Receiver, channel},
    thread,
};

use bytes::Bytes;
use serde_json::Value;
use testkit::origin::{FakeOrigin, Reply};

use crate::serve::{Server, response, serve_with};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The head and the body of a request.
type Envelope = (String, String);

/// Receives envelopes, on a thread until the end of the tests.
fn receiver() -> (String, Receiver<Envelope>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let dsn = format!("http://the-key@{}/42", listener.local_addr().unwrap());
    let (sender, envelopes) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, sender) = (stream.unwrap(), sender.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                loop {
                    let mut head = String::new();
                    while !head.ends_with("\r\n\r\n") {
                        if reader.read_line(&mut head).unwrap_or_default() == 0 {
                            return;
                        }
                    }
                    let length = head.lines().find_map(|line| {
                        line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok()
                    });
                    let mut body = vec![0; length.unwrap()];
                    reader.read_exact(&mut body).unwrap();
                    let _ = sender.send((head, String::from_utf8(body).unwrap()));
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
                }
            });
        }
    });
    (dsn, envelopes)
}

/// The event in an envelope: the third line, after the headers of the envelope and of the item.
fn event(envelope: &str) -> Value {
    serde_json::from_str(envelope.lines().nth(2).unwrap()).unwrap()
}

/// An origin with a picture whose render crashes its worker.
fn crashing_origin() -> FakeOrigin {
    let good = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/flower.jpg")).unwrap();
    FakeOrigin::start(Reply::ok(&Bytes::from([&good, pixmill::render::test_faults::CRASH].concat())))
}

fn serve(origin: &FakeOrigin, dsn: &str) -> Server {
    let settings = [
        ("PIXMILL__SENTRY__DSN", dsn),
        ("PIXMILL__SENTRY__ENVIRONMENT", "tests"),
        ("PIXMILL__LISTEN__TRUSTED_PROXIES", "1"),
        ("PIXMILL__TELEMETRY__OTLP__ENDPOINT", "http://127.0.0.1:1"),
    ];
    serve_with(&["--origin", &origin.url], &settings)
}

#[test]
fn errors_are_reported_without_secrets() {
    let (dsn, envelopes) = receiver();
    let origin = crashing_origin();
    let server = serve(&origin, &dsn);
    let headers = format!(
        "traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\nX-Request-Id: r-1\r\nX-Forwarded-For: 203.0.113.7\r\n"
    );
    let answer = response(&server.url, "/a.jpg?width=9&token=hunter2", &headers);
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    // neither an error of the client nor of the origin is one of this server
    origin.set_reply(Reply::status(500));
    assert!(response(&server.url, "/b.jpg?width=9", "").starts_with("HTTP/1.1 502 "));
    assert!(response(&server.url, "/a.jpg?width=x", "").starts_with("HTTP/1.1 400 "));
    server.stop();
    let envelopes: Vec<_> = envelopes.try_iter().collect();
    let mut titles = Vec::new();
    for (head, body) in &envelopes {
        assert!(head.starts_with("POST /api/42/envelope/ ") && head.contains("sentry_key=the-key"), "{head}");
        let event = event(body);
        assert_eq!(event["tags"]["request_id"], "r-1", "{event}");
        assert_eq!(event["tags"]["trace_id"], TRACE, "{event}");
        assert_eq!(event["contexts"]["trace"]["trace_id"], TRACE, "{event}");
        assert_eq!(event["environment"], "tests");
        assert!(event["release"].as_str().unwrap().starts_with("pixmill@"));
        titles.push(event["message"].as_str().unwrap().to_owned());
        for secret in ["hunter2", "203.0.113.7", &origin.authority(), "127.0.0.1"] {
            assert!(!body.contains(secret), "{secret} in {body}");
        }
    }
    titles.sort();
    assert_eq!(titles, ["500 render_crashed", "render worker lost"]);
    let request =
        envelopes.iter().map(|(_, body)| event(body)).find(|event| event["tags"]["code"] != Value::Null);
    let request = request.unwrap();
    assert_eq!(
        (&request["tags"]["code"], &request["tags"]["method"]),
        (&"render_crashed".into(), &"GET".into())
    );
    assert_eq!(
        (&request["extra"]["path"], &request["extra"]["query"]),
        (&"/a.jpg".into(), &"width=9&token=***".into())
    );
}

#[test]
fn a_server_that_is_away_costs_no_request() {
    let origin = crashing_origin();
    let server = serve(&origin, "http://key@127.0.0.1:1/42");
    for _ in 0..2 {
        assert!(response(&server.url, "/a.jpg?width=9", "").starts_with("HTTP/1.1 500 "));
    }
    server.stop();
}
