//! Requests sent to the origin: path, headers, credentials.

use crate::{
    body, config, open, path,
    server::{Server, ok},
};

#[actix_rt::test]
async fn the_request_is_plain_and_marked() {
    let server = Server::start(|_| ok("", "picture")).await;
    let origin = open(&config(server.url()));
    body(&origin, "/a%20b/caf%c3%a9+%252e.jpg").await;
    let request = &server.requests()[0];
    assert!(request.head.starts_with("GET /a%20b/caf%C3%A9+%252e.jpg HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("host"), Some(format!("127.0.0.1:{}", server.port()).as_str()));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert!(request.header("user-agent").unwrap().contains("imagizer"));
    for absent in ["authorization", "cookie", "range", "if-none-match", "content-length", "connection"] {
        assert_eq!(request.header(absent), None, "{absent}");
    }
}

#[actix_rt::test]
async fn configured_headers_and_credentials_are_sent() {
    let server = Server::start(|_| ok("", "picture")).await;
    let mut config = config(format!("http://user:p%40ss@127.0.0.1:{}", server.port()));
    config.user_agent = "Mine (imagizer)".to_owned();
    config.headers.insert("X-Token".to_owned(), "abc".into());
    config.headers.insert("host".to_owned(), "images.example".into());
    body(&open(&config), "/a").await;
    let request = &server.requests()[0];
    assert_eq!(request.header("authorization"), Some("Basic dXNlcjpwQHNz"));
    assert_eq!(request.header("x-token"), Some("abc"));
    assert_eq!(request.header("host"), Some("images.example"));
    assert_eq!(request.header("user-agent"), Some("Mine (imagizer)"));
}

#[actix_rt::test]
async fn paths_are_below_the_configured_one() {
    let server = Server::start(|_| ok("", "picture")).await;
    for (base, raw, expected) in [
        ("", "/a", "/a"),
        ("/", "/a", "/a"),
        ("/photos", "/a", "/photos/a"),
        ("/photos/", "/a", "/photos/a"),
        ("/photos", "//evil.example/a", "/photos/evil.example/a"),
        ("", "//evil.example/a", "/evil.example/a"),
        ("/photos", "/a/", "/photos/a"),
        ("/photos", "/%61%28(%2b+%e9%80%80", "/photos/a%28(%2B+%E9%80%80"),
        ("/photos", "/...", "/photos/..."),
    ] {
        let origin = open(&config(format!("{}{base}", server.url())));
        body(&origin, raw).await;
        assert_eq!(server.requests().last().unwrap().path(), expected);
    }
}

#[test]
fn identities_are_stable_and_have_no_credentials() {
    for (url, raw, expected) in [
        ("http://a.example", "/x%41", "http://a.example/xA"),
        ("http://a.example", "//x%28/", "http://a.example/x%28"),
        ("HTTP://A.example:80/", "/x", "http://a.example/x"),
        ("https://user:pass@a.example:8443/base/", "/x", "https://a.example:8443/base/x"),
        ("", "/x", "/x"),
    ] {
        assert_eq!(open(&config(url)).identity(&path(raw)), expected);
    }
}
