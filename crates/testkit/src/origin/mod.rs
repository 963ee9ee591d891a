//! A fake HTTP origin with configurable replies and faults, which records requests.
//!
//! It runs on its own thread and stops when dropped, so it serves tests of any runtime, and other processes.

mod connection;
mod reply;

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    runtime,
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout,
};

pub use self::reply::{Fault, Reply};

/// Timeout of all waiting; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Backlog of the listening socket.
const BACKLOG: u32 = 1024;

/// A running origin.
pub struct FakeOrigin {
    /// `http://127.0.0.1:PORT`
    pub url: String,
    address: SocketAddr,
    state: Arc<State>,
    _end: oneshot::Sender<()>,
}

/// A received request.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Number of its connection, from 1.
    pub connection: usize,
    /// Request line and headers.
    pub head: String,
}

struct State {
    reply: Mutex<Reply>,
    /// Replies for specific paths.
    paths: Mutex<BTreeMap<String, Reply>>,
    requests: watch::Sender<Vec<ReceivedRequest>>,
    connections: watch::Sender<usize>,
    /// Requests whose client left before the complete reply.
    abandoned: watch::Sender<usize>,
    held: watch::Sender<bool>,
    /// Whether it should listen, and whether it does.
    wanted: watch::Sender<bool>,
    listening: watch::Sender<bool>,
}

impl FakeOrigin {
    /// Starts an origin that replies to every request with `reply`, on a free port of 127.0.0.1.
    pub fn start(reply: Reply) -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, reply)
    }

    /// As [`Self::start`], at another address of this machine.
    pub fn start_at(ip: Ipv4Addr, reply: Reply) -> Self {
        Self::start_on((ip, 0).into(), reply)
    }

    /// As [`Self::start`], at an address and port.
    pub fn start_on(address: SocketAddr, reply: Reply) -> Self {
        let state = Arc::new(State {
            reply: Mutex::new(reply),
            paths: Mutex::default(),
            requests: watch::Sender::default(),
            connections: watch::Sender::default(),
            abandoned: watch::Sender::default(),
            held: watch::Sender::default(),
            wanted: watch::Sender::new(true),
            listening: watch::Sender::default(),
        });
        // bound here, so that connections from now on are accepted eventually
        let listener = std::net::TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let (end, ended) = oneshot::channel();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tokio::select! {
                    () = run(listener, shared) => {}
                    _ = ended => {}
                }
            });
        });
        Self { url: format!("http://{address}"), address, state, _end: end }
    }

    /// Sets the reply to all requests from now on.
    pub fn set_reply(&self, reply: Reply) {
        *lock(&self.state.reply) = reply;
    }

    /// Sets the reply to requests for one path from now on.
    pub fn set_reply_at(&self, path: &str, reply: Reply) {
        lock(&self.state.paths).insert(path.to_owned(), reply);
    }

    /// Holds replies back until [`Self::release`].
    pub fn hold(&self) {
        self.state.held.send_replace(true);
    }

    /// Sends the replies that were held back.
    pub fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// Closes all connections and refuses new ones until [`Self::restart`].
    pub async fn stop(&self) {
        self.state.wanted.send_replace(false);
        self.is_listening(false).await;
    }

    /// Accepts connections again, at the same address.
    pub async fn restart(&self) {
        self.state.wanted.send_replace(true);
        self.is_listening(true).await;
    }

    async fn is_listening(&self, expected: bool) {
        let mut listening = self.state.listening.subscribe();
        let changed = listening.wait_for(|listening| *listening == expected);
        timeout(PATIENCE, changed)
            .await
            .expect("the origin does not start or stop listening")
            .expect("the origin runs");
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Number of requests received.
    pub fn request_count(&self) -> usize {
        self.state.requests.borrow().len()
    }

    /// Number of requests received for this path, including its query.
    pub fn request_count_for(&self, path: &str) -> usize {
        self.state.requests.borrow().iter().filter(|request| request.path() == path).count()
    }

    /// All requests received.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.state.requests.borrow().clone()
    }

    /// Number of connections accepted.
    pub fn connections(&self) -> usize {
        *self.state.connections.borrow()
    }

    /// The `If-None-Match` header of the last request.
    pub fn last_if_none_match(&self) -> Option<String> {
        self.state.requests.borrow().last()?.header("if-none-match").map(str::to_owned)
    }

    /// Waits until this number of requests was received.
    pub async fn wait_for_requests(&self, times: usize) {
        let mut requests = self.state.requests.subscribe();
        timeout(PATIENCE, requests.wait_for(|requests| requests.len() >= times))
            .await
            .expect("too few requests arrived")
            .expect("the origin runs");
    }

    /// Waits until a client leaves before its reply is complete.
    pub async fn wait_for_abandoned(&self) {
        let mut abandoned = self.state.abandoned.subscribe();
        timeout(PATIENCE, abandoned.wait_for(|left| *left > 0))
            .await
            .expect("no client left early")
            .expect("the origin runs");
    }
}

