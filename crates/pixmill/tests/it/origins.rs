//! Several origins, and origins that requests name: which hosts are requested, and which are not.

use std::net::TcpListener;

use pixmill::config::{Config, SourceUrlQuery};

use crate::{
    client::{Response, ask, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve},
};

fn photograph() -> FakeOrigin {
    FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=600"))
}

/// Requests may name these hosts, and 127.0.0.1 is trusted.
fn allow(config: &mut Config, hosts: &[&str]) {
    config.origin.allow_dynamic = true;
    config.origin.hosts_allowed = hosts.iter().map(|&host| host.to_owned()).collect();
    config.origin.private_allowed = vec!["127.0.0.1/32".to_owned()];
}

#[track_caller]
fn refused(answer: &Response, status: u16, code: &str, told: &str, target: &str) {
    let json = answer.json();
    assert_eq!((answer.status, json["error"]["code"].as_str()), (status, Some(code)), "{target}: {json}");
    assert!(json["error"]["message"].as_str().unwrap().contains(told), "{target}: {json}");
    // the text may repeat what the client sent
    assert!(status == 400 || !json.to_string().contains("127.0.0"), "{target}: {json}");
    assert!(!json.to_string().contains("hunter2"), "{target}: {json}");
    assert_eq!(answer.header("cache-control"), "no-store", "{target}");
}

/// A listener that must not get connections.
fn watched() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.2:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    (listener, authority)
}

