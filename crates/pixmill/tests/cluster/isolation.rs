//! Worker isolation: pictures that crash, hang or exhaust the memory of their worker fail, and nothing else.
//!
//! The test build of the program simulates a fault if an original ends with a marker.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use futures_util::future::join_all;
use pixmill::render::test_faults::{CRASH, ESCAPE, HANG, MEMORY};
use tempfile::TempDir;
use testkit::RedisServer;

use crate::{
    load::{Answer, ask, client, metric, until},
    node::{Node, settings},
    pictures::samples,
};

/// A folder with a valid picture, and `number` of each kind of fault: `crash-0.jpg`, `hang-0.jpg`, `memory-0.jpg` and so on.
fn originals(number: usize) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let good = fs::read(Path::new(&samples()).join("flower.jpg")).unwrap();
    fs::write(folder.path().join("good.jpg"), &good).unwrap();
    for (name, marker) in [("crash", CRASH), ("escape", ESCAPE), ("hang", HANG), ("memory", MEMORY)] {
        for index in 0..number {
            let bytes = [&good, index.to_string().as_bytes(), marker].concat();
            fs::write(folder.path().join(format!("{name}-{index}.jpg")), bytes).unwrap();
        }
    }
    folder
}

fn node(folder: &TempDir, more: &[(&str, &str)]) -> Node {
    Node::start(settings(folder.path().to_str().unwrap(), more))
}

async fn get(node: &Node, target: &str) -> Answer {
    ask(&client(), node.address, target).await.unwrap()
}

/// Status and code of an error.
async fn refused(node: &Node, target: &str) -> (u16, String) {
    let Answer { status, body, .. } = get(node, target).await;
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (status, told["error"]["code"].as_str().unwrap().to_owned())
}

