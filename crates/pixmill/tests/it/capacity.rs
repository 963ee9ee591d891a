//! The connection limit: requests on connections above it get 503, and probes are served.

use crate::{
    client::{Connection, get},
    setup::{serve_samples, until},
};

/// Connections accepted above the limit, as documented in `listen.max_connections`.
const RESERVE: usize = 64;

async fn open(address: std::net::SocketAddr, count: usize) -> Vec<Connection> {
    let mut connections = Vec::new();
    for _ in 0..count {
        connections.push(Connection::open(address).await);
    }
    connections
}

/// Whether the public listener has this many connections, by the metric: a connection counts when it is accepted, which is
/// after its client sees it open.
async fn has_connections(admin: std::net::SocketAddr, count: usize) -> bool {
    let line = format!("pixmill_connections{{listener=\"public\"}} {count}");
    let page = get(admin, "/metrics").await.body;
    String::from_utf8(page).unwrap().lines().any(|found| found == line)
}

#[actix_web::test]
async fn above_the_limit_only_probes_are_served() {
    let server = serve_samples(|config| config.listen.max_connections = 8).await;
    let counted = async |count: usize| has_connections(server.admin_address, count).await;
    let mut full = open(server.address, 8).await;
    until(async || counted(8).await).await;
    for page in ["/health", "/ready"] {
        let mut probe = Connection::open(server.address).await;
        let answer = probe.ask("GET", page, &[]).await;
        assert_eq!((answer.status, answer.header("connection")), (200, "close"), "{page}");
        assert!(probe.is_closed().await);
    }
    let mut other = Connection::open(server.address).await;
    let refused = other.ask("GET", "/china.jpg?width=50", &[]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    assert_eq!(refused.json()["error"]["code"], "too_many_connections");
    assert!(other.is_closed().await);
    // earlier connections are served, but not kept alive while few are left
    let served = full[0].ask("GET", "/china.jpg?width=50", &[]).await;
    assert_eq!((served.status, served.header("connection")), (200, "close"));
    until(async || counted(7).await).await;
    assert_eq!(get(server.address, "/china.jpg?width=50").await.status, 200);
}

#[actix_web::test]
async fn above_the_reserve_no_connection_is_accepted() {
    let server = serve_samples(|config| {
        config.listen.max_connections = 2;
        config.listen.workers = 1;
    })
    .await;
    let _full = open(server.address, 2).await;
    let mut silent = open(server.address, RESERVE).await;
    // it waits to be accepted, and the admin listener has its own limit
    let mut waiting = Connection::open(server.address).await;
    waiting.send("GET", "/health", &[]).await;
    assert_eq!(get(server.admin_address, "/health").await.status, 200);
    until(async || has_connections(server.admin_address, 2 + RESERVE).await).await;
    // silent connections in the reserve are closed soon
    assert_eq!(waiting.read("GET").await.status, 200);
    assert!(silent[0].is_closed().await);
}
