//! Overload: requests are refused at once, while cached variants are still served.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use futures_util::future::poll_immediate;
use pixmill::render::{Class, Cost, Task};

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Reply},
    setup::{occupy, sample, serve, serve_samples, small_task, until},
};

#[actix_web::test]
async fn a_full_queue_refuses_at_once() {
    let server = serve_samples(|config| {
        config.workers.threads = 1;
        config.workers.queue = 0;
    })
    .await;
    assert_eq!(get(server.address, "/china.jpg?width=50").await.status, 200);
    let (job, release) = occupy(&server).await;
    let refused = get(server.address, "/china.jpg?width=51").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "1"));
    assert_eq!(refused.header("cache-control"), "no-store");
    assert_eq!(refused.json()["error"]["code"], "overloaded");
    assert_eq!(get(server.address, "/china.jpg?width=50").await.outcome(), (200, "hit-memory"));
    assert_eq!(
        get(server.address, "/china.jpg").await.outcome(),
        (200, "miss"),
        "nothing is computed for it"
    );
    assert_eq!(get(server.address, "/health").await.status, 200);
    drop(release);
    job.await;
    assert_eq!(get(server.address, "/china.jpg?width=51").await.status, 200);
}

#[actix_web::test]
async fn no_fetch_if_the_render_would_be_refused() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |config| {
        config.workers.threads = 1;
        config.workers.queue = 0;
    })
    .await;
    let (_job, _release) = occupy(&server).await;
    assert_eq!(get(server.address, "/a.jpg?width=50").await.status, 503);
    assert_eq!(origin.request_count(), 0);
}

#[actix_web::test]
async fn a_slow_origin_occupies_no_render_thread() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |config| {
        config.workers.threads = 1;
        config.workers.queue = 0;
    })
    .await;
    assert_eq!(get(server.address, "/known.jpg?width=50").await.status, 200);
    origin.hold();
    let hanging: Vec<_> = (0..20).map(|number| format!("/{number}.jpg?width=50")).collect();
    let hanging = futures_util::future::join_all(hanging.iter().map(|target| get(server.address, target)));
    let meanwhile = async {
        origin.wait_for_requests(21).await;
        let answer = get(server.address, "/known.jpg?width=51").await;
        origin.release();
        answer.outcome() == (200, "miss")
    };
    let (answers, served) = tokio::join!(hanging, meanwhile);
    assert!(served);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 503)));
}

#[actix_web::test]
async fn a_node_with_a_long_queue_stays_ready() {
    let server = serve_samples(|config| {
        config.workers.threads = 1;
        config.limits.deadline = Duration::from_millis(1);
    })
    .await;
    let (_job, _release) = occupy(&server).await;
    let mut waiting = Box::pin(server.pool().run(small_task(), || ()));
    assert!(poll_immediate(&mut waiting).await.is_none());
    until(async || server.pool().load().oldest > Duration::from_millis(1)).await;
    for address in [server.address, server.admin_address] {
        assert_eq!(get(address, "/ready").await.json()["ready"], true);
    }
}

#[actix_web::test]
async fn requests_that_would_miss_their_deadline_are_refused_at_once() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |config| {
        config.workers.threads = 1;
        config.limits.deadline = Duration::from_secs(40);
    })
    .await;
    let (began, has_begun) = std::sync::mpsc::channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let cost = Cost { cpu: Duration::from_secs(70), bytes: 0 };
    let task = Task {
        class: Class::Picture,
        cost,
        deadline: Instant::now() + Duration::from_secs(80),
        decode: None,
    };
    let mut long = Box::pin(server.pool().run(task, move || {
        began.send(()).unwrap();
        released.recv().ok();
    }));
    assert!(poll_immediate(&mut long).await.is_none());
    has_begun.recv().unwrap();
    let refused = get(server.address, "/a.jpg?width=50").await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (503, &"overloaded".into()));
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((20..=30).contains(&seconds), "seventy seconds of work, forty of time: {seconds}");
    assert_eq!(origin.request_count(), 0);
    let metrics = get(server.admin_address, "/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(metrics.contains("pixmill_render_refusals_total{reason=\"deadline\"} 1"), "{metrics}");
    drop(release);
    assert!(long.await.is_ok());
    assert_eq!(get(server.address, "/a.jpg?width=50").await.status, 200);
}

#[actix_web::test]
async fn too_much_predicted_memory_names_the_limit() {
    let server = serve_samples(|config| config.workers.memory = ByteSize::kib(1)).await;
    let refused = get(server.address, "/china.jpg?width=50").await;
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (422, &"over_limit".into()));
    let message = refused.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("workers.memory allows 1024"), "{message}");
    assert_eq!(get(server.address, "/china.jpg").await.status, 200, "nothing is computed for it");
}

#[actix_web::test]
async fn a_busy_node_is_ready() {
    let server = serve_samples(|config| config.workers.threads = 1).await;
    let (_job, _release) = occupy(&server).await;
    let mut waiting = Box::pin(server.pool().run(small_task(), || ()));
    assert!(poll_immediate(&mut waiting).await.is_none());
    assert_eq!(get(server.address, "/ready").await.json()["ready"], true);
}
