//! Faults of origins: the response with an empty cache and with a stale entry.

use std::time::Duration;

use pixmill::config::Config;

use crate::{
    client::get,
    fake_origin::{FakeOrigin, Fault, Reply},
    setup::{sample, serve, until},
};

const STALE_SOON: &str = "max-age=0, stale-while-revalidate=0, stale-if-error=600";

fn good() -> Reply {
    Reply::ok(&sample("china.jpg")).with("cache-control", STALE_SOON)
}

fn impatient(config: &mut Config) {
    config.origin.response_timeout = Duration::from_millis(80);
    config.origin.timeout = Duration::from_millis(250);
    config.limits.max_bytes = bytesize::ByteSize::kib(512);
    config.origin.breaker_failures = 0;
}

/// Every fault, and the status without a stale entry.
fn faults() -> Vec<(Reply, u16)> {
    let but = |fault| good().with_fault(fault);
    vec![
        (but(Fault::Silence), 504),
        (but(Fault::HangUp), 502),
        (but(Fault::Reset), 502),
        (but(Fault::Slow(Duration::from_mins(1))), 504),
        (but(Fault::Stall(500)), 504),
        (but(Fault::Truncate(500)), 502),
        (but(Fault::ResetAfter(500)), 502),
        (but(Fault::ClaimMore(10)), 502),
        (but(Fault::UnfinishedChunks), 502),
        (but(Fault::EndlessHead), 502),
        (but(Fault::EarlyHints(17)), 502),
        (Reply::status(101), 502),
        (but(Fault::Drip(Duration::from_millis(20))), 504),
        (Reply::status(500), 502),
        (Reply::status(503), 502),
        (Reply::redirect("/a.jpg"), 502),
        (Reply::redirect("http://127.0.0.2:9/a.jpg"), 502),
        (Reply::redirect("http://169.254.169.254/latest"), 502),
    ]
}

#[actix_web::test]
async fn a_fault_is_an_error_or_a_stale_response() {
    for (reply, status) in faults() {
        let told = format!("{} {:?}", reply.status, reply.fault);
        let origin = FakeOrigin::start(good());
        let server = serve(&origin.url, impatient).await;
        let old = get(server.address, "/a.jpg?width=50").await;
        assert_eq!(old.outcome(), (200, "miss"), "{told}");
        origin.set_reply(reply);
        let stale = get(server.address, "/a.jpg?width=50").await;
        assert_eq!((stale.outcome(), &stale.body), ((200, "stale"), &old.body), "{told}");
        let cold = get(server.address, "/b.jpg?width=50").await;
        assert_eq!((cold.status, cold.header("cache-control")), (status, "no-store"), "{told}");
        origin.set_reply(good());
        assert_eq!(get(server.address, "/b.jpg?width=50").await.body, old.body, "{told}");
    }
}

#[actix_web::test]
async fn incomplete_bodies_are_never_rendered() {
    for (fault, status) in [(Fault::EndlessBody, 413), (Fault::ClaimLess(30_000), 400)] {
        let origin = FakeOrigin::start(good().with_fault(fault));
        let server = serve(&origin.url, impatient).await;
        let answer = get(server.address, "/a.jpg?width=50").await;
        assert_eq!(answer.status, status, "{fault:?}");
    }
}

#[actix_web::test]
async fn the_circuit_breaker_opens_and_closes() {
    let origin = FakeOrigin::start(good());
    let server = serve(&origin.url, |config| {
        (config.origin.breaker_failures, config.origin.breaker_pause) = (2, Duration::from_millis(20));
    })
    .await;
    let old = get(server.address, "/a.jpg?width=50").await;
    origin.stop().await;
    for _ in 0..5 {
        let stale = get(server.address, "/a.jpg?width=50").await;
        assert_eq!((stale.outcome(), &stale.body), ((200, "stale"), &old.body));
        assert_eq!(get(server.address, "/b.jpg?width=50").await.status, 502);
    }
    origin.restart().await;
    until(async || get(server.address, "/b.jpg?width=50").await.status == 200).await;
}

#[actix_web::test]
async fn requests_above_the_host_limit_are_refused() {
    let origin = FakeOrigin::start(good());
    let server = serve(&origin.url, |config| {
        (config.origin.max_connections_per_host, config.origin.max_waiting_per_host) = (1, 0);
    })
    .await;
    origin.hold();
    let (first, ()) = tokio::join!(get(server.address, "/a.jpg?width=50"), async {
        origin.wait_for_requests(1).await;
        let busy = get(server.address, "/b.jpg?width=50").await;
        assert_eq!((busy.status, busy.header("retry-after")), (503, "1"));
        assert_eq!(busy.json()["error"]["code"], "origin_busy");
        origin.release();
    });
    assert_eq!(first.status, 200);
    assert_eq!(get(server.address, "/b.jpg?width=50").await.status, 200);
}

#[actix_web::test]
async fn interim_responses_are_skipped() {
    let headers =
        |reply: Reply| reply.with("etag", "\"1\"").with("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    for times in [1, 3, 16] {
        let origin = FakeOrigin::start(headers(good()).with_fault(Fault::EarlyHints(times)));
        let http = serve(&origin.url, |_| ()).await;
        let bucket = serve("s3://photos", |config| {
            config.origin.bucket.endpoint.clone_from(&origin.url);
            config.origin.bucket.anonymous = true;
        })
        .await;
        for server in [&http, &bucket] {
            for path in ["/a.jpg", "/b.jpg"] {
                let answer = get(server.address, &format!("{path}?width=50")).await;
                assert_eq!(answer.outcome(), (200, "miss"), "{path} behind {times}");
                assert_eq!(get(server.address, path).await.body, sample("china.jpg"));
            }
        }
    }
}
