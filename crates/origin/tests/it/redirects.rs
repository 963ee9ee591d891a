//! Redirects are followed by the origin's own rules.

use origin::ErrorKind;

use crate::{
    body, config, fetch, open,
    server::{ReceivedRequest, Reply, Server, empty, ok, redirect, say},
};

fn maze(request: &ReceivedRequest) -> Reply {
    match request.path() {
        "/deep/relative" => redirect("../plain"),
        "/absolute-path" => redirect("/plain"),
        "/with-body" => say("HTTP/1.1 301 Moved\r\nLocation: /plain\r\nContent-Length: 10\r\n\r\nmoved away"),
        "/query" => redirect("/plain?width=100#top"),
        "/see-other" => empty(303, "Location: /plain\r\n"),
        "/temporary" => empty(307, "Location: /plain\r\n"),
        "/permanent" => empty(308, "Location: /plain\r\n"),
        "/loop" => redirect("/loop"),
        "/nowhere" => empty(302, ""),
        "/choices" => empty(300, "Location: /plain\r\n"),
        "/file" => redirect("file:///etc/passwd"),
        "/junk" => redirect("http://[junk"),
        path => match path.strip_prefix("/hop/").map(|left| left.parse::<u32>().unwrap()) {
            Some(0) | None => ok("", "picture"),
            Some(left) => redirect(&format!("/hop/{}", left - 1)),
        },
    }
}

#[actix_rt::test]
async fn followed() {
    let server = Server::start(maze).await;
    let origin = open(&config(server.url()));
    for path in [
        "/deep/relative",
        "/absolute-path",
        "/with-body",
        "/query",
        "/see-other",
        "/temporary",
        "/permanent",
        "/hop/4",
    ] {
        assert_eq!(body(&origin, path).await, "picture", "{path}");
    }
    assert!(server.requests().iter().any(|request| request.path() == "/plain?width=100"));
    assert_eq!(server.connections(), 1);
}

#[actix_rt::test]
async fn not_followed() {
    let server = Server::start(maze).await;
    let origin = open(&config(server.url()));
    for path in ["/hop/5", "/loop", "/nowhere", "/choices", "/file", "/junk"] {
        let error = fetch(&origin, path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Broken, "{path}: {error}");
    }
}

#[actix_rt::test]
async fn none_allowed() {
    let server = Server::start(maze).await;
    let mut config = config(server.url());
    config.max_redirects = 0;
    let origin = open(&config);
    assert_eq!(fetch(&origin, "/hop/1").await.unwrap_err().kind(), ErrorKind::Broken);
    assert_eq!(server.requests().len(), 1);
    assert_eq!(body(&origin, "/hop/0").await, "picture");
}

/// The same host and port with TLS is another origin, and the one other place a test can be redirected to: every other
/// address of this machine is refused.
#[actix_rt::test]
async fn secrets_stay_with_the_configured_origin() {
    let server = Server::start(|request| {
        let host = request.header("host").unwrap();
        match (request.path(), request.tls) {
            ("/base/near", _) => redirect("/base/a"),
            ("/base/away", false) => redirect(&format!("https://{host}/base/away")),
            ("/base/back", false) => redirect(&format!("https://{host}/base/back")),
            ("/base/back", true) => redirect(&format!("http://{host}/a")),
            _ => ok("", "picture"),
        }
    })
    .await;
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), server.certificate()).unwrap();
    let mut config = config(format!("http://user:pass@localhost:{}/base", server.port()));
    config.ca_file = Some(ca.path().to_owned());
    config.headers.insert("X-Token".to_owned(), "abc".into());
    let origin = open(&config);
    for path in ["/near", "/away", "/back"] {
        assert_eq!(body(&origin, path).await, "picture", "{path}");
    }
    let sent: Vec<_> = server
        .requests()
        .iter()
        .map(|request| {
            assert_eq!(request.header("x-token").is_some(), request.header("authorization").is_some());
            assert!(request.header("user-agent").unwrap().contains("imagizer"));
            (request.path().to_owned(), request.tls, request.header("x-token").is_some())
        })
        .collect();
    let sent: Vec<_> = sent.iter().map(|(path, tls, secret)| (path.as_str(), *tls, *secret)).collect();
    assert_eq!(
        sent,
        [
            ("/base/near", false, true),
            ("/base/a", false, true),
            ("/base/away", false, true),
            ("/base/away", true, false),
            ("/base/back", false, true),
            ("/base/back", true, false),
            ("/a", false, false),
        ]
    );
}
