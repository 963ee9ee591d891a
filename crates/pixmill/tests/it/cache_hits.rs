//! Cache hits.

use crate::{
    client::{Connection, get},
    setup::{serve_samples, until},
};

#[actix_web::test]
async fn the_second_request_hits_the_memory_tier() {
    let server = serve_samples(|_| ()).await;
    let first = get(server.address, "/china.jpg?width=100").await;
    assert_eq!(first.outcome(), (200, "miss"));
    let spellings = ["/china.jpg?width=100", "/china.jpg?utm_source=x&w=100", "/chin%61.jpg?width64=MTAw"];
    for target in spellings {
        let again = get(server.address, target).await;
        assert_eq!(again.outcome(), (200, "hit-memory"), "{target}");
        assert_eq!(again.header("etag"), first.header("etag"));
        assert_eq!(again.body, first.body);
    }
    assert_eq!(server.pool().load().begun, 1);
    let other = get(server.address, "/china.jpg?width=101").await;
    assert_eq!(other.outcome(), (200, "miss"));
    assert_ne!(other.header("etag"), first.header("etag"));
}

#[actix_web::test]
async fn after_a_restart_requests_hit_the_disk_tier() {
    let folder = tempfile::tempdir().unwrap();
    let with_disk = || {
        serve_samples(|config| {
            config.cache.disk.path = folder.path().to_owned();
            config.cache.disk.max_bytes = bytesize::ByteSize::mib(64);
        })
    };
    let server = with_disk().await;
    let first = get(server.address, "/china.jpg?width=100").await;
    assert_eq!(first.outcome(), (200, "miss"));
    server.stop().await;
    let server = with_disk().await;
    let again = get(server.address, "/china.jpg?width=100").await;
    assert_eq!(again.outcome(), (200, "hit-disk"));
    assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")));
    assert_eq!(get(server.address, "/china.jpg?width=100").await.outcome(), (200, "hit-memory"));
    assert_eq!(server.pool().load().begun, 0);
    server.stop().await;
}

#[actix_web::test]
async fn without_caches_every_request_is_rendered() {
    let server = serve_samples(|config| {
        config.cache.results.enabled = false;
        config.cache.originals.enabled = false;
    })
    .await;
    for _ in 0..2 {
        assert_eq!(get(server.address, "/china.jpg?width=100").await.outcome(), (200, "miss"));
    }
    assert_eq!(server.pool().load().begun, 2);
}

#[actix_web::test]
async fn head_is_get_without_a_body() {
    let server = serve_samples(|_| ()).await;
    get(server.address, "/china.jpg?width=100").await;
    let mut connection = Connection::open(server.address).await;
    for target in ["/china.jpg?width=100", "/china.jpg", "/health"] {
        let head = connection.ask("HEAD", target, &[]).await;
        let get = connection.ask("GET", target, &[]).await;
        assert_eq!(head.status, 200, "{target}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{target}");
        for name in ["content-type", "cache-control", "x-content-type-options"] {
            assert_eq!(head.header(name), get.header(name), "{target}");
        }
        assert_eq!(head.find("etag"), get.find("etag"), "{target}");
    }
}

#[actix_web::test]
async fn two_nodes_send_the_same_entity_tags() {
    let [one, other] = [serve_samples(|_| ()).await, serve_samples(|_| ()).await];
    for target in ["/china.jpg?width=100", "/china.jpg"] {
        let tags = [get(one.address, target).await, get(other.address, target).await];
        assert_eq!(tags[0].header("etag"), tags[1].header("etag"), "{target}");
    }
    until(async || one.in_flight() == 0).await;
}
