//! A node whose wall clock jumps, beside one whose clock does not.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    process::Command,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tempfile::TempDir;
use testkit::{
    RedisServer,
    origin::{FakeOrigin, Reply},
};

use crate::{
    load::{self, Load, until},
    node::{Node, settings},
    origins::known,
    pictures::samples,
};

/// Number of requests completed after each jump.
const REQUESTS: usize = 80;
const DAY: i64 = 24 * 60 * 60;

/// The wall clock of a node: a library that it preloads, and the file with the offset.
struct Clock {
    folder: TempDir,
    file: File,
}

impl Clock {
    /// None, with a line that says so, if the library cannot be compiled.
    fn build() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cluster/clock_offset.c");
        let library = folder.path().join("clock_offset.so");
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).status();
        let Ok(status) = compiled else {
            eprintln!("skipped: no C compiler (cc) here");
            return None;
        };
        assert!(status.success());
        let file = File::create(folder.path().join("offset")).unwrap();
        let clock = Self { folder, file };
        clock.set(0);
        Some(clock)
    }

    fn set(&self, seconds: i64) {
        self.file.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

/// How far the clock of a node is ahead of that of this test, in seconds.
async fn ahead(node: &Node) -> i64 {
    let response = load::client().get(format!("http://{}/health", node.address)).send().await.unwrap();
    let date: SystemTime =
        httpdate::parse_http_date(response.headers().get("date").unwrap().to_str().unwrap()).unwrap();
    match date.duration_since(SystemTime::now()) {
        Ok(ahead) => ahead.as_secs() as i64,
        Err(behind) => -(behind.duration().as_secs() as i64),
    }
}

/// An original that is fresh for an hour.
fn original(name: &str) -> Reply {
    let body: Bytes = std::fs::read(format!("{}/{name}", samples())).unwrap().into();
    Reply::ok(&body).with("ETag", &format!("\"{name}\"")).with("Cache-Control", "max-age=3600")
}

async fn body(node: &Node) -> Bytes {
    load::fetch(&load::client(), node.address, "/b.jpg?width=40&format=png").await.unwrap()
}

#[actix_web::test]
async fn a_clock_that_jumps_costs_no_request() {
    let (Some(clock), Some(redis)) = (Clock::build(), RedisServer::start()) else { return };
    let origin = FakeOrigin::start(original("china.jpg"));
    let (library, file, url) = (clock.path("clock_offset.so"), clock.path("offset"), redis.url());
    let shared = ("PIXMILL__CACHE__REDIS__URL", url.as_str());
    let jumps = [shared, ("LD_PRELOAD", library.as_str()), ("CLOCK_OFFSET_FILE", file.as_str())];
    let nodes = [Node::start(settings(&origin.url, &jumps)), Node::start(settings(&origin.url, &[shared]))];
    let pictures = known(&nodes).await;
    let load = Load::put(&nodes.each_ref().map(|node| node.address), &pictures, 4);
    for days in [1, -1, 300, 0] {
        clock.set(days * DAY);
        until("the clock has jumped", async || (ahead(&nodes[0]).await - days * DAY).abs() < 60).await;
        assert!(ahead(&nodes[1]).await.abs() < 60, "the other clock is right");
        load.answered(REQUESTS).await;
        // purges are ordered by Redis, not by clocks
        for name in ["flower.jpg", "china.jpg"] {
            let old = body(&nodes[1]).await;
            assert!(body(&nodes[0]).await == old, "{days} days: the nodes differ");
            origin.set_reply_at("/b.jpg", original(name));
            let purged =
                load::client().delete(format!("http://{}/b.jpg", nodes[0].admin)).send().await.unwrap();
            assert_eq!(purged.status(), 200);
            let begun = std::time::Instant::now();
            until("the purge has reached the other node", async || {
                body(&nodes[1]).await == body(&nodes[0]).await
            })
            .await;
            assert!(begun.elapsed() < Duration::from_secs(20));
        }
    }
    load.end().await;
}
