//! HTTPS, against a server with a self-signed certificate.

use origin::{Config, ErrorKind};
use tempfile::NamedTempFile;

use crate::{
    body, config, fetch, open,
    server::{Server, ok, say},
};

fn trusting(server: &Server) -> (Config, NamedTempFile) {
    let ca = NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), server.certificate()).unwrap();
    (Config { ca_file: Some(ca.path().to_owned()), ..config(server.https()) }, ca)
}

#[actix_rt::test]
async fn a_trusted_certificate() {
    let server = Server::start(|_| ok("", "picture")).await;
    let (config, _ca) = trusting(&server);
    let origin = open(&config);
    for _ in 0..3 {
        assert_eq!(body(&origin, "/a").await, "picture");
    }
    assert_eq!(server.connections(), 1);
    assert!(server.requests().iter().all(|request| request.tls));
}

#[actix_rt::test]
async fn an_untrusted_certificate() {
    let server = Server::start(|_| ok("", "picture")).await;
    let error = fetch(&open(&config(server.https())), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    let other = Server::start(|_| ok("", "picture")).await;
    let (mut wrong, _ca) = trusting(&other);
    wrong.url = server.https().into();
    let error = fetch(&open(&wrong), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
    assert!(server.requests().is_empty());
}

#[actix_rt::test]
async fn a_certificate_for_another_name() {
    let server = Server::start(|_| ok("", "picture")).await;
    let (mut config, _ca) = trusting(&server);
    config.url = format!("https://127.0.0.2:{}", server.port()).into();
    let error = fetch(&open(&config), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
}

#[actix_rt::test]
async fn bodies_over_tls_are_whole_or_broken() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";
    let server = Server::start(|request| match request.path() {
        "/closing" => ok("Connection: close\r\n", "picture").then_close(),
        "/chunks" => say(format!("{CHUNKED}\r\n3\r\npic\r\n0\r\n\r\n")),
        "/closing-chunks" => {
            say(format!("{CHUNKED}Connection: close\r\n\r\n3\r\npic\r\n0\r\n\r\n")).then_close()
        }
        // TLS ends with close_notify here, HTTP is incomplete
        "/short" => say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npic").then_close(),
        "/short-chunks" => say(format!("{CHUNKED}\r\n3\r\npic\r\n")).then_close(),
        "/cut" => say("HTTP/1.0 200 OK\r\n\r\npic").then_reset(),
        path => panic!("{path}"),
    })
    .await;
    let (config, _ca) = trusting(&server);
    let origin = open(&config);
    assert_eq!(body(&origin, "/closing").await, "picture");
    assert_eq!(body(&origin, "/chunks").await, "pic");
    assert_eq!(body(&origin, "/closing-chunks").await, "pic");
    for path in ["/short", "/short-chunks", "/cut"] {
        let error = fetch(&origin, path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Broken, "{path}: {error}");
    }
}
