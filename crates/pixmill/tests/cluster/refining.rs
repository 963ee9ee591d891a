//! The second pass of a loaded node: it yields to requests, which do not wait for it, and is tried again later.

use std::time::{Duration, Instant};

use crate::{
    load::{self, ask, client, until},
    node::{Node, settings},
    pictures::samples,
};

/// The longest that a small picture may take: a fraction of what the second pass takes, and far more than the limit after which its
/// worker is killed (100 ms) and a small render.
const LONGEST: Duration = Duration::from_secs(4);

/// Refines AVIF for many seconds, everything else for less.
const REFINING: [(&str, &str); 6] = [
    ("PIXMILL__REFINE__ENABLED", "true"),
    ("PIXMILL__REFINE__AFTER", "1"),
    ("PIXMILL__REFINE__CPU_PERCENT", "100"),
    ("PIXMILL__REFINE__MIN_SAVING_PERCENT", "1"),
    ("PIXMILL__REFINE__AVIF_EFFORT", "4"),
    ("PIXMILL__WORKERS__THREADS", "1"),
];

/// The value of a line of `/metrics`.
async fn metric(node: &Node, name: &str) -> u64 {
    let page = load::fetch(&client(), node.admin, "/metrics").await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name}")).parse().unwrap()
}

/// How many refinements ended so.
async fn ended(node: &Node, outcome: &str) -> u64 {
    metric(node, &format!("pixmill_refinements_total{{outcome=\"{outcome}\"}}")).await
}

/// Requests pictures that are not cached, one after the other, until a condition holds. None may take long.
async fn request_until(node: &Node, mut condition: impl AsyncFnMut() -> bool) {
    for width in 20.. {
        if condition().await {
            return;
        }
        let (began, target) = (Instant::now(), format!("/flower.jpg?width={width}&quality=50"));
        assert_eq!(ask(&client(), node.address, &target).await.unwrap().status, 200, "{target}");
        assert!(began.elapsed() < LONGEST, "{target} took {:?}", began.elapsed());
        assert!(width < 600, "the condition does not hold after {width} requests");
    }
}

/// Starts the second pass of a picture, requests others until it yields, and then leaves it alone until it is done.
async fn yields_and_is_retried(isolation: &str, target: &str) {
    let more = [&REFINING[..], &[("PIXMILL__WORKERS__ISOLATION", isolation)]].concat();
    let node = Node::start(settings(&samples(), &more));
    let first = ask(&client(), node.address, target).await.unwrap();
    assert_eq!(first.status, 200);
    until("the second pass runs", async || metric(&node, "pixmill_render_jobs_running").await > 0).await;
    assert_eq!(ended(&node, "saved").await + ended(&node, "yielded").await, 0, "it takes longer than that");
    request_until(&node, async || ended(&node, "yielded").await > 0).await;
    until("it is tried again", async || {
        let page = load::fetch(&client(), node.address, target).await.unwrap();
        page.len() < first.body.len()
    })
    .await;
    assert!(ended(&node, "saved").await > 0);
    assert_eq!(ended(&node, "failed").await, 0);
}

#[actix_web::test]
async fn a_refinement_in_a_worker_process_yields_to_requests() {
    yields_and_is_retried("process", "/astronaut.png?width=400&height=400&format=avif").await;
}

#[actix_web::test]
async fn a_refinement_on_a_thread_yields_to_requests() {
    yields_and_is_retried("thread", "/astronaut.png?width=1400&height=1400&format=webp").await;
}
