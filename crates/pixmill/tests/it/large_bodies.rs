//! Bodies that are written without being copied (`listener/outbox.rs`): their bytes, and their place among other responses.

use crate::{
    client::{Connection, get},
    setup::serve_samples,
};

/// Larger than what is copied, and than what a socket takes at once with a small receive buffer.
const LARGE: &str = "/china.jpg?width=640&format=png";
const SMALL: &str = "/china.jpg?width=16";

fn request(method: &str, target: &str, headers: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

#[actix_web::test]
async fn pipelined_responses_keep_their_order() {
    let server = serve_samples(|_| ()).await;
    let [large, small] = [get(server.address, LARGE).await, get(server.address, SMALL).await];
    assert!(large.body.len() > 200_000 && small.body.len() < 5_000);
    let same = format!("If-None-Match: {}\r\n", large.header("etag"));
    let mut connection = Connection::open_narrow(server.address).await;
    for _ in 0..3 {
        let requests = [
            request("GET", LARGE, ""),
            request("GET", SMALL, ""),
            request("GET", LARGE, &same),
            request("GET", LARGE, "Range: bytes=1000-101000\r\n"),
            request("GET", "/nothing.jpg", ""),
            request("GET", LARGE, ""),
        ];
        connection.write(&requests.concat()).await;
        for (status, body) in [
            (200, Some(&large.body[..])),
            (200, Some(&small.body[..])),
            (304, Some(&[][..])),
            (206, Some(&large.body[1000..=101_000])),
            (404, None),
            (200, Some(&large.body[..])),
        ] {
            let answer = connection.read("GET").await;
            assert_eq!(answer.status, status);
            assert!(body.is_none_or(|body| body == answer.body), "{status}: the body");
            assert_eq!(answer.find("transfer-encoding"), None);
        }
        let head = connection.ask("HEAD", LARGE, &[]).await;
        assert_eq!((head.status, head.header("content-length")), (200, &*large.body.len().to_string()));
    }
}

#[actix_web::test]
async fn connections_close_after_the_whole_body() {
    let server = serve_samples(|_| ()).await;
    let large = get(server.address, LARGE).await;
    for request in [
        request("GET", LARGE, "Connection: close\r\n"),
        format!("GET {LARGE} HTTP/1.0\r\nHost: localhost\r\n\r\n"),
    ] {
        let mut connection = Connection::open_narrow(server.address).await;
        connection.write(&request).await;
        let answer = connection.read("GET").await;
        assert!(answer.status == 200 && answer.body == large.body, "{request}");
        assert!(connection.is_closed().await);
    }
}

#[actix_web::test]
async fn a_client_that_leaves_within_a_body_disturbs_nobody() {
    let server = serve_samples(|_| ()).await;
    let large = get(server.address, LARGE).await;
    for _ in 0..10 {
        let mut connection = Connection::open_narrow(server.address).await;
        connection.write(&request("GET", LARGE, "").repeat(2)).await;
        connection.take(10_000).await;
    }
    assert_eq!(get(server.address, LARGE).await.body, large.body);
}
