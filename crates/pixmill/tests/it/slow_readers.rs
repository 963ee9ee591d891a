//! Clients that read slowly or not at all: write timeouts.

use std::time::{Duration, Instant};

use actix_web::rt;
use bytes::Bytes;
use tokio::time::timeout;

use crate::{
    client::{Connection, PATIENCE, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{serve, until},
};

/// An original of several MB: more than kernel and write buffers hold if the client does not read.
fn large() -> Bytes {
    let mut bytes = crate::setup::sample("china.jpg").to_vec();
    bytes.extend((0..8 << 20).map(|number: u32| (number / 7) as u8));
    bytes.into()
}

const LARGE: &str = "/large.jpg";

#[actix_web::test]
async fn large_responses_and_ranges_have_a_content_length() {
    let original = large();
    let origin = FakeOrigin::start(Reply::ok(&original));
    let server = serve(&origin.url, |_| ()).await;
    let mut connection = Connection::open(server.address).await;
    for _ in 0..2 {
        let whole = connection.ask("GET", LARGE, &[]).await;
        assert_eq!(whole.header("content-length"), original.len().to_string());
        assert!(whole.find("transfer-encoding").is_none());
        assert!(whole.body == original);
    }
    let head = connection.ask("HEAD", LARGE, &[]).await;
    assert_eq!((head.status, head.header("content-length")), (200, &*original.len().to_string()));
    let etag = head.header("etag").to_owned();
    assert_eq!(connection.ask("GET", LARGE, &[("If-None-Match", &etag)]).await.status, 304);
    for (first, last) in [(0, 0), (1, 70_000), (32_767, 65_536), (100, original.len() - 1)] {
        let range = format!("bytes={first}-{last}");
        let part = connection.ask("GET", LARGE, &[("Range", &range)]).await;
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == original[first..=last], "{range}");
    }
    connection
        .write(&format!("GET {LARGE} HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n"))
        .await;
    assert!(connection.read("GET").await.body == original);
    assert_eq!(connection.read("GET").await.body, b"healthy");
}

#[actix_web::test]
async fn a_client_that_reads_nothing_is_disconnected() {
    let original = large();
    let origin = FakeOrigin::start(Reply::ok(&original));
    let server = serve(&origin.url, |config| config.listen.write_timeout = Duration::from_secs(1)).await;
    let mut silent = Connection::open_narrow(server.address).await;
    silent.send("GET", LARGE, &[]).await;
    let connections = async || {
        let page = String::from_utf8(get(server.admin_address, "/metrics").await.body).unwrap();
        page.lines().find_map(|line| {
            line.strip_prefix("pixmill_connections{listener=\"public\"} ").map(str::to_owned)
        })
    };
    until(async || connections().await.as_deref() == Some("1")).await;
    until(async || connections().await.as_deref() == Some("0")).await;
    assert!(silent.drain().await < original.len() / 2, "the rest was not sent");
}

#[actix_web::test]
async fn a_slow_client_gets_the_whole_response() {
    let original = large();
    let origin = FakeOrigin::start(Reply::ok(&original));
    let server = serve(&origin.url, |config| config.listen.write_timeout = Duration::from_secs(2)).await;
    let mut slow = Connection::open_narrow(server.address).await;
    slow.send("GET", LARGE, &[]).await;
    let (began, mut taken) = (Instant::now(), 0);
    // longer than three times the write timeout
    while began.elapsed() < Duration::from_secs(7) {
        taken += slow.take(64 * 1024).await.len();
        let pause = timeout(Duration::from_millis(700), std::future::pending::<()>());
        assert!(pause.await.is_err());
    }
    assert!(taken < original.len(), "there is more to come");
    taken += slow.take(original.len() - taken).await.len();
    assert_eq!(taken, original.len());
}

#[actix_web::test]
async fn shutdown_does_not_wait_for_a_client_that_reads_nothing() {
    let origin = FakeOrigin::start(Reply::ok(&large()));
    let server = serve(&origin.url, |config| {
        config.listen.write_timeout = 2 * PATIENCE;
        config.listen.shutdown_timeout = 2 * PATIENCE;
    })
    .await;
    let mut silent = Connection::open_narrow(server.address).await;
    silent.send("GET", LARGE, &[]).await;
    silent.take(1).await;
    let address = server.address;
    timeout(PATIENCE / 2, rt::spawn(server.stop())).await.expect("it waits").unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
