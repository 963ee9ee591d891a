//! Request coalescing: concurrent requests share fetches and renders, and cancelled requests do not affect others.

use futures_util::future::join_all;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{occupy, sample, serve, serve_origin, until},
};

fn china() -> FakeOrigin {
    FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("etag", "\"1\""))
}

#[actix_web::test]
async fn concurrent_requests_share_one_fetch_and_one_render() {
    let origin = china();
    origin.hold();
    let server = serve_origin(&origin).await;
    let requests = join_all((0..30).map(|_| get(server.address, "/a.jpg?width=100")));
    let release = async {
        until(async || server.in_flight() == 30).await;
        origin.release();
    };
    let (answers, ()) = tokio::join!(requests, release);
    assert_eq!((origin.request_count(), server.pool().load().begun), (1, 1));
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    let made = answers.iter().filter(|answer| answer.header("x-cache") == "miss").count();
    assert_eq!(made, 1);
}

#[actix_web::test]
async fn variants_share_one_fetch() {
    let origin = china();
    origin.hold();
    let server = serve_origin(&origin).await;
    let targets: Vec<_> = (0..10).map(|number| format!("/a.jpg?width={}", 50 + number)).collect();
    let requests = join_all(targets.iter().map(|target| get(server.address, target)));
    let release = async {
        until(async || server.in_flight() == 10).await;
        origin.release();
    };
    let (answers, ()) = tokio::join!(requests, release);
    assert_eq!((origin.request_count(), server.pool().load().begun), (1, 10));
    assert!(answers.iter().all(|answer| answer.outcome() == (200, "miss")));
    assert_eq!(get(server.address, "/a.jpg").await.outcome(), (200, "miss"));
    assert_eq!(origin.request_count(), 1);
}

#[actix_web::test]
async fn the_leader_may_leave() {
    let origin = china();
    origin.hold();
    // with one worker, a counted request has joined before the next event is processed
    let server = serve(&origin.url, |config| config.listen.workers = 1).await;
    let mut first = Connection::open(server.address).await;
    first.send("GET", "/a.jpg?width=100", &[]).await;
    origin.wait_for_requests(1).await;
    let mut second = Connection::open(server.address).await;
    second.send("GET", "/a.jpg?width=100", &[]).await;
    until(async || server.in_flight() == 2).await;
    drop(first);
    until(async || server.in_flight() == 1).await;
    origin.release();
    assert_eq!(second.read("GET").await.outcome(), (200, "coalesced"));
    assert_eq!((origin.request_count(), server.pool().load().begun), (1, 1));
}

#[actix_web::test]
async fn a_fetch_without_waiters_is_cancelled() {
    let origin = china();
    origin.hold();
    let server = serve_origin(&origin).await;
    let mut only = Connection::open(server.address).await;
    only.send("GET", "/a.jpg?width=100", &[]).await;
    origin.wait_for_requests(1).await;
    drop(only);
    origin.wait_for_abandoned().await;
    assert_eq!(server.pool().load().begun, 0);
}

#[actix_web::test]
async fn a_render_without_waiters_is_not_started() {
    let origin = china();
    let server = serve(&origin.url, |config| config.workers.threads = 1).await;
    let (job, release) = occupy(&server).await;
    let mut only = Connection::open(server.address).await;
    only.send("GET", "/a.jpg?width=100", &[]).await;
    until(async || server.pool().load().waiting == 1).await;
    drop(only);
    until(async || server.pool().load().waiting == 0).await;
    drop(release);
    job.await;
    assert_eq!(server.pool().load().begun, 1);
}
