//! Keep-alive connections and pipelining.

use crate::{client::Connection, setup::serve_samples};

#[actix_web::test]
async fn connections_are_reused() {
    let server = serve_samples(|_| ()).await;
    let mut connection = Connection::open(server.address).await;
    for (method, target, status) in [
        ("GET", "/china.jpg?width=50", 200),
        ("HEAD", "/china.jpg?width=50", 200),
        ("GET", "/nothing.jpg", 404),
        ("OPTIONS", "/china.jpg", 204),
        ("GET", "/china.jpg?width=bad", 400),
        ("GET", "/china.jpg?width=50", 200),
    ] {
        assert_eq!(connection.ask(method, target, &[]).await.status, status, "{method} {target}");
    }
}

#[actix_web::test]
async fn pipelined_requests_get_responses_in_order() {
    let server = serve_samples(|_| ()).await;
    let mut connection = Connection::open(server.address).await;
    let request = |target| format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
    connection.write(&(request("/china.jpg?width=50&format=png") + &request("/health"))).await;
    assert_eq!(connection.read("GET").await.header("content-type"), "image/png");
    assert_eq!(connection.read("GET").await.body, b"healthy");
}

#[actix_web::test]
async fn connection_close_is_honoured() {
    let server = serve_samples(|_| ()).await;
    let mut connection = Connection::open(server.address).await;
    assert_eq!(connection.ask("GET", "/health", &[("Connection", "close")]).await.status, 200);
    assert!(connection.is_closed().await);
}
