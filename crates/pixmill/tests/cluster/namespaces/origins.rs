//! Partitions between nodes and their origin, a purge during a partition, and an origin that moves to another address.

use std::{net::Ipv4Addr, rc::Rc};

use bytes::Bytes;
use testkit::origin::{FakeOrigin, Reply};

use super::{
    hosts::{Apart, NODES, ORIGINS, REDIS, REQUESTS, network},
    name_server::NameServer,
    network::{HUB, Network, address},
};
use crate::{
    load::{self, until},
    node::Node,
    origins::{known, photograph, recovers},
    pictures::samples,
};

/// Settings that make a test with a silent origin short.
const QUICK: [(&str, &str); 5] = [
    ("PIXMILL__ORIGIN__CONNECT_TIMEOUT", "200ms"),
    ("PIXMILL__ORIGIN__RESPONSE_TIMEOUT", "200ms"),
    ("PIXMILL__ORIGIN__TIMEOUT", "400ms"),
    ("PIXMILL__ORIGIN__BREAKER_PAUSE", "100ms"),
    ("PIXMILL__CACHE__ORIGIN_PAUSE", "100ms"),
];

fn sample(name: &str) -> Bytes {
    std::fs::read(format!("{}/{name}", samples())).unwrap().into()
}

/// An origin on a host, with a port or 0 for a free one.
fn origin(network: &Network, host: u8, port: u16, reply: Reply) -> FakeOrigin {
    let address: Ipv4Addr = address(host).parse().unwrap();
    network.at(host, || FakeOrigin::start_on((address, port).into(), reply))
}

async fn failed_fetches(apart: &Apart, node: usize) -> u64 {
    let metric = "pixmill_origin_fetches_total";
    apart.count(node, metric, "\"failed\"").await + apart.count(node, metric, "\"timeout\"").await
}

#[actix_web::test]
async fn the_origin_is_partitioned_from_one_node() {
    let Some(network) = network() else { return };
    let origin = origin(&network, ORIGINS[0], 0, photograph(&sample("china.jpg")));
    let apart = Apart::start(network, &origin.url, [&QUICK, &QUICK]).await;
    let pictures = known(&apart.nodes).await;
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    let before = [failed_fetches(&apart, 0).await, failed_fetches(&apart, 1).await];
    apart.network.lose(100, ORIGINS[0], NODES[0]);
    let opened = "pixmill_origin_circuit_breaker_opened_total";
    until("the circuit breaker opens", async || apart.count(0, opened, "").await > 0).await;
    load.answered(REQUESTS).await;
    assert!(failed_fetches(&apart, 0).await > before[0]);
    assert_eq!(failed_fetches(&apart, 1).await, before[1], "the other node is not concerned");
    assert!(apart.network.mend(NODES[0]) > 0);
    recovers(&apart.nodes).await;
    load.end().await;
}

/// The body of a variant of `a.jpg`, from a node.
async fn body(node: &Node) -> Bytes {
    load::fetch(&load::client(), node.address, "/a.jpg?width=40&format=png").await.unwrap()
}

#[actix_web::test]
async fn a_purge_during_a_partition_is_applied_after_it() {
    let Some(network) = network() else { return };
    let lasting = |name| Reply::ok(&sample(name)).with("Cache-Control", "max-age=86400");
    let origin = origin(&network, ORIGINS[0], 0, lasting("china.jpg"));
    let apart = Apart::start(network, &origin.url, [&[], &[]]).await;
    let [cut, other] = &apart.nodes;
    let old = body(cut).await;
    assert!(body(other).await == old);
    apart.network.lose(100, NODES[0], REDIS);
    apart.network.lose(100, REDIS, NODES[0]);
    apart.uses_redis(0, false).await;
    origin.set_reply(lasting("flower.jpg"));
    let client = load::client();
    let purged = client.delete(format!("http://{}/a.jpg", other.admin)).send().await.unwrap();
    assert_eq!(purged.status(), 200);
    let new = body(other).await;
    assert!(new != old, "purged on its own node");
    assert!(body(cut).await == old, "nobody could tell this node");
    assert!(apart.network.mend(REDIS) > 0);
    apart.network.mend(NODES[0]);
    apart.uses_redis(0, true).await;
    assert!(body(cut).await == new, "a node that uses Redis again knows all purges");
    assert_eq!(origin.request_count_for("/a.jpg"), origin.request_count());
}

#[actix_web::test]
async fn the_origin_moves_to_another_address() {
    let Some(network) = network() else { return };
    let body = sample("china.jpg");
    let before = origin(&network, ORIGINS[0], 0, photograph(&body));
    let after = origin(&network, ORIGINS[1], before.port(), photograph(&body));
    let names = NameServer::start(&address(HUB), address(ORIGINS[0]).parse().unwrap());
    for host in NODES {
        network.resolve_by_hub(host);
    }
    let url = format!("http://origin.test:{}", before.port());
    let apart = Apart::start(network, &url, [&QUICK, &QUICK]).await;
    let pictures: Rc<_> = known(&apart.nodes).await;
    let load = apart.load(&pictures);
    load.answered(REQUESTS).await;
    assert_eq!(after.request_count(), 0);
    let asked = names.answers();
    assert!(asked > 0);
    apart.network.plug(ORIGINS[0], "down");
    until("fetches fail", async || {
        failed_fetches(&apart, 0).await > 0 && failed_fetches(&apart, 1).await > 0
    })
    .await;
    names.set(address(ORIGINS[1]).parse().unwrap());
    recovers(&apart.nodes).await;
    load.answered(REQUESTS).await;
    load.end().await;
    assert!(names.answers() > asked);
    assert!(after.request_count() > 0);
}
