//! Error statuses and unreachable origins become kinds of errors.

use origin::{Blame, Config, ErrorKind};

use crate::{
    config, fetch, open,
    server::{Server, empty, say},
    try_open,
};

#[actix_rt::test]
async fn statuses_become_kinds() {
    let server = Server::start(|request| empty(request.path()[1..].parse().unwrap(), "")).await;
    let origin = open(&config(server.url()));
    for (status, kind, blame) in [
        (404, ErrorKind::NotFound, Blame::Client),
        (410, ErrorKind::Gone, Blame::Client),
        (401, ErrorKind::Forbidden, Blame::Origin),
        (403, ErrorKind::Forbidden, Blame::Origin),
        (400, ErrorKind::Broken, Blame::Origin),
        (418, ErrorKind::Broken, Blame::Origin),
        (429, ErrorKind::Broken, Blame::Origin),
        (500, ErrorKind::Broken, Blame::Origin),
        (503, ErrorKind::Broken, Blame::Origin),
        (504, ErrorKind::Broken, Blame::Origin),
        (204, ErrorKind::Broken, Blame::Origin),
        (206, ErrorKind::Broken, Blame::Origin),
    ] {
        let error = fetch(&origin, &format!("/{status}")).await.unwrap_err();
        assert_eq!((error.kind(), error.blame()), (kind, blame), "{status}: {error}");
    }
}

#[actix_rt::test]
async fn connection_refused() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = fetch(&open(&config(format!("http://127.0.0.1:{port}"))), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
}

#[actix_rt::test]
async fn a_host_that_does_not_respond() {
    for reply in [|| say("").then_close(), || say("").then_reset()] {
        let server = Server::start(move |_| reply()).await;
        let error = fetch(&open(&config(server.url())), "/a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        // retried once
        assert_eq!(server.connections(), 2);
    }
}

#[actix_rt::test]
async fn no_origin_is_configured() {
    let error = fetch(&open(&Config::default()), "/a").await.unwrap_err();
    assert_eq!((error.kind(), error.blame()), (ErrorKind::NotConfigured, Blame::Us));
}

#[test]
fn an_invalid_configuration_is_an_error() {
    let mut config = config("ftp://a.example");
    config.max_connections = 0;
    let Err(error) = try_open(&config, 1) else { panic!("expected an error") };
    assert_eq!(error.kind(), ErrorKind::Misconfigured);
    assert!(error.to_string().contains("origin.url") && error.to_string().contains("origin.max_connections"));
}
