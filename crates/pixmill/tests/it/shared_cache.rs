//! A cache shared by several nodes: variants and purges are visible on all nodes.

use std::time::Duration;

use futures_util::future::join_all;
use testkit::RedisServer;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    nodes::{Nodes, purge},
    setup::{sample, serve, until},
};

const TARGET: &str = "/a.jpg?width=100";

fn china() -> FakeOrigin {
    FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"))
}

fn flower() -> Reply {
    Reply::ok(&sample("flower.jpg")).with("cache-control", "max-age=1000")
}

#[actix_web::test]
async fn a_variant_of_one_node_is_a_hit_on_the_other() {
    let Some(nodes) = Nodes::start(china(), |_| ()).await else { return };
    let made = nodes.make_on_one(TARGET).await;
    let found = get(nodes.two.address, TARGET).await;
    assert_eq!((made.outcome(), found.outcome()), ((200, "miss"), (200, "hit-redis")));
    assert_eq!((&found.body, found.header("etag")), (&made.body, made.header("etag")));
    assert_eq!(get(nodes.two.address, TARGET).await.outcome(), (200, "hit-memory"));
    assert_eq!((nodes.origin.request_count(), nodes.renders()), (1, 1));
}

#[actix_web::test]
async fn a_hundred_requests_at_two_nodes_share_one_fetch_and_one_render() {
    for originals in [false, true] {
        let origin = china();
        origin.hold();
        let nodes = Nodes::start(origin, |config| config.cache.redis.originals = originals).await;
        let Some(nodes) = nodes else { return };
        let ask = |number: usize| get([nodes.one.address, nodes.two.address][number % 2], TARGET);
        let release = async {
            until(async || nodes.one.in_flight() + nodes.two.in_flight() == 100).await;
            nodes.origin.wait_for_requests(1).await;
            nodes.origin.release();
        };
        let (answers, ()) = tokio::join!(join_all((0..100).map(ask)), release);
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
        assert_eq!((nodes.origin.request_count(), nodes.renders()), (1, 1));
        let mut outcomes: Vec<_> = answers.iter().map(|answer| answer.outcome().1).collect();
        outcomes.sort_unstable();
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == "miss").count(), 1, "{outcomes:?}");
    }
}

#[actix_web::test]
async fn shared_originals_are_fetched_once_for_all_variants() {
    let nodes = Nodes::start(china(), |config| config.cache.redis.originals = true).await;
    let Some(nodes) = nodes else { return };
    get(nodes.one.address, "/a.jpg?width=50").await;
    until(async || !nodes.redis.ask::<Vec<String>>(&["KEYS", "pixmill:*:originals:*"]).is_empty()).await;
    assert_eq!(get(nodes.two.address, "/a.jpg?width=60").await.outcome(), (200, "miss"));
    assert_eq!((nodes.origin.request_count(), nodes.renders()), (1, 2));
}

#[actix_web::test]
async fn unshareable_responses_do_not_block_other_nodes() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "no-store"));
    let Some(nodes) = Nodes::start(origin, |_| ()).await else { return };
    for reply in [None, Some(Reply::status(500)), Some(Reply::status(404))] {
        if let Some(reply) = reply {
            nodes.origin.set_reply(reply);
        }
        let asked = nodes.origin.request_count();
        nodes.origin.hold();
        let ask = |node: usize| get([nodes.one.address, nodes.two.address][node], TARGET);
        let release = async {
            until(async || nodes.one.in_flight() + nodes.two.in_flight() == 2).await;
            nodes.origin.wait_for_requests(asked + 1).await;
            nodes.origin.release();
        };
        let (one, two, ()) = tokio::join!(ask(0), ask(1), release);
        assert_eq!(one.status, two.status);
        assert_eq!(nodes.origin.request_count(), asked + 2, "each node asks once");
    }
}

#[actix_web::test]
async fn a_purge_reaches_every_tier_of_every_node() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let next = std::cell::Cell::new(0);
    let nodes = Nodes::start(china(), |config| {
        folders[next.get()].path().clone_into(&mut config.cache.disk.path);
        next.set(next.get() + 1);
        config.cache.disk.max_bytes = bytesize::ByteSize::mib(64);
        config.cache.redis.originals = true;
    });
    let Some(nodes) = nodes.await else { return };
    for path in ["/a.jpg", "/", "/cache"] {
        let old = get(nodes.one.address, TARGET).await;
        let other = get(nodes.one.address, "/b.jpg?width=100").await;
        until(async || get(nodes.two.address, TARGET).await.header("x-cache").starts_with("hit")).await;
        get(nodes.two.address, "/b.jpg?width=100").await;
        nodes.origin.set_reply(flower());
        let answer = purge(&nodes.one, path).await;
        assert_eq!((answer.status, answer.json()["nodes"].as_str()), (200, Some("all")), "{path}");
        let new = get(nodes.one.address, TARGET).await;
        assert_ne!(new.body, old.body, "{path}");
        until(async || get(nodes.two.address, TARGET).await.body == new.body).await;
        assert_eq!(get(nodes.two.address, TARGET).await.body, new.body, "it does not come back");
        let kept = get(nodes.two.address, "/b.jpg?width=100").await.body == other.body;
        assert_eq!(kept, path == "/a.jpg", "{path}");
        nodes.origin.set_reply(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"));
        purge(&nodes.two, "/").await;
        until(async || get(nodes.one.address, TARGET).await.body == old.body).await;
    }
}

