//! Connections are reused, up to the configured number, and never after an error.

use std::time::Duration;

use futures_util::future::join_all;
use origin::ErrorKind;

use crate::{
    SHORT, body, config, fetch, open,
    server::{Server, empty, ok, say},
};

#[actix_rt::test]
async fn connections_are_reused() {
    let server = Server::start(|request| match request.path() {
        "/missing" => say("HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nno such file"),
        "/broken" => say("HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\noh!\r\n0\r\n\r\n"),
        _ => ok("", "picture"),
    })
    .await;
    let origin = open(&config(server.url()));
    for _ in 0..3 {
        assert_eq!(body(&origin, "/a").await, "picture");
        fetch(&origin, "/missing").await.unwrap_err();
        fetch(&origin, "/broken").await.unwrap_err();
    }
    assert_eq!((server.requests().len(), server.connections()), (9, 1));
}

#[actix_rt::test]
async fn no_more_connections_than_allowed() {
    let server = Server::start(|_| ok("", "picture")).await;
    let mut config = config(server.url());
    config.max_connections = 2;
    let origin = open(&config);
    let bodies = join_all((0..10).map(|_| body(&origin, "/a"))).await;
    assert!(bodies.iter().all(|body| body == "picture"));
    assert_eq!(server.connections(), 2);
}

#[actix_rt::test]
async fn waiting_for_a_connection_counts_as_waiting_for_the_response() {
    let server = Server::start(|_| say("").then_hang()).await;
    let mut config = config(server.url());
    config.max_connections = 1;
    config.response_timeout = SHORT;
    let origin = open(&config);
    let errors = join_all((0..2).map(|_| fetch(&origin, "/a"))).await;
    for error in errors {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
    }
    // both end at the same moment: the second may just have taken over the connection of the first
    assert!((1..=2).contains(&server.connections()), "{}", server.connections());
}

#[actix_rt::test]
async fn a_connection_that_ends_on_reuse_is_retried() {
    let server = Server::start(|request| match (request.connection, request.path()) {
        (1, "/second") => say("").then_close(),
        _ => ok("", "picture"),
    })
    .await;
    let origin = open(&config(server.url()));
    assert_eq!(body(&origin, "/first").await, "picture");
    assert_eq!(body(&origin, "/second").await, "picture");
    assert_eq!(server.connections(), 2);
}

#[actix_rt::test]
async fn a_connection_that_ended_while_idle_is_not_reused() {
    let server = Server::start(|_| ok("", "picture").then_close()).await;
    let origin = open(&config(server.url()));
    for _ in 0..3 {
        assert_eq!(body(&origin, "/a").await, "picture");
    }
    assert_eq!((server.requests().len(), server.connections()), (3, 3));
}

#[actix_rt::test]
async fn without_keep_alive_connections_are_not_reused() {
    let server = Server::start(|_| empty(200, "")).await;
    let mut config = config(server.url());
    config.keep_alive = Duration::ZERO;
    let origin = open(&config);
    for _ in 0..3 {
        assert_eq!(body(&origin, "/a").await, "");
    }
    assert_eq!(server.connections(), 3);
}
