//! Shared decodes with worker processes: pixels pass from one worker to others, and a worker that dies takes nobody with it.

use std::{cell::Cell, fs, path::Path};

use futures_util::future::join_all;
use pixmill::render::test_faults::{CRASH, HANG};
use tempfile::TempDir;

use crate::{
    load::{Answer, ask, client, metric, until},
    node::{Node, settings},
    pictures::samples,
};

/// A folder with a PNG and a JPEG, and JPEGs that crash and hang their workers.
fn originals() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let read = |name: &str| fs::read(Path::new(&samples()).join(name)).unwrap();
    let jpeg = read("china.jpg");
    fs::write(folder.path().join("good.png"), read("chelsea.png")).unwrap();
    fs::write(folder.path().join("good.jpg"), &jpeg).unwrap();
    fs::write(folder.path().join("crash.jpg"), [&jpeg, CRASH].concat()).unwrap();
    fs::write(folder.path().join("hang.jpg"), [&jpeg, HANG].concat()).unwrap();
    folder
}

fn node(folder: &TempDir, more: &[(&str, &str)]) -> Node {
    Node::start(settings(folder.path().to_str().unwrap(), more))
}

/// The responses to a page of eight widths, requested at the same time.
async fn page(node: &Node, original: &str, first: usize) -> Vec<Answer> {
    let client = client();
    let targets: Vec<_> = (0..8).map(|index| format!("/{original}?width={}", first + index)).collect();
    let answers = join_all(targets.iter().map(|target| ask(&client, node.address, target))).await;
    answers.into_iter().map(Result::unwrap).collect()
}

#[actix_web::test]
async fn workers_share_a_decode() {
    let folder = originals();
    let (node, other) = (node(&folder, &[]), node(&folder, &[]));
    for original in ["good.png", "good.jpg"] {
        let before = metric(node.admin, "pixmill_shared_decodes_total").await;
        let round = Cell::new(0);
        // which requests meet is up to the machine
        until("a page shares a decode", async || {
            round.set(round.get() + 1);
            let first = 40 + 8 * round.get();
            for (index, shared) in page(&node, original, first).await.into_iter().enumerate() {
                let target = format!("/{original}?width={}", first + index);
                let alone = ask(&client(), other.address, &target).await.unwrap();
                assert_eq!((shared.status, alone.status), (200, 200), "{target}");
                assert!(shared.body == alone.body, "{target}");
            }
            metric(node.admin, "pixmill_shared_decodes_total").await > before
        })
        .await;
    }
    assert_eq!(metric(other.admin, "pixmill_shared_decodes_total").await, 0);
    assert_eq!(metric(node.admin, "pixmill_render_crashes_total").await, 0);
}

#[actix_web::test]
async fn a_worker_that_dies_while_others_wait_fails_its_original_only() {
    let folder = originals();
    let node = node(&folder, &[("PIXMILL__LIMITS__DEADLINE", "2s")]);
    for original in ["crash.jpg", "hang.jpg"] {
        for answer in page(&node, original, 40).await {
            assert!([422, 500, 503, 504].contains(&answer.status), "{original}: {}", answer.status);
        }
        let good = page(&node, "good.png", 40 + original.len()).await;
        assert!(good.iter().all(|answer| answer.status == 200), "{original}");
    }
}
