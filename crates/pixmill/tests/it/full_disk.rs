//! A full disk fails no request for a picture, and is reported by uploads and purges.

use testkit::SmallDisk;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post},
    nodes::purge,
    setup::{sample, serve_uploads},
};

/// Capacity for a few responses.
const ROOM: u64 = 4 << 20;

/// More purges than fit into the last page of the purge log.
const MOST_PURGES: usize = 500;

#[actix_web::test]
async fn a_full_disk_fails_uploads_and_purges_only() {
    let Some(disk) = SmallDisk::mount(ROOM) else { return };
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=600"));
    origin.set_reply_at("/new.jpg", Reply::status(404));
    let (server, uploads) = serve_uploads(&origin.url, |config| {
        disk.path().clone_into(&mut config.cache.disk.path);
        config.cache.disk.max_bytes = bytesize::ByteSize::mib(256);
    })
    .await;
    let form = || Form::default().file(&sample("china.jpg"));
    let upload = async || post(uploads, "/new.jpg?width=50&cache_processed=1", form()).await;
    assert_eq!(get(server.address, "/a.jpg?width=20").await.outcome(), (200, "miss"));
    assert_eq!(upload().await.status, 200);
    assert_eq!(get(server.address, "/new.jpg").await.status, 200);

    disk.fill();
    for width in 21..40 {
        let answer = get(server.address, &format!("/a.jpg?width={width}")).await;
        assert_eq!(answer.outcome(), (200, "miss"), "{width}");
    }
    assert_eq!(get(server.address, "/a.jpg?width=30").await.outcome(), (200, "hit-memory"));
    let refused = upload().await;
    assert_eq!((refused.status, refused.header("cache-control")), (507, "no-store"));
    assert_eq!(refused.json()["error"]["code"], "upload_not_kept");
    assert_eq!(get(server.address, "/new.jpg").await.status, 404, "the upload is not stored");
    // a few entries still fit into the current page of the purge log
    let mut told = Vec::new();
    while told.last() != Some(&500) && told.len() < MOST_PURGES {
        told.push(purge(&server, "/a.jpg").await.status);
    }
    assert_eq!(told.pop(), Some(500), "{told:?}");
    let unwritten = purge(&server, "/a.jpg").await;
    assert_eq!(
        (unwritten.status, unwritten.json()["error"]["code"].as_str()),
        (500, Some("purge_not_written"))
    );
    assert_eq!(get(server.address, "/a.jpg?width=30").await.outcome(), (200, "miss"), "purged all the same");
    // uploads that are not stored need no disk
    assert_eq!(post(uploads, "/other.jpg?width=50", form()).await.status, 200);
    let metrics = Connection::open(server.admin_address).await.ask("GET", "/metrics", &[]).await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    let failures = "pixmill_cache_failures_total{cache=\"originals\",tier=\"disk\"} ";
    let counted = metrics.lines().find_map(|line| line.strip_prefix(failures)).unwrap();
    assert_ne!(counted, "0");
    server.stop().await;
}