fn error(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[actix_web::test]
async fn a_crash_fails_one_request_and_quarantines_its_original() {
    let folder = originals(2);
    let node = node(&folder, &[]);
    assert_eq!(refused(&node, "/crash-0.jpg?width=50").await, error(500, "render_crashed"));
    assert_eq!(get(&node, "/good.jpg?width=50").await.status, 200);
    let log = node.log();
    let line = log.lines().find(|line| line.contains("SIGSEGV")).expect("a line about the crash");
    assert!(line.contains("crash-0.jpg"), "{line}");
    assert_eq!(refused(&node, "/crash-0.jpg?width=51").await, error(500, "render_crashed"));
    for target in ["/crash-0.jpg?width=52", "/crash-0.jpg?meta=true"] {
        assert_eq!(refused(&node, target).await, error(422, "original_quarantined"), "{target}");
    }
    assert_eq!(get(&node, "/crash-0.jpg").await.status, 200, "nothing is rendered for it");
    assert_eq!(refused(&node, "/crash-1.jpg?width=50").await, error(500, "render_crashed"));
    assert_eq!(get(&node, "/good.jpg?width=51").await.status, 200);
    assert_eq!(metric(node.admin, "pixmill_render_crashes_total").await, 3);
    assert_eq!(metric(node.admin, "pixmill_quarantined_originals").await, 1);
}

#[actix_web::test]
async fn a_hanging_render_is_killed_and_the_next_one_served() {
    let folder = originals(4);
    let node = node(&folder, &[("PIXMILL__LIMITS__DEADLINE", "400ms"), ("PIXMILL__WORKERS__THREADS", "2")]);
    let hanging: Vec<_> = (0..4).map(|index| format!("/hang-{index}.jpg?width=50")).collect();
    let answers = join_all(hanging.iter().map(|target| get(&node, target))).await;
    assert!(answers.iter().all(|answer| matches!(answer.status, 503 | 504)));
    assert_eq!(answers[0].status, 504);
    until("its workers were killed", async || {
        metric(node.admin, "pixmill_render_kills_total{reason=\"deadline\"}").await >= 1
            && metric(node.admin, "pixmill_render_workers{state=\"busy\"}").await == 0
    })
    .await;
    until("a good picture is served", async || get(&node, "/good.jpg?width=50").await.status == 200).await;
}

#[actix_web::test]
async fn a_render_above_its_memory_limit_is_stopped() {
    let folder = originals(1);
    let node = node(&folder, &[("PIXMILL__WORKERS__MAX_RENDER_MEMORY", "128MiB")]);
    let Answer { status, body, .. } = get(&node, "/memory-0.jpg?width=50").await;
    let text = String::from_utf8_lossy(&body);
    assert_eq!(status, 422, "{text}");
    assert!(text.contains("workers.max_render_memory") && text.contains("128.0 MiB"), "{text}");
    assert_eq!(metric(node.admin, "pixmill_render_stops_total{reason=\"memory\"}").await, 1);
    assert_eq!(get(&node, "/good.jpg?width=50").await.status, 200);
}

#[actix_web::test]
async fn an_exploited_codec_cannot_leave_the_sandbox() {
    let folder = originals(1);
    let open = node(&folder, &[("PIXMILL__WORKERS__SANDBOX", "false")]);
    assert_eq!(refused(&open, "/escape-0.jpg?width=50").await, error(500, "render_crashed"), "it would");
    let closed = node(&folder, &[]);
    if closed.start_log().contains("render workers run without") {
        eprintln!("skipped: the kernel has no Landlock or no seccomp");
        return;
    }
    assert_eq!(get(&closed, "/escape-0.jpg?width=50").await.status, 200);
    // fonts and models can still be read
    let text = "layers=%5B%7B%22text%22:%22Pixmill%22,%22font%22:%22Arial%22%7D%5D";
    let plain = get(&closed, "/good.jpg?width=200&format=png").await.body;
    let written = get(&closed, &format!("/good.jpg?width=200&format=png&{text}")).await.body;
    assert_ne!(plain, written);
    let seen = get(&closed, "/good.jpg?recognition=labels").await;
    assert!(matches!(seen.status, 200 | 501), "{}", String::from_utf8_lossy(&seen.body));
}

#[actix_web::test]
async fn kills_for_disconnected_clients_are_rate_limited() {
    const CLIENTS: usize = 40;
    let folder = originals(CLIENTS);
    let node = node(&folder, &[("PIXMILL__LIMITS__DEADLINE", "20s"), ("PIXMILL__WORKERS__THREADS", "1")]);
    let begun = metric(node.admin, "pixmill_render_worker_starts_total{outcome=\"started\"}").await;
    let stops = async || metric(node.admin, "pixmill_render_stops_total{reason=\"cancelled\"}").await;
    let busy = async || metric(node.admin, "pixmill_render_workers{state=\"busy\"}").await;
    for index in 0..CLIENTS {
        let target = format!("/hang-{index}.jpg?width=50");
        let leaving = client();
        let asking = ask(&leaving, node.address, &target);
        let is_rendered = until("it is rendered", async || busy().await > 0);
        tokio::select! {
            _ = asking => panic!("nothing answers it"),
            () = is_rendered => {}
        }
        // the client leaves; once the rate limit of kills is reached, the worker runs until its deadline
        let kills = metric(node.admin, "pixmill_render_kills_total{reason=\"cancelled\"}").await;
        if kills >= 8 {
            break;
        }
        until("it was stopped", async || busy().await == 0).await;
    }
    let started = metric(node.admin, "pixmill_render_worker_starts_total{outcome=\"started\"}").await;
    assert!(stops().await >= 8 && started - begun < 20, "{} starts", started - begun);
}

#[actix_web::test]
async fn a_quarantine_is_shared_through_redis() {
    let Some(redis) = RedisServer::start() else { return };
    let folder = originals(1);
    let shared = [("PIXMILL__CACHE__REDIS__URL", redis.url())];
    let shared = shared.each_ref().map(|(name, url)| (*name, url.as_str()));
    let nodes = [(); 2].map(|()| node(&folder, &shared));
    for width in [50, 51] {
        let target = format!("/crash-0.jpg?width={width}");
        assert_eq!(refused(&nodes[0], &target).await, error(500, "render_crashed"));
    }
    let entries = || redis.ask::<Vec<String>>(&["KEYS", "pixmill:*:results:*"]);
    until("the entry for other nodes is written", async || !entries().is_empty()).await;
    assert_eq!(refused(&nodes[1], "/crash-0.jpg?width=52").await.0, 422);
    assert_eq!(metric(nodes[1].admin, "pixmill_quarantined_originals").await, 1);
    assert_eq!(metric(nodes[1].admin, "pixmill_render_crashes_total").await, 0);
}

#[actix_web::test]
async fn a_node_that_can_start_no_worker_is_not_ready() {
    let folder = originals(1);
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pixmill-{}", std::process::id()));
    fs::copy(env!("CARGO_BIN_EXE_pixmill"), &program).unwrap();
    let program = Removed(program);
    let node = Node::start_program(&program.0, settings(folder.path().to_str().unwrap(), &[]));
    let ready = async || get(&node, "/ready").await.status;
    assert_eq!(ready().await, 200);
    // the kernel starts no program without permission to execute it, not even for root
    fs::set_permissions(&program.0, Permissions::from_mode(0o600)).unwrap();
    until("all workers are lost", async || {
        node.workers().into_iter().for_each(kill);
        ready().await == 503
    })
    .await;
    let told = get(&node, "/ready").await.body;
    assert!(String::from_utf8_lossy(&told).contains("no render worker can be started"));
    fs::set_permissions(&program.0, Permissions::from_mode(0o700)).unwrap();
    until("workers are there again", async || ready().await == 200).await;
    assert_eq!(get(&node, "/good.jpg?width=50").await.status, 200);
}

#[actix_web::test]
async fn workers_end_with_their_server() {
    let folder = originals(1);
    let mut node = node(&folder, &[]);
    until("all workers are there", async || node.workers().len() == 3).await;
    let workers = node.workers();
    node.kill();
    let lives =
        |id: &u32| fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|text| !text.contains(") Z "));
    until("they are gone", async || !workers.iter().any(lives)).await;
}

/// Kills a process.
pub fn kill(id: u32) {
    let id = rustix::process::Pid::from_raw(id.cast_signed()).unwrap();
    // it may have exited already
    let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
}

/// A file that is removed at the end.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
