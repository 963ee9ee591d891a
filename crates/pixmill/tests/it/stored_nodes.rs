//! Stored uploads with several nodes: they are available on all nodes, and older variants are purged.

use std::net::SocketAddr;

use pixmill::config::Config;
use serde_json::Value;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post, post_raw},
    nodes::{Nodes, purge},
    setup::{sample, serve_uploads, until},
};

const TARGET: &str = "/a.jpg?width=100";
const CHINA: &str = "640x427";
const CHELSEA: &str = "451x300";

fn china() -> FakeOrigin {
    FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"))
}

async fn nodes(change: impl Fn(&mut Config)) -> Option<Nodes> {
    Nodes::start(china(), |config| {
        config.uploads.enabled = true;
        config.uploads.address = ([127, 0, 0, 1], 0).into();
        change(config);
    })
    .await
}

/// The size of the original of a picture.
async fn resolution(address: SocketAddr, target: &str) -> String {
    let answer = get(address, target).await;
    assert_eq!(answer.status, 200, "{target}");
    answer.header("x-original-resolution").to_owned()
}

#[actix_web::test]
async fn an_upload_purges_older_variants_of_the_original() {
    let origin = china();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    for (query, name, expected) in [
        ("cache_processed=true", "chelsea.png", CHELSEA),
        ("cache_queries=width%3D50", "china.jpg", CHINA),
        ("cache_processed=true&async=true", "chelsea.png", CHELSEA),
    ] {
        let before = resolution(server.address, TARGET).await;
        assert_eq!(get(server.address, TARGET).await.outcome(), (200, "hit-memory"));
        assert_ne!(before, expected, "{query}");
        let answer = post_raw(uploads, &format!("/a.jpg?{query}"), &sample(name)).await;
        if answer.status == 202 {
            let told = ended(server.address, answer.header("location")).await;
            assert_eq!(told["status"], "done", "{told}");
        }
        assert_eq!(resolution(server.address, TARGET).await, expected, "{query}");
        assert_eq!(get(server.address, TARGET).await.outcome(), (200, "hit-memory"), "the new one is kept");
    }
    assert_eq!(origin.request_count(), 1);
}

#[actix_web::test]
async fn variants_stored_with_an_upload_are_purged_with_it() {
    let origin = china();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let form = Form::default().file(&sample("chelsea.png")).field("cache_queries", "width=100");
    assert_eq!(post(uploads, "/a.jpg", form).await.status, 200);
    let stored = get(server.address, TARGET).await;
    assert_eq!((stored.outcome(), origin.request_count()), ((200, "hit-memory"), 0));
    assert_eq!(purge(&server, "/a.jpg").await.json()["tag"], stored.header("surrogate-key"));
    assert_eq!(resolution(server.address, TARGET).await, CHINA);
    assert_eq!(origin.request_count(), 1, "the upload is forgotten, and the origin has its own");
}

#[actix_web::test]
async fn an_upload_on_one_node_purges_variants_on_all_nodes() {
    for originals in [false, true] {
        let Some(nodes) = nodes(|config| config.cache.redis.originals = originals).await else { return };
        assert_eq!(resolution(nodes.two.address, TARGET).await, CHINA);
        assert_eq!(get(nodes.two.address, TARGET).await.outcome(), (200, "hit-memory"));
        let uploads = nodes.one.uploads_address.unwrap();
        let answer = post_raw(uploads, "/a.jpg?cache_processed=1", &sample("chelsea.png")).await;
        assert_eq!(answer.status, 200);
        until(async || resolution(nodes.two.address, TARGET).await == CHELSEA).await;
        assert_eq!(resolution(nodes.two.address, "/a.jpg?width=60").await, CHELSEA, "not cached there");
        assert_eq!(resolution(nodes.one.address, TARGET).await, CHELSEA);
        assert_eq!(nodes.origin.request_count(), 1, "the origin is not asked any more");
    }
}

#[actix_web::test]
async fn an_upload_without_redis_stays_on_its_node() {
    let Some(mut nodes) = nodes(|_| ()).await else { return };
    assert_eq!(resolution(nodes.one.address, TARGET).await, CHINA);
    nodes.redis.kill();
    nodes.are_alone().await;
    let uploads = nodes.one.uploads_address.unwrap();
    let answer = post_raw(uploads, "/a.jpg?cache_processed=1", &sample("chelsea.png")).await;
    assert_eq!((answer.status, resolution(nodes.one.address, TARGET).await.as_str()), (200, CHELSEA));
    nodes.redis.start_again();
    nodes.are_connected().await;
    assert_eq!(resolution(nodes.one.address, TARGET).await, CHELSEA);
    assert_eq!(resolution(nodes.one.address, "/a.jpg?width=60").await, CHELSEA, "no late purge takes it");
    assert_eq!(resolution(nodes.two.address, "/a.jpg?width=70").await, CHINA);
}

#[actix_web::test]
async fn job_statuses_are_available_until_everything_is_purged() {
    let Some(nodes) = nodes(|_| ()).await else { return };
    let uploads = nodes.one.uploads_address.unwrap();
    let form = Form::default().file(&sample("chelsea.png")).field("width", "50");
    let taken = post(uploads, "/?async=true", form).await;
    let location = taken.header("location");
    let told = ended(nodes.one.address, location).await;
    let result = told["result"].as_str().unwrap();
    assert_eq!(purge(&nodes.two, "/a.jpg").await.status, 200);
    for address in [nodes.one.address, nodes.two.address] {
        assert_eq!(get(address, location).await.json(), told, "this one was not purged");
        assert_eq!(get(address, result).await.status, 200);
    }
    assert_eq!(purge(&nodes.two, "/").await.status, 200);
    for address in [nodes.one.address, nodes.two.address] {
        until(async || get(address, location).await.status == 404).await;
        assert_eq!(get(address, result).await.status, 404);
    }
}

#[actix_web::test]
async fn a_job_that_ends_after_a_purge_of_everything_is_available() {
    let Some(nodes) = nodes(|_| ()).await else { return };
    nodes.origin.hold();
    let taken = get(nodes.one.address, "/a.jpg?width=50&async=true").await;
    nodes.origin.wait_for_requests(1).await;
    assert_eq!(purge(&nodes.two, "/").await.status, 200);
    assert_eq!(get(nodes.one.address, taken.header("location")).await.json()["status"], "processing");
    nodes.origin.release();
    for address in [nodes.one.address, nodes.two.address] {
        until(async || get(address, taken.header("location")).await.status == 200).await;
        assert_eq!(ended(address, taken.header("location")).await["status"], "done");
    }
}

/// The status of a job, once it has ended.
async fn ended(address: SocketAddr, location: &str) -> Value {
    until(async || {
        let told = get(address, location).await;
        ["done", "failed"].contains(&told.json()["status"].as_str().unwrap_or_default())
    })
    .await;
    get(address, location).await.json()
}
