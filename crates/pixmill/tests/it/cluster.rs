//! Nodes that share a Redis: membership, configuration drift, and metrics of leases and purges.

use std::collections::BTreeMap;

use pixmill::{app::Server, config::Config};
use serde_json::{Value, json};
use testkit::RedisServer;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    nodes::{Nodes, purge},
    setup::{sample, serve, until},
};

fn china() -> FakeOrigin {
    FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"))
}

async fn stats(node: &Server) -> Value {
    get(node.admin_address, "/stats").await.json()
}

async fn metrics(node: &Server) -> BTreeMap<String, String> {
    let text = String::from_utf8(get(node.admin_address, "/metrics").await.body).unwrap();
    let samples = text.lines().filter_map(|line| line.rsplit_once(' '));
    samples.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[actix_web::test]
async fn configuration_drift_is_reported() {
    let Some(redis) = RedisServer::start() else { return };
    let node = async |strict: bool| {
        serve("", |config| {
            config.cache.redis.url = redis.url().into();
            config.cache.redis.timeout = std::time::Duration::from_secs(5);
            config.params.strict = strict;
        })
        .await
    };
    // a node that starts later sees the others
    let (mut nodes, mut fingerprints) = (Vec::new(), BTreeMap::new());
    for (number, strict) in [false, false, true].into_iter().enumerate() {
        nodes.push(node(strict).await);
        let node = nodes.last().unwrap();
        until(async || stats(node).await["cluster"]["nodes"] == number + 1).await;
        let stats = stats(node).await;
        *fingerprints.entry(stats["fingerprint"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        assert_eq!(stats["cluster"]["fingerprints"], json!(fingerprints));
        assert_eq!(stats["cluster"]["redis"], "connected");
        let metrics = metrics(node).await;
        for (fingerprint, nodes) in &fingerprints {
            let name = format!("pixmill_cluster_nodes{{fingerprint=\"{fingerprint}\"}}");
            assert_eq!(metrics[&name], nodes.to_string());
        }
    }
    assert_eq!(fingerprints.len(), 2);
}

#[actix_web::test]
async fn a_node_that_shuts_down_leaves_the_membership() {
    let Some(nodes) = Nodes::start(china(), |_| ()).await else { return };
    let entries = || nodes.redis.ask::<usize>(&["ZCARD", "pixmill:membership"]);
    until(async || entries() == 2).await;
    let Nodes { redis, one, two, .. } = nodes;
    one.stop().await;
    assert_eq!(redis.ask::<usize>(&["ZCARD", "pixmill:membership"]), 1);
    two.stop().await;
    assert_eq!(redis.ask::<usize>(&["ZCARD", "pixmill:membership"]), 0);
}

#[actix_web::test]
async fn leases_and_purges_are_counted() {
    let origin = china();
    let Some(mut nodes) = Nodes::start(origin, |_| ()).await else { return };
    nodes.make_on_one("/a.jpg?width=50").await;
    let told = metrics(&nodes.one).await;
    assert_eq!(told["pixmill_leases_total{outcome=\"granted\"}"], "1");
    assert_eq!(told["pixmill_leases_total{outcome=\"refused\"}"], "0");
    assert_eq!(told["pixmill_redis_connected"], "1");
    assert_eq!(purge(&nodes.one, "/a.jpg").await.status, 200);
    until(async || stats(&nodes.two).await["cluster"]["purges"] == json!({ "made": 0, "received": 1 })).await;
    until(async || stats(&nodes.one).await["cluster"]["purges"] == json!({ "made": 1, "received": 1 })).await;
    nodes.redis.kill();
    nodes.are_alone().await;
    let told = stats(&nodes.one).await;
    assert_eq!(told["cluster"]["redis"], "alone");
    assert_eq!(metrics(&nodes.one).await["pixmill_redis_connected"], "0");
}

#[actix_web::test]
async fn a_node_that_requires_redis_is_ready_while_it_is_connected() {
    let required = |config: &mut Config| config.cache.redis.required = true;
    let Some(mut nodes) = Nodes::start(china(), required).await else { return };
    let address = nodes.one.address;
    assert_eq!(get(address, "/ready").await.status, 200);
    nodes.redis.kill();
    nodes.are_alone().await;
    let answer = get(address, "/ready").await;
    assert_eq!((answer.status, &answer.json()["reasons"][0]), (503, &json!("Redis is not connected")));
    assert_eq!(get(address, "/a.jpg?width=50").await.status, 200);
    nodes.redis.start_again();
    nodes.are_connected().await;
    assert_eq!(get(address, "/ready").await.status, 200);
}

#[actix_web::test]
async fn a_node_without_redis_reports_no_cluster() {
    let server = serve("", |_| ()).await;
    assert_eq!(purge(&server, "/").await.status, 200);
    let expected = json!({
        "redis": "none",
        "nodes": 0,
        "fingerprints": {},
        "leases": { "granted": 0, "refused": 0, "takenOver": 0 },
        "purges": { "made": 1, "received": 0 },
    });
    assert_eq!(stats(&server).await["cluster"], expected);
    assert!(!metrics(&server).await.keys().any(|name| name.starts_with("pixmill_redis_connected")));
}

#[actix_web::test]
async fn hosts_are_reported_by_origin() {
    let [default, shop, other] = [china(), china(), china()];
    let authority = other.authority();
    let server = serve(&default.url, |config| {
        config.origin.allow_dynamic = true;
        config.origin.hosts_allowed = vec![authority.clone()];
        config.origin.private_allowed = vec!["127.0.0.1/32".to_owned()];
        config.origin.breaker_failures = 1;
        config.origin.breaker_pause = std::time::Duration::from_hours(1);
        let path_prefix = "/shop".to_owned();
        let shop = origin::Config { url: shop.url.clone().into(), path_prefix, ..origin::Config::default() };
        config.origins = [("shop".to_owned(), shop)].into();
    })
    .await;
    for held in [&default, &shop, &other] {
        held.hold();
    }
    let targets =
        ["/a.jpg".to_owned(), "/shop/a.jpg".to_owned(), format!("/?source_url=http://{authority}/a.jpg")];
    let ask = |target: usize| get(server.address, &targets[target]);
    let look = async {
        for origin in [&default, &shop, &other] {
            origin.wait_for_requests(1).await;
        }
        let told = stats(&server).await["origins"]["byOrigin"].clone();
        for origin in [&default, &shop, &other] {
            origin.set_reply(Reply::status(500));
            origin.release();
        }
        told
    };
    let (.., told) = tokio::join!(ask(0), ask(1), ask(2), look);
    let busy = json!({ "inFlight": 1, "waiting": 0, "circuitsOpen": 0 });
    assert_eq!(told, json!({ "default": busy, "shop": busy, "others": busy }));
    let told = metrics(&server).await;
    for origin in ["default", "shop", "others"] {
        let name = format!("pixmill_origin_circuit_breakers_open{{origin=\"{origin}\"}}");
        assert!(told.contains_key(&name), "{name}");
        assert_eq!(told[&format!("pixmill_origin_requests_in_flight{{origin=\"{origin}\"}}")], "0");
    }
    assert!(told.keys().all(|name| !name.contains("127.0.0.1")), "labels are names of the configuration");
}
