//! Requests without parameters: the original as it is, unless it has to be drawn or may not be had.

use bytes::Bytes;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin, serve_samples},
};

#[actix_web::test]
async fn rasters_pass_through_unchanged() {
    let server = serve_samples(|_| ()).await;
    for (name, content_type) in [
        ("china.jpg", "image/jpeg"),
        ("chelsea.png", "image/png"),
        ("mill.webp", "image/webp"),
        ("mill.gif", "image/gif"),
    ] {
        let answer = get(server.address, &format!("/{name}?utm_source=x&dpr=2")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, content_type), "{name}");
        assert_eq!(answer.header("x-original-filesize"), answer.body.len().to_string(), "{name}");
        assert_eq!(answer.body, sample(name), "{name}");
        assert_eq!(get(server.address, &format!("/{name}")).await.outcome(), (200, "hit-memory"), "{name}");
    }
    assert_eq!(server.pool().load().begun, 0, "nothing is computed");
}

#[actix_web::test]
async fn the_bytes_tell_the_type() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")).with("content-type", "text/html"));
    let server = serve_origin(&origin).await;
    let answer = get(server.address, "/page.html").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let page = Bytes::from_static(b"<html><script>alert(1)</script></html>");
    origin.replies(Reply::ok(&page).with("content-type", "image/png"));
    for target in ["/other.png", "/other.png?width=10"] {
        let answer = get(server.address, target).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (415, &"unsupported_image".into()));
    }
}

#[actix_web::test]
async fn drawings_are_drawn() {
    let server = serve_samples(|_| ()).await;
    let answer = get(server.address, "/pixmill-logo.svg").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/png"));
    assert!(answer.body.starts_with(b"\x89PNG"));
}

#[actix_web::test]
async fn drawings_that_pass_through_are_disarmed() {
    let server = serve_samples(|config| config.output.svg_passthrough = true).await;
    let answer = get(server.address, "/pixmill-logo.svg").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "image/svg+xml"));
    assert!(answer.header("content-security-policy").ends_with("sandbox"));
    assert_eq!(answer.body, sample("pixmill-logo.svg"));
    let drawn = get(server.address, "/pixmill-logo.svg?width=64").await;
    assert_eq!((drawn.header("content-type"), drawn.find("content-security-policy")), ("image/png", None));
}

#[actix_web::test]
async fn originals_can_be_withheld() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |config| config.params.allow_original = false).await;
    let answer = get(server.address, "/a.jpg?utm_source=x").await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (401, &"original_refused".into()));
    assert_eq!(origin.asked(), 0);
    assert_eq!(get(server.address, "/a.jpg?width=10").await.status, 200);
}
