//! Faults of Redis with two nodes, and a killed node.

use std::{rc::Rc, time::Duration};

use serde_json::Value;
use testkit::{DelayProxy, RedisServer};

use crate::{
    load::{self, Load, until},
    node::{Node, settings},
    pictures::{Picture, samples, variants},
};

/// Number of requests completed before, during and after a fault.
const REQUESTS: usize = 150;

/// Capacity of the memory tier: a quarter of the pictures, so that most requests look up Redis.
const SMALL: &str = "2MiB";

/// Two nodes with a small memory tier, and a Redis behind a proxy that can add latency.
struct Pair {
    redis: RedisServer,
    line: DelayProxy,
    nodes: [Node; 2],
    pictures: Rc<Vec<Picture>>,
}

impl Pair {
    /// Starts them; none if Redis is not installed.
    async fn start() -> Option<Self> {
        let redis = RedisServer::start()?;
        let line = DelayProxy::to(redis.port());
        let url = format!("redis://{}", line.address());
        let node = || {
            let shared = [
                ("PIXMILL__CACHE__REDIS__URL", url.as_str()),
                ("PIXMILL__CACHE__MEMORY__MAX_BYTES", SMALL),
                ("PIXMILL__CACHE__MEMORY__ORIGINALS_PERCENT", "50"),
            ];
            Node::start(settings(&samples(), &shared))
        };
        let pair = Self { nodes: [node(), node()], redis, line, pictures: variants(40).await };
        pair.shares(1000).await;
        Some(pair)
    }

    /// Waits until one node finds a variant of the other in Redis. Requests widths from `first` on.
    async fn shares(&self, first: u32) {
        let client = load::client();
        let mut width = first;
        until("one node has what the other made", async || {
            width += 1;
            let target = format!("/coffee.png?width={width}&format=jpeg");
            let [one, two] = &self.nodes;
            load::ask(&client, one.address, &target).await.unwrap();
            load::ask(&client, two.address, &target).await.unwrap().source == "hit-redis"
        })
        .await;
    }

    /// Runs load on both nodes while the fault starts and ends. Checks that no request fails and no body is wrong.
    async fn survives(mut self, fault: impl Fn(&mut Self), mend: impl Fn(&mut Self)) {
        let load = Load::put(&self.nodes.each_ref().map(|node| node.address), &self.pictures, 8);
        load.answered(REQUESTS).await;
        fault(&mut self);
        load.answered(REQUESTS).await;
        mend(&mut self);
        load.answered(REQUESTS).await;
        self.shares(2000).await;
        load.end().await;
    }
}

#[actix_web::test]
async fn redis_is_killed_and_comes_back_empty() {
    let Some(pair) = Pair::start().await else { return };
    pair.survives(|pair| pair.redis.kill(), |pair| pair.redis.start_again()).await;
}

#[actix_web::test]
async fn redis_is_restarted_empty_in_a_moment() {
    let Some(pair) = Pair::start().await else { return };
    pair.survives(|pair| pair.redis.start_again(), |_| ()).await;
}

#[actix_web::test]
async fn redis_is_frozen() {
    let Some(pair) = Pair::start().await else { return };
    pair.survives(|pair| pair.redis.freeze(), |pair| pair.redis.thaw()).await;
}

#[actix_web::test]
async fn redis_is_slow() {
    let Some(pair) = Pair::start().await else { return };
    let late = Duration::from_millis(500);
    pair.survives(|pair| pair.line.delay(late), |pair| pair.line.delay(Duration::ZERO)).await;
}

#[actix_web::test]
async fn redis_is_full() {
    let Some(pair) = Pair::start().await else { return };
    let room = |pair: &mut Pair, bytes| pair.redis.configure("maxmemory", bytes);
    pair.survives(|pair| room(pair, "1"), |pair| room(pair, "0")).await;
}

#[actix_web::test]
async fn redis_loses_its_memory() {
    let Some(pair) = Pair::start().await else { return };
    pair.survives(|pair| pair.redis.ask(&["FLUSHALL"]), |_| ()).await;
}

#[actix_web::test]
async fn nodes_are_restarted_one_by_one() {
    let Some(mut pair) = Pair::start().await else { return };
    let load = Load::put(&pair.nodes.each_ref().map(|node| node.address), &pair.pictures, 8);
    for number in [0, 1] {
        load.answered(REQUESTS).await;
        pair.nodes[number].end();
        load.answered(REQUESTS).await;
        pair.nodes[number].restart();
    }
    load.answered(REQUESTS).await;
    load.end().await;
    pair.shares(2000).await;
}

#[actix_web::test]
async fn a_node_dies_while_it_makes_what_another_waits_for() {
    let Some(mut pair) = Pair::start().await else { return };
    // seconds of work
    let target = "/china.jpg?width=3000&height=3000&crop=fit&format=avif&quality=90&sharp_amount=50";
    let client = load::client();
    let alone = Node::start(settings(&samples(), &[]));
    let right = load::fetch(&client, alone.address, target).await.unwrap();
    let [leader, follower] = &pair.nodes;
    let dying = actix_web::rt::spawn({
        let (client, address) = (client.clone(), leader.address);
        async move { load::fetch(&client, address, target).await }
    });
    until("the leader renders", async || number(&stats(leader).await["pool"]["running"]) == 1).await;
    let begun = number(&stats(follower).await["pool"]["begun"]);
    let waiting = actix_web::rt::spawn({
        let (client, address) = (client.clone(), follower.address);
        async move { load::fetch(&client, address, target).await }
    });
    until("the follower waits", async || number(&stats(follower).await["requests"]["inFlight"]) == 1).await;
    assert_eq!(number(&stats(follower).await["pool"]["begun"]), begun, "it waits for the leader");
    pair.nodes[0].kill();
    assert!(dying.await.unwrap().is_err());
    assert!(waiting.await.unwrap().unwrap() == right, "a wrong body");
    pair.nodes[0].restart();
    pair.shares(2000).await;
}

async fn stats(node: &Node) -> Value {
    let body = load::fetch(&load::client(), node.admin, "/stats").await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}
