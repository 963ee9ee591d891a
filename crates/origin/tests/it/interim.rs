//! Interim responses (1xx): skipped, as many as are reasonable, plain and over TLS, of servers and of buckets.

use origin::{BucketConfig, Config, ErrorKind, Phase, Validators};
use tempfile::NamedTempFile;

use crate::{
    SHORT, body, config, fetch, open,
    server::{Reply, Server, ok, say},
};

const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";

/// A response after interim responses; it is also a valid S3 response.
fn behind(interim: &str) -> Reply {
    let headers = "ETag: \"1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    say(format!("{interim}HTTP/1.1 200 OK\r\n{headers}Content-Length: 7\r\n\r\npicture"))
}

/// Responds by the path, which selects the interim responses.
async fn server() -> Server {
    Server::start(|request| match request.path().rsplit('/').next().unwrap() {
        "hints" => behind(HINTS),
        "continue" => behind("HTTP/1.1 100 Continue\r\n\r\n"),
        "several" => behind(&format!("HTTP/1.1 102 Processing\r\n\r\n{}", HINTS.repeat(3))),
        "many" => behind(&HINTS.repeat(16)),
        "endless" => behind(&HINTS.repeat(17)),
        "long" => behind(&format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "x".repeat(1 << 16))),
        "switch" => behind("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        "switch-length" => say("HTTP/1.1 101 Switching Protocols\r\nContent-Length: 0\r\n\r\n").then_hang(),
        "nothing-more" => say(HINTS).then_close(),
        "silent" => say(HINTS).then_hang(),
        "absent" => say(format!("{HINTS}HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")),
        _ => ok("ETag: \"1\"\r\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "plain"),
    })
    .await
}

fn bucket(endpoint: String) -> Config {
    let bucket = BucketConfig { endpoint, anonymous: true, ..BucketConfig::default() };
    Config { bucket, ..config("s3://photos") }
}

#[actix_rt::test]
async fn interim_responses_are_skipped() {
    let server = server().await;
    let ca = NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), server.certificate()).unwrap();
    let with_ca = |config: Config| Config { ca_file: Some(ca.path().to_owned()), ..config };
    for config in [
        config(server.url()),
        with_ca(config(server.https())),
        bucket(server.url()),
        with_ca(bucket(server.https())),
    ] {
        let origin = open(&config);
        let before = server.connections();
        for path in ["/hints", "/continue", "/several", "/many", "/plain", "/hints"] {
            let expected = if path == "/plain" { "plain" } else { "picture" };
            assert_eq!(body(&origin, path).await, expected, "{path} of {:?}", config.url);
        }
        assert_eq!(fetch(&origin, "/absent").await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(body(&origin, "/plain").await, "plain");
        assert_eq!(server.connections(), before + 1, "the connection serves on: {:?}", config.url);
    }
}

#[actix_rt::test]
async fn interim_responses_are_bounded() {
    for config in [config as fn(String) -> Config, bucket] {
        let server = server().await;
        let origin = open(&config(server.url()));
        for (path, expected) in [
            ("/endless", ErrorKind::Broken),
            ("/long", ErrorKind::Broken),
            ("/switch", ErrorKind::Broken),
            ("/switch-length", ErrorKind::Broken),
            ("/nothing-more", ErrorKind::Unreachable),
        ] {
            let error = fetch(&origin, path).await.unwrap_err();
            assert_eq!(error.kind(), expected, "{path}: {error}");
            assert_eq!(body(&origin, "/plain").await, "plain", "what is left of {path} taints no other");
        }
        let count = server.requests().iter().filter(|request| request.path().ends_with("/endless")).count();
        assert_eq!(count, 1, "it is not requested again");
    }
}

#[actix_rt::test]
async fn interim_responses_do_not_extend_the_time_limit() {
    let server = server().await;
    let mut config = config(server.url());
    config.response_timeout = SHORT;
    let error = fetch(&open(&config), "/silent").await.unwrap_err();
    assert!(matches!(error, origin::Error::Timeout { phase: Phase::Response, .. }), "{error}");
}

#[actix_rt::test]
async fn interim_responses_before_responses_without_a_body() {
    let server = Server::start(|_| {
        say(format!("{HINTS}HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=9\r\n\r\n"))
    })
    .await;
    let origin = open(&config(server.url()));
    let known = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
    let fetched = origin.fetch(&crate::path("/a"), Some(&known)).await.unwrap();
    assert!(matches!(fetched, origin::Fetched::NotModified(_)), "{fetched:?}");
}
