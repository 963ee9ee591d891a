//! Hosts that requests name, between loopback addresses: what is sent to them, and who is never connected to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use origin::{Config, Error, ErrorKind, Fetched, Hosts, Origins, Refusal, Rule, Selection};

use crate::{
    MAX_BYTES, Watched, config,
    server::{Server, ok, redirect},
};

/// Requests may name these hosts, and 127.0.0.1 is trusted.
fn dynamic(url: &str, hosts_allowed: &[&str]) -> Config {
    Config {
        allow_dynamic: true,
        hosts_allowed: hosts_allowed.iter().map(|&host| host.to_owned()).collect(),
        private_allowed: vec!["127.0.0.1/32".to_owned()],
        ..config(url)
    }
}

fn open(config: &Config) -> Origins {
    Origins::open(config, &BTreeMap::new(), MAX_BYTES, &Arc::new(Hosts::new(config))).unwrap()
}

async fn fetch(origins: &Origins, request: Selection<'_>) -> Result<String, Error> {
    let target = origins.locate(&request).unwrap();
    match origins.fetch(&target, None).await? {
        Fetched::Modified(original) => Ok(String::from_utf8(original.body.into()).unwrap()),
        Fetched::NotModified(_) => panic!("nothing was known"),
    }
}

fn forbidden(origins: &Origins, request: Selection<'_>) -> Rule {
    match origins.locate(&request) {
        Err(Refusal::Forbidden { rule, .. }) => rule,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[actix_rt::test]
async fn dynamic_requests_carry_no_credentials() {
    let server = Server::start(|request| ok("", request.path())).await;
    let authority = server.url().replace("http://", "");
    let mut config = dynamic(&server.url().replace("//", "//user:hunter2@"), &[&authority, "site.example"]);
    config.headers.insert("X-Key".to_owned(), "hunter2".into());
    let origins = open(&config);
    let url = format!("http://{authority}/b%20c?d=e&f");
    let encoded = format!("/http%3A%2F%2F{authority}%2Fx.jpg");
    for (request, path) in [
        (Selection { path: "/a.jpg", origin: Some(&authority), ..Selection::default() }, "/a.jpg"),
        (Selection { path: "/", source_url: Some(&url), ..Selection::default() }, "/b%20c?d=e&f"),
        (Selection { path: &encoded, ..Selection::default() }, "/x.jpg"),
        (Selection { path: "/a.jpg", host_header: Some("site.example"), ..Selection::default() }, "/a.jpg"),
    ] {
        assert_eq!(fetch(&origins, request).await.unwrap(), path);
        let sent = server.requests().pop().unwrap();
        assert!(
            !sent.head.to_lowercase().contains("authorization") && !sent.head.contains("hunter2"),
            "{}",
            sent.head
        );
        assert!(sent.header("user-agent").unwrap().contains("imagizer"));
        assert_eq!(sent.header("host"), Some(request.host_header.unwrap_or(&authority)));
    }
    let own = Selection { path: "/a.jpg", ..Selection::default() };
    fetch(&origins, own).await.unwrap();
    let sent = server.requests().pop().unwrap();
    assert!(sent.header("authorization").is_some() && sent.header("x-key") == Some("hunter2"));
}

#[actix_rt::test]
async fn resolve_connects_to_the_address() {
    let server = Server::start(|request| ok("", request.header("host").unwrap())).await;
    let port = server.port();
    let (host, here) = (format!("pinned.example:{port}"), format!("127.0.0.1:{port}"));
    let origins = open(&dynamic("", &[&host, &here]));
    let resolve = format!("{host}:127.0.0.1");
    let request =
        Selection { path: "/a", origin: Some(&host), resolve: Some(&resolve), ..Selection::default() };
    assert_eq!(fetch(&origins, request).await.unwrap(), host);
    let watched = Watched::bind(&format!("127.0.0.2:{port}"));
    let elsewhere = format!("{host}:127.0.0.2");
    let request = Selection { resolve: Some(&elsewhere), ..request };
    assert_eq!(forbidden(&origins, request), Rule::PrivateAllowed);
    let unlisted = open(&dynamic("", &[&host]));
    let request = Selection { resolve: Some(&resolve), ..request };
    assert_eq!(forbidden(&unlisted, request), Rule::HostsAllowed, "http proves nothing");
    watched.assert_unseen();
}

#[actix_rt::test]
async fn a_failing_resolve_address_opens_no_circuit_of_the_host() {
    let server = Server::start(|_| ok("", "picture")).await;
    let port = server.port();
    let host = format!("localhost:{port}");
    let mut config = dynamic("", &[&host, &format!("127.0.0.2:{port}")]);
    config.private_allowed = vec!["127.0.0.0/8".to_owned()];
    (config.breaker_failures, config.breaker_pause) = (1, Duration::from_hours(1));
    let origins = open(&config);
    let resolve = format!("{host}:127.0.0.2");
    let request = Selection { path: "/a", origin: Some(&host), ..Selection::default() };
    let dead = Selection { resolve: Some(&resolve), ..request };
    for expected in [ErrorKind::Unreachable, ErrorKind::CircuitOpen] {
        assert_eq!(fetch(&origins, dead).await.unwrap_err().kind(), expected);
    }
    assert_eq!(fetch(&origins, request).await.unwrap(), "picture");
}

#[actix_rt::test]
async fn redirects_stay_within_the_allowlist_and_public_addresses() {
    let watched = [Watched::bind("127.0.0.2:0"), Watched::bind("127.0.0.1:0")];
    let [private, unlisted] = watched.each_ref().map(Watched::authority);
    let targets = [private.clone(), unlisted];
    let server = Server::start(move |request| match request.path() {
        "/private" => redirect(&format!("http://{}/secret", targets[0])),
        "/unlisted" => redirect(&format!("http://{}/secret", targets[1])),
        "/around" => redirect("/a"),
        _ => ok("", "picture"),
    })
    .await;
    let authority = server.url().replace("http://", "");
    let origins = open(&dynamic("", &[&authority, &private]));
    let request = |path| Selection { path, origin: Some(&authority), ..Selection::default() };
    assert_eq!(fetch(&origins, request("/around")).await.unwrap(), "picture");
    for path in ["/private", "/unlisted"] {
        let error = fetch(&origins, request(path)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RefusedAddress, "{path}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    watched.iter().for_each(Watched::assert_unseen);
}

#[actix_rt::test]
async fn host_names_are_checked_by_their_addresses() {
    let watched = Watched::bind("127.0.0.1:0");
    let port = watched.authority().split(':').nth(1).unwrap().to_owned();
    let host = format!("localhost:{port}");
    let mut config = dynamic("", &[&host, &format!("127.0.0.1:{port}")]);
    config.private_allowed.clear();
    let origins = open(&config);
    for spelling in [host.clone(), format!("LOCALHOST.:{port}")] {
        let request = Selection { path: "/a", origin: Some(&spelling), ..Selection::default() };
        assert_eq!(fetch(&origins, request).await.unwrap_err().kind(), ErrorKind::RefusedAddress);
    }
    for spelling in ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."] {
        let spelling = format!("http://{spelling}:{port}");
        let request = Selection { path: "/a", origin: Some(&spelling), ..Selection::default() };
        assert_eq!(forbidden(&origins, request), Rule::PrivateAllowed, "{spelling}");
    }
    watched.assert_unseen();
}

#[actix_rt::test]
async fn connections_to_many_hosts_are_bounded() {
    let server = Server::start(|_| ok("", "picture")).await;
    let port = server.port();
    let origins = open(&dynamic("", &[&format!("*.example:{port}"), &format!("127.0.0.1:{port}")]));
    for number in 0..200 {
        let host = format!("h{number}.example:{port}");
        let resolve = format!("{host}:127.0.0.1");
        let request =
            Selection { path: "/a", origin: Some(&host), resolve: Some(&resolve), ..Selection::default() };
        assert_eq!(fetch(&origins, request).await.unwrap(), "picture");
    }
    assert_eq!(server.connections(), 200);
    server.has_at_most_open(64).await;
}
