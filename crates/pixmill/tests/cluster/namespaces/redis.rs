//! Partitions, losses and delays between nodes and Redis.

use std::{net::Ipv4Addr, time::Duration};

use testkit::DelayProxy;

use super::{
    hosts::{Apart, NODES, REDIS, REQUESTS, network, redis_url},
    network::{HUB, address},
};
use crate::{
    load::until,
    pictures::{samples, variants},
};

#[actix_web::test]
async fn redis_is_partitioned_from_all_nodes() {
    let Some((apart, pictures)) = Apart::with_samples([&[], &[]]).await else { return };
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    apart.network.plug(REDIS, "down");
    for node in [0, 1] {
        apart.uses_redis(node, false).await;
    }
    load.answered(REQUESTS).await;
    apart.network.plug(REDIS, "up");
    for node in [0, 1] {
        apart.uses_redis(node, true).await;
    }
    load.answered(REQUESTS).await;
    apart.shares(2000).await;
    load.end().await;
}

#[actix_web::test]
async fn redis_is_partitioned_from_one_node() {
    let Some((apart, pictures)) = Apart::with_samples([&[], &[]]).await else { return };
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    apart.network.lose(100, REDIS, NODES[0]);
    apart.network.lose(100, NODES[0], REDIS);
    apart.uses_redis(0, false).await;
    load.answered(REQUESTS).await;
    assert!(apart.sees_redis(1).await, "the other node is not concerned");
    assert!(apart.network.mend(REDIS) > 0);
    apart.network.mend(NODES[0]);
    apart.uses_redis(0, true).await;
    load.answered(REQUESTS).await;
    apart.shares(2000).await;
    load.end().await;
}

#[actix_web::test]
async fn replies_of_redis_to_one_node_are_lost() {
    let Some((apart, pictures)) = Apart::with_samples([&[], &[]]).await else { return };
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    apart.network.lose(100, REDIS, NODES[0]);
    apart.uses_redis(0, false).await;
    load.answered(REQUESTS).await;
    assert!(apart.sees_redis(1).await, "the other node is not concerned");
    assert!(apart.network.mend(NODES[0]) > 0);
    apart.uses_redis(0, true).await;
    load.answered(REQUESTS).await;
    apart.shares(2000).await;
    load.end().await;
}

#[actix_web::test]
async fn a_third_of_the_replies_of_redis_is_lost() {
    let Some((apart, pictures)) = Apart::with_samples([&[], &[]]).await else { return };
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    let before = apart.redis_failures(0).await;
    apart.network.lose(33, REDIS, NODES[0]);
    // TCP sends a lost packet again after 200 ms, four timeouts of Redis
    until("node 0 has timeouts", async || apart.redis_failures(0).await > before).await;
    load.answered(REQUESTS).await;
    assert!(apart.network.mend(NODES[0]) > 0);
    apart.uses_redis(0, true).await;
    load.answered(REQUESTS).await;
    apart.shares(2000).await;
    load.end().await;
}

#[actix_web::test]
async fn redis_is_far_from_one_node() {
    let Some(network) = network() else { return };
    let target = format!("{}:6379", address(REDIS)).parse().unwrap();
    let proxy = DelayProxy::between(address(HUB).parse::<Ipv4Addr>().unwrap(), target);
    let url = format!("redis://{}", proxy.address());
    assert_ne!(url, redis_url());
    let apart = Apart::start(network, &samples(), [&[("PIXMILL__CACHE__REDIS__URL", &url)], &[]]).await;
    let pictures = variants(24).await;
    apart.shares(1000).await;
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    let before = apart.redis_failures(0).await;
    // ten timeouts
    proxy.delay(Duration::from_millis(500));
    until("node 0 has timeouts", async || apart.redis_failures(0).await > before).await;
    load.answered(REQUESTS).await;
    proxy.delay(Duration::ZERO);
    apart.uses_redis(0, true).await;
    load.answered(REQUESTS).await;
    apart.shares(2000).await;
    load.end().await;
}
