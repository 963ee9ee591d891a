//! The server: opens what requests share, listens, and ends in good order.

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{App, HttpServer, dev::ServerHandle, http::KeepAlive, rt, web::ServiceConfig};
use anyhow::Context;
use futures_util::future::join_all;
use tokio::signal::unix::{SignalKind, signal};
use vips_ops::vips::{self, Vips};

use crate::{
    config::{Config, Isolation},
    http,
    render::Pool,
    state::{Shared, Worker},
    telemetry::logs::vips_warning,
    uploads::background::Hands,
};

/// How long a client may take to send the head of a request: long enough for a phone on a bad line, short enough that
/// connections that never send one do not pile up.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a client may take to close its side.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A running server.
pub struct Server {
    /// Where images are served.
    pub address: SocketAddr,
    /// Where operators look.
    pub admin_address: SocketAddr,
    /// Where uploads are taken, if they are.
    pub uploads_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    public: Listener,
    admin: Listener,
    uploads: Option<Listener>,
    hands: Hands,
}

struct Listener {
    handle: ServerHandle,
    ended: rt::task::JoinHandle<std::io::Result<()>>,
}

/// Serves until the process is told to end, and then ends in good order.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = Server::start(config).await?;
    if let Some(address) = server.uploads_address {
        eprintln!("taking uploads on http://{address}");
    }
    eprintln!("listening on http://{}", server.address);
    tracing::info!(address = %server.address, admin = %server.admin_address, "listening");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        ended = &mut server.public.ended => {
            ended?.context("the server ended by itself")?;
        }
    }
    server.stop().await;
    Ok(())
}

impl Server {
    /// Opens caches, pool and listeners. When this returns, connections are accepted.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        // worker processes start it for themselves; this one then never reads a picture
        if config.workers.isolation == Isolation::Thread {
            let settings = vips::Settings { on_warning: vips_warning, ..vips::Settings::default() };
            Vips::start(settings)?;
        }
        let shared = Arc::new(Shared::open(config).await?);
        if shared.renderer.sight().is_blind() {
            tracing::warn!(
                "no models: faces, red eyes and recognition are off; `make vendor` fetches what they need"
            );
        }
        // a worker cannot say what is wrong with the origin, so it is said here
        let worker = Rc::new(Worker::new(Arc::clone(&shared))?);
        let Config { listen, admin, uploads, .. } = &shared.config;
        if uploads.public && uploads.tokens.is_empty() {
            tracing::warn!("whoever reaches the public listener can upload: uploads.tokens is empty");
        }
        let own = uploads
            .enabled
            .then(|| Listener::open(&shared, uploads.address, listen.worker_count(), http::uploads))
            .transpose()?;
        let (uploads, uploads_address) = own.unzip();
        let (public, address) = Listener::open(&shared, listen.address, listen.worker_count(), http::public)?;
        let (admin, admin_address) = Listener::open(&shared, admin.address, 1, http::admin)?;
        let hands = Hands::start(&worker);
        shared.cluster.compare();
        Ok(Self { address, admin_address, uploads_address, shared, public, admin, uploads, hands })
    }

    /// Ends: says so at once on `/ready`, lets requests that are being answered end, and writes out the caches.
    pub async fn stop(self) {
        self.shared.drain();
        tracing::info!(answering = self.shared.answering(), "shutting down");
        let until = Instant::now() + self.shared.config.listen.shutdown_timeout;
        let listeners = [Some(&self.public), self.uploads.as_ref()].into_iter().flatten();
        let ended = join_all(listeners.map(|listener| listener.handle.stop(true)));
        tokio::join!(ended, self.hands.stop(&self.shared, until));
        self.shared.close().await;
        self.admin.handle.stop(false).await;
        tracing::info!("ended");
    }

    /// The threads that compute.
    pub fn pool(&self) -> &Pool {
        self.shared.renderer.pool()
    }

    /// Whether this node uses a Redis that other nodes share.
    pub fn is_connected(&self) -> bool {
        self.shared.peers.is_connected()
    }

    /// How many requests are being answered.
    pub fn answering(&self) -> usize {
        self.shared.answering()
    }
}

impl Listener {
    fn open(
        shared: &Arc<Shared>,
        address: SocketAddr,
        workers: usize,
        pages: fn(&mut ServiceConfig),
    ) -> anyhow::Result<(Self, SocketAddr)> {
        let state = Arc::clone(shared);
        let listen = &shared.config.listen;
        let server = HttpServer::new(move || {
            let worker = Worker::new(Arc::clone(&state))
                .expect("invariant: a worker was made of the same configuration at the start");
            App::new().app_data(Rc::new(worker)).configure(pages)
        })
        .workers(workers)
        .keep_alive(KeepAlive::Timeout(listen.keep_alive))
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        // a client that closes has gone: work for it ends
        .h1_allow_half_closed(false)
        .shutdown_timeout(listen.shutdown_timeout.as_secs())
        .disable_signals()
        .bind(address)
        .with_context(|| format!("cannot listen on {address}"))?;
        let bound = server.addrs().first().copied().context("cannot tell the listener's address")?;
        let server = server.run();
        let handle = server.handle();
        Ok((Self { handle, ended: rt::spawn(server) }, bound))
    }
}
