//! Connection limits and circuit breakers per host: shared by all workers, and reset automatically.

use std::{cell::Cell, collections::BTreeMap, rc::Rc, sync::Arc, time::Duration};

use futures_util::future::join_all;
use origin::{Circuit, Config, ErrorKind, Hosts, Origins};
use tokio::sync::Notify;

use crate::{
    MAX_BYTES, body, config, fetch,
    server::{Server, empty, ok, say},
};

/// Two workers of one process.
fn workers(config: &Config) -> ([Origins; 2], Arc<Hosts>) {
    let hosts = Arc::new(Hosts::new(config));
    let worker = || Origins::open(config, &BTreeMap::new(), MAX_BYTES, &hosts).unwrap();
    ([worker(), worker()], hosts)
}

#[actix_rt::test]
async fn workers_share_the_connection_limit_of_a_host() {
    let gate = Rc::new(Notify::new());
    let opened = Rc::clone(&gate);
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    let server = Server::start(move |_| say(head).then_say("ok", &gate)).await;
    let mut config = config(server.url());
    (config.max_connections_per_host, config.max_waiting_per_host) = (2, 1);
    let ([one, other], hosts) = workers(&config);
    let first = async { join_all([fetch(&one, "/1"), fetch(&other, "/2"), fetch(&one, "/3")]).await };
    let rest = async {
        while hosts.stats().hosts.first().is_none_or(|host| host.in_flight < 2 || host.waiting < 1) {
            tokio::task::yield_now().await;
        }
        assert_eq!(fetch(&other, "/4").await.unwrap_err().kind(), ErrorKind::Busy);
        assert!(server.requests().len() <= 2, "the third is not sent yet");
        while server.requests().len() < 3 {
            opened.notify_one();
            tokio::task::yield_now().await;
        }
        opened.notify_one();
    };
    let (answers, ()) = tokio::join!(first, rest);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!((server.requests().len(), hosts.stats().rejected_busy), (3, 1));
}

#[actix_rt::test]
async fn the_circuit_breaker_is_shared_by_all_workers() {
    let server = Server::start(|_| empty(500, "")).await;
    let mut config = config(server.url());
    (config.breaker_failures, config.breaker_pause) = (3, Duration::from_hours(1));
    let ([one, other], hosts) = workers(&config);
    for worker in [&one, &other, &one] {
        assert_eq!(fetch(worker, "/a").await.unwrap_err().kind(), ErrorKind::Broken);
    }
    for worker in [&one, &other] {
        assert_eq!(fetch(worker, "/a").await.unwrap_err().kind(), ErrorKind::CircuitOpen);
    }
    assert_eq!(server.requests().len(), 3);
    let stats = hosts.stats();
    assert_eq!((stats.fetches, stats.failures, stats.rejected_open, stats.circuits_opened), (3, 3, 2, 1));
    assert_eq!(stats.hosts[0].circuit, Circuit::Open);
}

#[actix_rt::test]
async fn a_probe_closes_the_circuit_breaker() {
    let broken = Rc::new(Cell::new(true));
    let mood = Rc::clone(&broken);
    let server = Server::start(move |_| if mood.get() { empty(503, "") } else { ok("", "picture") }).await;
    let mut config = config(server.url());
    (config.breaker_failures, config.breaker_pause) = (1, Duration::ZERO);
    let ([origin, _], hosts) = workers(&config);
    for _ in 0..2 {
        assert_eq!(fetch(&origin, "/a").await.unwrap_err().kind(), ErrorKind::Broken);
        assert_eq!(hosts.stats().hosts[0].circuit, Circuit::Open);
    }
    broken.set(false);
    assert_eq!(body(&origin, "/a").await, "picture");
    assert_eq!(hosts.stats().hosts[0].circuit, Circuit::Closed);
}

#[actix_rt::test]
async fn results_that_are_no_failure_of_the_host() {
    let server = Server::start(|request| match request.path() {
        "/large" => ok("", &"x".repeat(2 * MAX_BYTES as usize)),
        "/away" => empty(302, "Location: http://127.0.0.2:9/\r\n"),
        path => empty(path[1..].parse().unwrap(), ""),
    })
    .await;
    let mut config = config(server.url());
    config.breaker_failures = 1;
    let ([origin, _], hosts) = workers(&config);
    for path in ["/404", "/410", "/403", "/401", "/429", "/400", "/large", "/away"] {
        fetch(&origin, path).await.unwrap_err();
        let stats = hosts.stats();
        assert_eq!((stats.failures, stats.circuits_opened), (0, 0), "{path}");
    }
}

#[actix_rt::test]
async fn results_that_are_failures_of_the_host() {
    for reply in [
        "",
        "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "junk\r\n\r\n",
    ] {
        let server = Server::start(move |_| say(reply).then_close()).await;
        let ([origin, _], hosts) = workers(&config(server.url()));
        fetch(&origin, "/a").await.unwrap_err();
        assert_eq!(hosts.stats().failures, 1, "{reply:?}");
    }
}