#[actix_web::test]
async fn a_variant_purged_during_its_build_is_not_stored() {
    let Some(nodes) = Nodes::start(china(), |_| ()).await else { return };
    nodes.origin.hold();
    let before = get(nodes.one.address, TARGET);
    let purging = async {
        nodes.origin.wait_for_requests(1).await;
        assert_eq!(purge(&nodes.two, "/a.jpg").await.status, 200);
        until(async || {
            // a request after the purge, at any node, starts a new build
            nodes.origin.request_count() >= 1
        })
        .await;
        let after = get(nodes.two.address, TARGET);
        let release = async {
            nodes.origin.wait_for_requests(2).await;
            nodes.origin.release();
        };
        tokio::join!(after, release).0
    };
    let (before, after) = tokio::join!(before, purging);
    assert_eq!((before.status, after.outcome()), (200, (200, "miss")));
    assert_eq!(nodes.origin.request_count(), 2);
    nodes.entries_are(1).await;
    assert!(get(nodes.one.address, TARGET).await.header("x-cache").starts_with("hit"));
    assert_eq!(nodes.origin.request_count(), 2);
}

#[actix_web::test]
async fn a_purge_of_an_overlay_purges_its_variants() {
    let origin = china();
    let logo = |name| Reply::ok(&sample(name)).with("cache-control", "max-age=1000");
    origin.set_reply_at("/logo.png", logo("pixmill-logo.png"));
    let Some(nodes) = Nodes::start(origin, |_| ()).await else { return };
    let marked = "/a.jpg?width=100&mark=/logo.png%3Fwidth%3D40";
    let old = get(nodes.one.address, marked).await;
    let keys: Vec<_> = old.header("surrogate-key").split(' ').map(str::to_owned).collect();
    assert_eq!((keys.len(), old.header("cache-tag")), (2, keys.join(",").as_str()));
    assert_eq!(get(nodes.one.address, "/logo.png").await.header("surrogate-key"), keys[1]);
    assert_eq!(get(nodes.one.address, "/a.jpg").await.header("surrogate-key"), keys[0]);
    until(async || get(nodes.two.address, marked).await.header("x-cache").starts_with("hit")).await;
    nodes.origin.set_reply_at("/logo.png", logo("chelsea.png"));
    assert_eq!(purge(&nodes.one, "/logo.png").await.json()["tag"], keys[1]);
    let new = get(nodes.one.address, marked).await;
    assert_eq!(new.outcome(), (200, "miss"));
    assert_ne!(new.body, old.body);
    assert_eq!(get(nodes.one.address, marked).await.outcome(), (200, "hit-memory"));
    until(async || get(nodes.two.address, marked).await.body == new.body).await;
}

#[actix_web::test]
async fn a_purge_without_redis_is_sent_later() {
    let Some(mut nodes) = Nodes::start(china(), |_| ()).await else { return };
    let old = nodes.make_on_one(TARGET).await;
    assert_eq!(get(nodes.two.address, TARGET).await.body, old.body);
    nodes.redis.kill();
    nodes.are_alone().await;
    nodes.origin.set_reply(flower());
    let answer = purge(&nodes.one, "/a.jpg").await;
    assert_eq!((answer.status, answer.json()["error"]["code"].as_str()), (503, Some("purge_not_sent")));
    let new = get(nodes.one.address, TARGET).await;
    assert_ne!(new.body, old.body);
    assert_eq!(get(nodes.two.address, TARGET).await.body, old.body, "the other node was not notified");
    nodes.redis.start_again();
    nodes.are_connected().await;
    until(async || get(nodes.two.address, TARGET).await.body == new.body).await;
    assert_eq!(get(nodes.one.address, TARGET).await.body, new.body);
}

#[actix_web::test]
async fn cached_absences_are_purged() {
    let origin = FakeOrigin::start(Reply::status(404));
    let server = serve(&origin.url, |config| config.cache.negative_ttl = Duration::from_hours(1)).await;
    assert_eq!(get(server.address, TARGET).await.status, 404);
    origin.set_reply(flower());
    assert_eq!(get(server.address, TARGET).await.status, 404);
    let answer = purge(&server, "/a.jpg").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert_eq!(get(server.address, TARGET).await.outcome(), (200, "miss"));
    assert_eq!(purge(&server, "/../x").await.status, 400);
    assert_eq!(get(server.admin_address, "/a.jpg").await.status, 404);
}

#[actix_web::test]
async fn a_node_serves_variants_of_another_while_the_origin_is_down() {
    let control = "max-age=0, stale-while-revalidate=0, stale-if-error=600";
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", control));
    let nodes = Nodes::start(origin, |config| config.cache.origin_pause = Duration::from_hours(1)).await;
    let Some(nodes) = nodes else { return };
    let made = nodes.make_on_one(TARGET).await;
    nodes.origin.set_reply(Reply::status(500));
    let asked = nodes.origin.request_count();
    for _ in 0..3 {
        let stale = get(nodes.two.address, TARGET).await;
        assert_eq!((stale.outcome(), &stale.body), ((200, "stale"), &made.body));
    }
    assert_eq!(nodes.origin.request_count(), asked + 1, "the origin is in back-off");
    assert_eq!(nodes.renders(), 1);
}

#[actix_web::test]
async fn a_node_starts_without_redis_and_connects_later() {
    let Some(mut redis) = RedisServer::start() else { return };
    redis.kill();
    let origin = china();
    let server = serve(&origin.url, |config| config.cache.redis.url = redis.url().into()).await;
    assert_eq!(get(server.address, TARGET).await.outcome(), (200, "miss"));
    assert_eq!(get(server.address, TARGET).await.outcome(), (200, "hit-memory"));
    redis.start_again();
    until(async || server.is_connected()).await;
    assert_eq!(get(server.address, TARGET).await.outcome(), (200, "hit-memory"));
    assert_eq!(get(server.address, "/a.jpg?width=60").await.outcome(), (200, "miss"));
    until(async || !redis.ask::<Vec<String>>(&["KEYS", "pixmill:*:results:*"]).is_empty()).await;
}
