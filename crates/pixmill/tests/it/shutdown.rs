//! Graceful shutdown.

use actix_web::rt;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, until},
};

#[actix_web::test]
async fn requests_in_flight_complete() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |_| ()).await;
    let (address, admin) = (server.address, server.admin_address);
    let mut idle = Connection::open(address).await;
    assert_eq!(idle.ask("GET", "/ready", &[]).await.status, 200);
    origin.hold();
    let mut busy = Connection::open(address).await;
    busy.send("GET", "/a.jpg?width=100", &[]).await;
    origin.wait_for_requests(1).await;
    let stopping = rt::spawn(server.stop());
    until(async || get(admin, "/ready").await.status == 503).await;
    assert_eq!(get(admin, "/ready").await.json()["reasons"][0], "the server is shutting down");
    assert!(idle.is_closed().await);
    origin.release();
    let answer = busy.read("GET").await;
    assert_eq!(answer.outcome(), (200, "miss"));
    assert!(busy.is_closed().await);
    stopping.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