impl ReceivedRequest {
    /// The path, including its query.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

impl State {
    /// The reply for a path. The query is ignored unless a reply is set for the path with it.
    fn reply(&self, path: &str) -> Reply {
        let paths = lock(&self.paths);
        let bare = path.split('?').next().unwrap_or_default();
        let own = paths.get(path).or_else(|| paths.get(bare));
        own.cloned().unwrap_or_else(|| lock(&self.reply).clone())
    }
}

/// Locks a mutex; a poisoned one is used nevertheless, since its test has failed already.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn run(listener: std::net::TcpListener, state: Arc<State>) {
    let address = listener.local_addr().expect("a bound listener has an address");
    listener.set_nonblocking(true).expect("a socket can be told not to block");
    let mut listener = TcpListener::from_std(listener).expect("a listener of this runtime");
    let mut wanted = state.wanted.subscribe();
    loop {
        state.listening.send_replace(true);
        tokio::select! {
            () = accept(&listener, &state) => {}
            _ = wanted.wait_for(|wanted| !wanted) => {}
        }
        drop(listener);
        // keeps the port bound, and refuses connections
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option that every system has");
        socket.bind(address).expect("the port that was ours");
        state.listening.send_replace(false);
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        listener = socket.listen(BACKLOG).expect("a bound socket can listen");
    }
}

/// Accepts connections; all of them end when this future is dropped.
async fn accept(listener: &TcpListener, state: &Arc<State>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.send_modify(|connections| *connections += 1);
        let number = *state.connections.borrow();
        open.spawn(connection::serve(stream, number, Arc::clone(state)));
        while open.try_join_next().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use bytes::Bytes;

    use super::*;

    /// The response up to the end or reset of the connection.
    fn response(origin: &FakeOrigin, path: &str) -> String {
        let mut stream = std::net::TcpStream::connect(origin.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut said = Vec::new();
        let mut piece = [0; 1024];
        while let Ok(read @ 1..) = stream.read(&mut piece) {
            said.extend_from_slice(&piece[..read]);
            if said.len() > 100_000 || said.ends_with(b"...") {
                break;
            }
        }
        String::from_utf8(said).unwrap()
    }

    #[test]
    fn replies_and_faults_are_sent() {
        let body = Bytes::from_static(b"picture...");
        let origin = FakeOrigin::start(Reply::ok(&body).with("etag", "\"1\""));
        assert_eq!(
            response(&origin, "/"),
            "HTTP/1.1 200 Told\r\netag: \"1\"\r\ncontent-length: 10\r\n\r\npicture..."
        );
        for (fault, expected) in [
            (Fault::HangUp, ""),
            (Fault::Reset, ""),
            (Fault::Slow(Duration::from_millis(1)), "content-length: 10\r\n\r\npicture..."),
            (Fault::Truncate(3), "content-length: 10\r\n\r\npic"),
            (Fault::ClaimMore(5), "content-length: 15\r\n\r\npicture..."),
            (Fault::ClaimLess(5), "content-length: 5\r\n\r\npicture..."),
            (Fault::UnfinishedChunks, "transfer-encoding: chunked\r\n\r\na\r\npicture...\r\n"),
            (Fault::Drip(Duration::ZERO), "content-length: 10\r\n\r\npicture..."),
        ] {
            origin.set_reply_at("/wrong", Reply::ok(&body).with_fault(fault));
            let said = response(&origin, "/wrong?x");
            assert!(said.ends_with(expected) && said.is_empty() == expected.is_empty(), "{fault:?}: {said}");
        }
        for fault in [Fault::EndlessBody, Fault::EndlessHead] {
            origin.set_reply(Reply::ok(&body).with_fault(fault));
            assert!(response(&origin, "/").len() > 100_000, "{fault:?}");
        }
        let counts = (origin.request_count(), origin.connections(), origin.request_count_for("/wrong?x"));
        assert_eq!(counts, (11, 11, 8));
    }

    #[tokio::test]
    async fn stops_and_restarts() {
        let origin = FakeOrigin::start(Reply::status(404).with_fault(Fault::Truncate(0)));
        for _ in 0..3 {
            assert!(response(&origin, "/").starts_with("HTTP/1.1 404"));
            origin.stop().await;
            let refused = std::net::TcpStream::connect(origin.address).unwrap_err();
            assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
            origin.restart().await;
        }
    }
}