#[track_caller]
fn assert_unseen(listener: &TcpListener) {
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[actix_web::test]
async fn the_query_after_an_unencoded_url_is_the_originals_by_default() {
    let origin = photograph();
    for (setting, path, width, warning) in [
        (SourceUrlQuery::Original, "/a.jpg?width=100", 640, Some("source_url")),
        (SourceUrlQuery::Request, "/a.jpg", 100, None),
    ] {
        let server = serve("http://127.0.0.1:1", |config| {
            allow(config, &[&origin.authority()]);
            config.params.source_url_query = setting;
        })
        .await;
        let answer = get(server.address, &format!("/?source_url={}/a.jpg?width=100", origin.url)).await;
        assert_eq!((answer.status, answer.find("x-pixmill-warning")), (200, warning));
        assert_eq!(origin.requests().last().unwrap().path(), path);
        assert_eq!(testkit::Picture::decode(&answer.body.into()).width, width);
        let plain = get(server.address, &format!("/?source_url={}/a.jpg?v=1&width=50", origin.url)).await;
        assert_eq!((plain.status, plain.find("x-pixmill-warning")), (200, None));
    }
}

#[actix_web::test]
async fn prefixes_and_hosts_select_configured_origins() {
    let [default, shop, blog] = [photograph(), photograph(), photograph()];
    let named = |url: &str| origin::Config { url: url.into(), ..origin::Config::default() };
    let server = serve(&default.url, |config| {
        let shop = origin::Config { path_prefix: "/shop".to_owned(), ..named(&shop.url) };
        let blog = origin::Config { hosts: vec!["blog.example".to_owned()], ..named(&blog.url) };
        config.origins = [("shop".to_owned(), shop), ("blog".to_owned(), blog)].into();
    })
    .await;
    let mut tags = Vec::new();
    for (host, target) in [
        ("x.example", "/a.jpg?width=50"),
        ("x.example", "/shop/a.jpg?width=50"),
        ("blog.example", "/a.jpg?width=50"),
    ] {
        for outcome in ["miss", "hit-memory"] {
            let answer = crate::client::Connection::open(server.address).await.ask_host(host, target).await;
            assert_eq!(answer.outcome(), (200, outcome), "{host}{target}");
            tags.push(answer.header("etag").to_owned());
        }
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "answers of different origins are different answers");
    for origin in [&default, &shop, &blog] {
        assert_eq!(
            (origin.request_count(), origin.request_count_for("/a.jpg")),
            (1, 1),
            "the prefix is not sent"
        );
    }
    get(server.address, "/shop/a.jpg?width=50&mark=/logo.png").await;
    assert_eq!(
        (shop.request_count_for("/logo.png"), default.request_count()),
        (1, 1),
        "overlays come from the same origin"
    );
}

#[actix_web::test]
async fn requests_may_name_allowed_origins() {
    let [default, other] = [photograph(), photograph()];
    let authority = other.authority();
    let server = serve(&default.url, |config| {
        allow(config, &[&authority]);
        config.origin.headers.insert("Authorization".to_owned(), "Bearer hunter2".into());
    })
    .await;
    let encoded = authority.replace(':', "%3A");
    for (target, path) in [
        (format!("/a.jpg?width=50&origin=http://{authority}"), "/a.jpg"),
        (format!("/b.jpg?width=50&hostname={authority}"), "/b.jpg"),
        (format!("/?source_url=http://{authority}/c.jpg?width=9&width=50"), "/c.jpg?width=9"),
        (format!("/?source_url=http%3A%2F%2F{encoded}%2Fd.jpg&width=50"), "/d.jpg"),
        (format!("/http%3A%2F%2F{encoded}%2Fe.jpg?width=50"), "/e.jpg"),
        (format!("/f.jpg?width=50&origin=http://{authority}&host_header={authority}"), "/f.jpg"),
    ] {
        assert_eq!(get(server.address, &target).await.outcome(), (200, "miss"), "{target}");
        assert_eq!(get(server.address, &target).await.outcome(), (200, "hit-memory"), "{target}");
        assert_eq!(other.request_count_for(path), 1, "{target}");
    }
    assert!(other.requests().iter().all(|asked| asked.header("authorization").is_none()));
    let target = format!(
        "/a.jpg?width=50&origin=http://{authority}&mark=/logo.png&layers=[{{%22url%22:%22http://{authority}/l.png%22}}]"
    );
    assert_eq!(get(server.address, &target).await.status, 200);
    assert_eq!(
        (other.request_count_for("/logo.png"), other.request_count_for("/l.png"), default.request_count()),
        (1, 1, 0)
    );
    assert_eq!(
        get(server.address, "/a.jpg?width=50").await.outcome(),
        (200, "miss"),
        "another picture of that name"
    );
    assert_eq!(default.requests()[0].header("authorization"), Some("Bearer hunter2"));
}

#[actix_web::test]
async fn overlays_are_relative_to_the_base_of_their_origin() {
    let [default, other] = [photograph(), photograph()];
    let authority = other.authority();
    let server = serve(&default.url, |config| allow(config, &[&authority])).await;
    for target in [
        format!("/y.jpg?width=50&mark=/logo.png&origin=http://{authority}/base"),
        format!("/base/y.jpg?width=50&mark=/logo.png&origin=http://{authority}"),
    ] {
        assert_eq!(get(server.address, &target).await.outcome(), (200, "miss"), "{target}");
        assert_eq!(get(server.address, &target).await.outcome(), (200, "hit-memory"), "{target}");
    }
    let asked = ["/base/y.jpg", "/base/logo.png", "/logo.png"].map(|path| other.request_count_for(path));
    assert_eq!(asked, [1, 1, 1], "the original is one and the same");
}

#[actix_web::test]
async fn the_configured_origin_may_be_named_although_it_is_private() {
    let origin = photograph();
    let server = serve(&origin.url, |config| {
        config.origin.allow_dynamic = true;
        config.origin.hosts_allowed = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let target = format!("/a.jpg?width=50&hostname={}", origin.authority());
    assert_eq!(get(server.address, &target).await.status, 200);
}

#[actix_web::test]
async fn no_connection_is_opened_to_hosts_that_are_not_allowed() {
    let (listener, private) = watched();
    let origin = photograph();
    let port = private.split(':').nth(1).unwrap().to_owned();
    origin.set_reply_at("/away.jpg", Reply::redirect(&format!("http://{private}/secret.jpg")));
    let (authority, named) = (origin.authority(), format!("named.example:{port}"));
    let server =
        serve(&origin.url, |config| allow(config, &[&authority, &private, &named, "*.example"])).await;
    for (target, told) in [
        (format!("/a.jpg?origin=http://{private}"), "origin.private_allowed"),
        (format!("/a.jpg?origin=http://2130706434:{port}"), "origin.private_allowed"),
        (format!("/a.jpg?origin=http://0x7f.2:{port}"), "origin.private_allowed"),
        (format!("/a.jpg?origin=http://0177.0.0.2.:{port}"), "origin.private_allowed"),
        (format!("/?source_url=http://{private}/a.jpg"), "origin.private_allowed"),
        (format!("/http%3A%2F%2F{private}%2Fa.jpg"), "origin.private_allowed"),
        (format!("/a.jpg?width=5&mark=http://{private}/a.png"), "origin.private_allowed"),
        (format!("/a.jpg?width=5&layers=[{{%22url%22:%22//{private}/a.png%22}}]"), "origin.private_allowed"),
        (format!("/a.jpg?origin=http://{named}&resolve={named}:127.0.0.2"), "origin.private_allowed"),
        (
            format!("/a.jpg?origin=https://a.example&resolve={named}:169.254.169.254"),
            "origin.private_allowed",
        ),
        (format!("/a.jpg?origin=http://127.0.0.3:{port}"), "origin.hosts_allowed"),
        (format!("/a.jpg?origin=http://{authority}&host_header=internal"), "origin.hosts_allowed"),
        ("/a.jpg?bucket=private&region=nowhere".to_owned(), "origin.buckets_allowed"),
    ] {
        refused(&get(server.address, &target).await, 401, "dynamic_origin_refused", told, &target);
    }
    for target in [
        format!("/a.jpg?origin=http://u:hunter2@{authority}"),
        format!("/a.jpg?origin=http://{authority}%5C@{private}"),
        format!("/?source_url=http://{authority}/%0d%0aHost:{private}"),
        format!("/?source_url=ftp://{authority}/a.jpg"),
        format!("/a.jpg?source_url=http://{authority}/a.jpg"),
        format!("/a.jpg?origin=http://{authority}&host_header=a%0d%0ab"),
    ] {
        refused(&get(server.address, &target).await, 400, "invalid_parameter", "expected", &target);
    }
    assert_eq!(origin.request_count(), 0);
    for target in [format!("/away.jpg?origin=http://{authority}"), "/away.jpg".to_owned()] {
        refused(&get(server.address, &target).await, 502, "origin_failed", "", &target);
    }
    let required = "/a.jpg?width=5&mark=/away.jpg&mark_required=true";
    refused(&get(server.address, required).await, 502, "overlay_failed", "", required);
    assert_unseen(&listener);
}

#[actix_web::test]
async fn a_forged_host_selects_no_other_server() {
    let (listener, private) = watched();
    let origin = photograph();
    let server = serve(&origin.url, |_| ()).await;
    for (target, headers) in [
        ("/a.jpg?width=50".to_owned(), [("x-forwarded-host", private.as_str())]),
        (format!("http://{private}/a.jpg?width=50"), [("forwarded", "host=127.0.0.2")]),
    ] {
        assert_eq!(ask(server.address, &target, &headers).await.status, 200, "{target}");
    }
    assert_eq!(origin.request_count(), 1);
    assert_unseen(&listener);
}
