//! Workers that are killed at random under load: no wrong body, and no failed request except those whose worker was killed.

use std::{cell::Cell, rc::Rc};

use actix_web::rt;
use futures_util::future::join_all;

use crate::{
    isolation::kill,
    load::{Answer, ask, client},
    node::{Node, settings},
    pictures::{Picture, samples, variants},
};

const CLIENTS: usize = 6;
const REQUESTS: usize = 60;

/// Number of responses per kill.
const ANSWERS_PER_KILL: usize = 9;

/// The next pseudo-random number (Knuth's MMIX generator), the same in every run.
fn chance(state: &Cell<u64>) -> u64 {
    let next = state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    state.set(next);
    next >> 33
}

/// The outcomes of the requests of all clients.
#[derive(Default)]
struct Outcome {
    answers: Cell<usize>,
    crashed: Cell<usize>,
    kills: Cell<usize>,
    random: Cell<u64>,
}

async fn keep_asking(node: Rc<Node>, pictures: Rc<Vec<Picture>>, outcome: Rc<Outcome>, first: usize) {
    let client = client();
    for number in 0..REQUESTS {
        let picture = &pictures[(first + number * CLIENTS) % pictures.len()];
        let Answer { status, body, .. } = ask(&client, node.address, &picture.target).await.unwrap();
        match status {
            200 => assert_eq!(blake3::hash(&body), picture.body, "{}", picture.target),
            500 => outcome.crashed.set(outcome.crashed.get() + 1),
            // an original whose workers were killed twice is quarantined, as one that crashes them would be
            other => panic!("{}: {other} {}", picture.target, String::from_utf8_lossy(&body)),
        }
        outcome.answers.set(outcome.answers.get() + 1);
        if outcome.answers.get().is_multiple_of(ANSWERS_PER_KILL) {
            let workers = node.workers();
            if !workers.is_empty() {
                kill(workers[chance(&outcome.random) as usize % workers.len()]);
                outcome.kills.set(outcome.kills.get() + 1);
            }
        }
    }
}

#[actix_web::test]
async fn a_killed_worker_fails_only_its_own_request() {
    let pictures = variants(40).await;
    // caching is disabled, so that every request is rendered
    let alone = [("PIXMILL__CACHE__RESULTS__ENABLED", "false"), ("PIXMILL__WORKERS__QUARANTINE", "0s")];
    let node = Rc::new(Node::start(settings(&samples(), &alone)));
    let outcome = Rc::new(Outcome::default());
    let clients = (0..CLIENTS).map(|first| {
        rt::spawn(keep_asking(Rc::clone(&node), Rc::clone(&pictures), Rc::clone(&outcome), first))
    });
    for client in join_all(clients).await {
        client.unwrap();
    }
    let (answers, crashed, kills) = (outcome.answers.get(), outcome.crashed.get(), outcome.kills.get());
    assert_eq!(answers, CLIENTS * REQUESTS);
    assert!(kills >= 30 && crashed <= kills, "{crashed} of {answers} failed by {kills} kills");
    let page = crate::load::fetch(&client(), node.address, "/ready").await.unwrap();
    assert!(String::from_utf8_lossy(&page).contains("\"ready\":true"));
}
