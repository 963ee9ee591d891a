//! Conditional requests.

use crate::{
    client::ask,
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve_origin},
};

const MODIFIED: &str = "Thu, 01 Jan 2026 00:00:00 GMT";

#[actix_web::test]
async fn entity_tags_and_dates() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("last-modified", MODIFIED));
    let server = serve_origin(&origin).await;
    for target in ["/a.jpg?width=100", "/a.jpg", "/a.jpg?format=auto"] {
        let plain = ask(server.address, target, &[]).await;
        assert_eq!((plain.status, plain.header("last-modified")), (200, MODIFIED), "{target}");
        let tag = plain.header("etag");
        assert!(tag.starts_with('"'), "{tag} is not strong");
        let (weak, list) = (format!("W/{tag}"), format!("\"x\", {tag}"));
        for (name, value, status) in [
            ("If-None-Match", tag, 304),
            ("If-None-Match", &weak, 304),
            ("If-None-Match", &list, 304),
            ("If-None-Match", "*", 304),
            ("If-None-Match", "\"x\"", 200),
            ("If-Modified-Since", MODIFIED, 304),
            ("If-Modified-Since", "Wed, 31 Dec 2025 23:59:59 GMT", 200),
        ] {
            let answer = ask(server.address, target, &[(name, value)]).await;
            assert_eq!(answer.status, status, "{target}, {name}: {value}");
            for kept in ["etag", "cache-control", "last-modified", "x-content-type-options"] {
                assert_eq!(answer.header(kept), plain.header(kept), "{target}, {name}: {value}");
            }
            assert!(answer.header("age").parse::<u64>().is_ok(), "{target}, {name}: {value}");
            assert_eq!(answer.find("vary"), plain.find("vary"), "{target}, {name}: {value}");
            assert_eq!(answer.find("content-type").is_some(), status == 200, "{target}, {name}: {value}");
        }
        let newer_tag = [("If-None-Match", "\"x\""), ("If-Modified-Since", MODIFIED)];
        assert_eq!(ask(server.address, target, &newer_tag).await.status, 200, "tags win over dates");
    }
}

#[actix_web::test]
async fn a_changed_original_changes_the_tag() {
    let reply = |name: &str| Reply::ok(&sample(name)).with("cache-control", "no-store");
    let origin = FakeOrigin::start(reply("china.jpg"));
    let server = serve_origin(&origin).await;
    let target = "/a.jpg?width=100";
    let first = ask(server.address, target, &[]).await;
    let again = ask(server.address, target, &[("If-None-Match", first.header("etag"))]).await;
    assert_eq!(again.status, 304, "without validators the digest is the version");
    origin.set_reply(reply("flower.jpg"));
    let changed = ask(server.address, target, &[("If-None-Match", first.header("etag"))]).await;
    assert_eq!(changed.status, 200);
}
