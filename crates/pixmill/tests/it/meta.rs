//! Descriptions (`meta=true`) over HTTP: caching, entity tags, and content negotiation.

use serde_json::json;

use crate::{
    client::{Connection, ask, get},
    setup::{sample, serve_samples},
};

#[actix_web::test]
async fn descriptions_are_cached_and_have_entity_tags() {
    let server = serve_samples(|_| ()).await;
    let target = "/china.jpg?meta=true";
    let first = get(server.address, target).await;
    assert_eq!(first.outcome(), (200, "miss"));
    assert_eq!(first.header("content-type"), "application/json");
    assert_eq!(first.header("x-original-resolution"), "640x427");
    let size = sample("china.jpg").len();
    assert_eq!(first.header("x-original-filesize"), size.to_string());
    assert_eq!((&first.json()["fileSize"], &first.json()["width"]), (&json!(size), &json!(640)));
    let again = get(server.address, "/china.jpg?meta=1&face=0").await;
    assert_eq!(again.outcome(), (200, "hit-memory"));
    assert_eq!(again.body, first.body);
    assert_eq!(ask(server.address, target, &[("If-None-Match", first.header("etag"))]).await.status, 304);
    let picture = get(server.address, "/china.jpg").await;
    assert_ne!(picture.header("etag"), first.header("etag"));
    let head = Connection::open(server.address).await.ask("HEAD", target, &[]).await;
    assert_eq!(head.header("content-length"), first.body.len().to_string());
    assert_eq!(head.header("content-type"), "application/json");
}

#[actix_web::test]
async fn the_processed_picture_is_described() {
    let server = serve_samples(|_| ()).await;
    let picture = get(server.address, "/china.jpg?width=100").await;
    let described = get(server.address, "/china.jpg?width=100&meta=true").await.json();
    assert_eq!(described["fileSize"], picture.body.len());
    assert_eq!((&described["width"], &described["height"]), (&json!(100), &json!(67)));
}

#[actix_web::test]
async fn the_description_follows_the_negotiated_format() {
    let server = serve_samples(|_| ()).await;
    for (accept, format) in [("image/webp", "webp"), ("*/*", "jpeg")] {
        let target = "/china.jpg?width=60&format=auto&meta=true";
        let answer = ask(server.address, target, &[("Accept", accept)]).await;
        assert_eq!(answer.json()["fileType"], format);
        assert_eq!((answer.header("vary"), answer.header("content-type")), ("Accept", "application/json"));
    }
    assert_eq!(get(server.address, "/china.jpg?meta=true").await.find("vary"), None);
}

#[actix_web::test]
async fn the_host_is_named_only_if_configured() {
    let server = serve_samples(|_| ()).await;
    let target = "/china.jpg?meta=true";
    assert_eq!(get(server.address, target).await.json()["server"], json!({ "host": "", "ip": "" }));
    let named = serve_samples(|config| config.meta.host = "node-1".to_owned()).await;
    assert_eq!(get(named.address, target).await.json()["server"], json!({ "host": "node-1", "ip": "" }));
}

#[actix_web::test]
async fn disabled_originals_are_not_available_in_base64() {
    let server = serve_samples(|config| config.params.allow_original = false).await;
    for (query, status) in [
        ("meta=true&include_image_data=true", 401),
        ("meta=true", 200),
        ("meta=true&include_image_data=true&width=20", 200),
    ] {
        assert_eq!(get(server.address, &format!("/china.jpg?{query}")).await.status, status, "{query}");
    }
}
