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

/// A server before this origin, on ports of its own.
pub async fn serve(origin: &str, change: impl FnOnce(&mut Config)) -> Server {
    let mut config = Config::default();
    config.listen.address = ([127, 0, 0, 1], 0).into();
    config.admin.address = ([127, 0, 0, 1], 0).into();
    config.listen.workers = 2;
    // no test passes because time has run out, unless that is what it is about
    // the program that would be the worker is this test; tests/cluster has real ones
    config.workers.isolation = pixmill::config::Isolation::Thread;
    config.limits.deadline = 2 * PATIENCE;
    config.origin.response_timeout = 2 * PATIENCE;
    config.origin.timeout = 2 * PATIENCE;
    config.cache.origin_pause = std::time::Duration::ZERO;
    config.cache.memory.max_bytes = bytesize::ByteSize::mib(64);
    config.origin.url = origin.into();
    change(&mut config);
    assert_eq!(config.problems(), []);
    Server::start(config).await.unwrap()
}

/// A server before the sample pictures.
pub async fn serve_samples(change: impl FnOnce(&mut Config)) -> Server {
    serve(samples().to_str().unwrap(), change).await
}

/// A server that takes uploads, before this origin.
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

/// Waits, without sleeping, for what other threads will bring about.
pub async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !condition().await {
        assert!(began.elapsed() < PATIENCE, "it never came about");
        yield_now().await;
    }
}

/// A task of no cost, in no hurry.
pub fn small_task() -> Task {
    Task { class: Class::Picture, cost: Cost::default(), deadline: Instant::now() + 2 * PATIENCE }
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
