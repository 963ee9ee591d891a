//! Servers for tests, and pictures for them to serve.

use std::{fs, net::SocketAddr, path::PathBuf, sync::mpsc, time::Instant};

use bytes::Bytes;
use futures_util::future::poll_immediate;
use pixmill::{
    app::Server,
    config::Config,
    render::{Class, Cost, Task},
};
use tokio::task::yield_now;

use crate::{client::PATIENCE, fake_origin::FakeOrigin};

/// The folder of sample pictures.
pub fn samples() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples"))
}

pub fn sample(name: &str) -> Bytes {
    fs::read(samples().join(name)).unwrap().into()
}

/// A server with this origin, on free ports.
pub async fn serve(origin: &str, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::default();
    config.listen.address = ([127, 0, 0, 1], 0).into();
    config.admin.address = ([127, 0, 0, 1], 0).into();
    config.listen.workers = 2;
    // long timeouts: no test passes because of a timeout, unless it tests that
    // the worker program would be this test; tests/cluster has worker processes
    config.workers.isolation = pixmill::config::Isolation::Thread;
    config.limits.deadline = 2 * PATIENCE;
    config.origin.response_timeout = 2 * PATIENCE;
    config.origin.timeout = 2 * PATIENCE;
    config.cache.origin_pause = std::time::Duration::ZERO;
    config.cache.memory.max_bytes = bytesize::ByteSize::mib(64);
    config.origin.url = origin.into();
    change(&mut config);
    assert_eq!(config.problems(), []);
    Box::pin(Server::start(config)).await.unwrap()
}

/// A server with the sample pictures.
pub async fn serve_samples(change: impl FnOnce(&mut Config)) -> Server {
    serve(samples().to_str().unwrap(), change).await
}

/// A server that accepts uploads, with this origin.
pub async fn serve_uploads(origin: &str, change: impl FnOnce(&mut Config)) -> (Server, SocketAddr) {
    let server = serve(origin, |config| {
        config.uploads.enabled = true;
        config.uploads.address = ([127, 0, 0, 1], 0).into();
        change(config);
    });
    let server = server.await;
    let address = server.uploads_address.unwrap();
    (server, address)
}

pub async fn serve_origin(origin: &FakeOrigin) -> Server {
    serve(&origin.url, |_| ()).await
}

/// Waits, without sleeping, for a condition that other threads bring about.
pub async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "condition not met in time");
        yield_now().await;
    }
}

/// A task without cost, with a distant deadline.
pub fn small_task() -> Task {
    Task {
        class: Class::Picture,
        cost: Cost::default(),
        deadline: Instant::now() + 2 * PATIENCE,
        decode: None,
    }
}

/// Keeps a render thread busy until `release` is dropped.
pub async fn occupy(server: &Server) -> (impl Future, mpsc::Sender<()>) {
    let (began, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let mut job = Box::pin(server.pool().run(small_task(), move || {
        began.send(()).unwrap();
        released.recv().ok();
    }));
    assert!(poll_immediate(&mut job).await.is_none());
    has_begun.recv().unwrap();
    (job, release)
}
