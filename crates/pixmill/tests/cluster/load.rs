//! Clients that never stop asking, and look at every body.
//!
//! They do what a CDN before the nodes does: a request that gets no answer, or a 503, is sent to the next node once.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle};
use awc::Client;
use bytes::Bytes;
use tokio::task::yield_now;

use crate::pictures::Picture;

/// Longer than any answer takes; a request that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Load that is being put on nodes.
pub struct Load {
    state: Rc<State>,
    clients: Vec<JoinHandle<()>>,
}

struct State {
    nodes: RefCell<Vec<SocketAddr>>,
    pictures: Rc<Vec<Picture>>,
    next: Cell<usize>,
    answers: Cell<usize>,
    failures: RefCell<Vec<String>>,
    ended: Cell<bool>,
}

/// A client that keeps connections.
pub fn client() -> Client {
    Client::builder().timeout(PATIENCE).finish()
}

/// The body of a 200, or what came instead.
pub async fn fetch(client: &Client, node: SocketAddr, target: &str) -> Result<Bytes, String> {
    let told = |error: &dyn std::fmt::Display| format!("{target} from {node}: {error}");
    let mut response =
        client.get(format!("http://{node}{target}")).send().await.map_err(|error| told(&error))?;
    let body = response.body().limit(100_000_000).await.map_err(|error| told(&error))?;
    match response.status().as_u16() {
        200 => Ok(body),
        status => Err(told(&format!("{status} {}", String::from_utf8_lossy(&body)))),
    }
}

impl Load {
    /// Puts so many clients on the nodes, each of which asks for one picture after another.
    pub fn put(nodes: &[SocketAddr], pictures: &Rc<Vec<Picture>>, clients: usize) -> Self {
        let state = Rc::new(State {
            nodes: RefCell::new(nodes.to_vec()),
            pictures: Rc::clone(pictures),
            next: Cell::new(0),
            answers: Cell::new(0),
            failures: RefCell::default(),
            ended: Cell::new(false),
        });
        let clients = (0..clients).map(|_| rt::spawn(ask(Rc::clone(&state)))).collect();
        Self { state, clients }
    }

    /// Waits until so many further requests were answered.
    pub async fn answered(&self, number: usize) {
        let (began, until) = (Instant::now(), self.state.answers.get() + number);
        while self.state.answers.get() < until {
            assert!(began.elapsed() < 2 * PATIENCE, "no answers: {:#?}", self.state.failures.borrow());
            yield_now().await;
        }
    }

    /// Ends; every request must have been answered rightly.
    pub async fn end(self) {
        self.state.ended.set(true);
        for client in self.clients {
            client.await.unwrap();
        }
        let failures = self.state.failures.borrow();
        assert!(failures.is_empty(), "{} of {}: {failures:#?}", failures.len(), self.state.answers.get());
    }
}

async fn ask(state: Rc<State>) {
    let client = client();
    while !state.ended.get() {
        let number = state.next.replace(state.next.get() + 1);
        let picture = &state.pictures[number % state.pictures.len()];
        match tried(&client, &state, number, &picture.target).await {
            Ok(body) if blake3::hash(&body) == picture.body => {}
            Ok(body) => state.fail(format!("{}: a wrong body of {} bytes", picture.target, body.len())),
            Err(told) => state.fail(told),
        }
        state.answers.set(state.answers.get() + 1);
    }
}

/// Asks a node, and the next one if it does not answer.
async fn tried(client: &Client, state: &State, number: usize, target: &str) -> Result<Bytes, String> {
    let node = |number: usize| {
        let nodes = state.nodes.borrow();
        nodes[number % nodes.len()]
    };
    match fetch(client, node(number), target).await {
        Ok(body) => Ok(body),
        Err(first) => {
            let second = fetch(client, node(number + 1), target).await;
            second.map_err(|second| format!("{first}, then {second}"))
        }
    }
}

impl State {
    fn fail(&self, told: String) {
        self.failures.borrow_mut().push(told);
    }
}
