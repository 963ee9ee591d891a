//! Graceful shutdown.

use actix_web::rt;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_samples, until},
};

#[actix_web::test]
async fn a_draining_server_accepts_and_closes() {
    let server = serve_samples(|_| ()).await;
    let mut kept = Connection::open(server.address).await;
    assert_eq!(kept.ask("GET", "/china.jpg?width=20", &[]).await.status, 200);
    server.drain();
    for address in [server.address, server.admin_address] {
        assert_eq!(get(address, "/ready").await.status, 503);
        assert_eq!(get(address, "/health").await.status, 200);
    }
    for mut connection in [kept, Connection::open(server.address).await] {
        let answer = connection.ask("GET", "/china.jpg?width=20", &[]).await;
        assert_eq!((answer.status, answer.header("connection")), (200, "close"));
        assert!(connection.is_closed().await);
    }
    server.stop().await;
}

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
