//! Load: clients that send requests continuously and verify every body.
//!
//! Like a CDN in front of the nodes, they retry a request without response, or with a 503, once at the next node.

use std::{
    cell::{Cell, RefCell},
    fmt::Display,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use actix_web::rt::{self, task::JoinHandle};
use awc::Client;
use bytes::Bytes;
use tokio::{sync::watch, task::yield_now, time::timeout};

use crate::pictures::Picture;

/// Timeout: longer than any response takes.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Running load on nodes.
pub struct Load {
    state: Rc<State>,
    clients: Vec<JoinHandle<()>>,
}

struct State {
    nodes: RefCell<Vec<SocketAddr>>,
    pictures: Rc<Vec<Picture>>,
    next: Cell<usize>,
    answers: watch::Sender<usize>,
    failures: RefCell<Vec<String>>,
    ended: Cell<bool>,
}

/// A client with keep-alive connections.
pub fn client() -> Client {
    Client::builder().timeout(PATIENCE).finish()
}

/// A response of a node.
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its `X-Cache`.
    pub source: String,
    /// Its body.
    pub body: Bytes,
}

/// Sends a GET. Fails with the reason if there is no response.
pub async fn ask(client: &Client, node: SocketAddr, target: &str) -> Result<Answer, String> {
    let told = |error: &dyn Display| format!("{target} from {node}: {error}");
    let mut response =
        client.get(format!("http://{node}{target}")).send().await.map_err(|error| told(&error))?;
    let source = response.headers().get("x-cache").and_then(|source| source.to_str().ok());
    let source = source.unwrap_or_default().to_owned();
    let body = response.body().limit(100_000_000).await.map_err(|error| told(&error))?;
    Ok(Answer { status: response.status().as_u16(), source, body })
}

/// The body of a 200; an error for any other outcome.
pub async fn fetch(client: &Client, node: SocketAddr, target: &str) -> Result<Bytes, String> {
    let Answer { status, body, .. } = ask(client, node, target).await?;
    let told = || format!("{target} from {node}: {status} {}", String::from_utf8_lossy(&body));
    if status == 200 { Ok(body) } else { Err(told()) }
}

/// The value of a metric without labels.
pub async fn metric(admin: SocketAddr, name: &str) -> u64 {
    sum(admin, name, "").await
}

/// The sum of the series of a metric whose labels contain a text. There must be one.
pub async fn sum(admin: SocketAddr, name: &str, label: &str) -> u64 {
    let page = fetch(&client(), admin, "/metrics").await.unwrap();
    let page = String::from_utf8(page.to_vec()).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix(name));
    let series = lines.filter(|rest| rest.starts_with([' ', '{']) && rest.contains(label));
    let values: Vec<u64> = series.map(|rest| rest.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    assert!(!values.is_empty(), "no {name} with {label}");
    values.iter().sum()
}

/// Waits for a condition.
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < 2 * PATIENCE, "condition not met in time: {what}");
        yield_now().await;
    }
}

impl Load {
    /// Starts this many clients, each of which requests one picture after another.
    pub fn put(nodes: &[SocketAddr], pictures: &Rc<Vec<Picture>>, clients: usize) -> Self {
        let state = Rc::new(State {
            nodes: RefCell::new(nodes.to_vec()),
            pictures: Rc::clone(pictures),
            next: Cell::new(0),
            answers: watch::Sender::new(0),
            failures: RefCell::default(),
            ended: Cell::new(false),
        });
        let clients = (0..clients).map(|_| rt::spawn(keep_asking(Rc::clone(&state)))).collect();
        Self { state, clients }
    }

    /// Waits until so many further requests were answered.
    pub async fn answered(&self, number: usize) {
        let mut answers = self.state.answers.subscribe();
        let until = *answers.borrow() + number;
        let answered = timeout(2 * PATIENCE, answers.wait_for(|answers| *answers >= until)).await;
        assert!(answered.is_ok(), "no answers: {:#?}", self.state.failures.borrow());
    }

    /// Ends; every request must have been answered rightly.
    pub async fn end(self) {
        self.state.ended.set(true);
        for client in self.clients {
            client.await.unwrap();
        }
        let failures = self.state.failures.borrow();
        assert!(failures.is_empty(), "{} of {}: {failures:#?}", failures.len(), *self.state.answers.borrow());
    }
}

async fn keep_asking(state: Rc<State>) {
    let client = client();
    while !state.ended.get() {
        let number = state.next.replace(state.next.get() + 1);
        let picture = &state.pictures[number % state.pictures.len()];
        match tried(&client, &state, number, &picture.target).await {
            Ok(body) if blake3::hash(&body) == picture.body => {}
            Ok(body) => state.fail(format!("{}: a wrong body of {} bytes", picture.target, body.len())),
            Err(told) => state.fail(told),
        }
        state.answers.send_modify(|answers| *answers += 1);
    }
}

/// Sends a request to a node, and to the next one if that does not respond.
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
