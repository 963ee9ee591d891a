//! The server: opens what requests share, listens, and ends in good order.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Instant};

use anyhow::Context;
use futures_util::future::join_all;
use tokio::signal::unix::{SignalKind, signal};
use vips_ops::vips::{self, Vips};

use crate::{
    config::{Config, Isolation},
    http,
    listener::{Listener, Plan},
    open_files,
    render::Pool,
    state::{Shared, Worker},
    telemetry::{counters::ListenerKind, logs::vips_warning},
    uploads::queue::Workers,
};

/// Connections of the listener for operators: scrapers, probes and people, never clients.
const ADMIN_CONNECTIONS: usize = 256;

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
    job_workers: Workers,
}

/// Serves until the process is told to end, and then ends in good order.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    open_files::raise();
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
        if shared.renderer.analyzer().lacks_models() {
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
        let (workers, max_connections) = (listen.worker_count(), listen.connection_cap(open_files::limit()));
        let plan = |name, address, pages| Plan { name, address, workers, max_connections, pages };
        let own = uploads
            .enabled
            .then(|| Listener::open(&shared, &plan(ListenerKind::Uploads, uploads.address, http::uploads)))
            .transpose()?;
        let public = Listener::open(&shared, &plan(ListenerKind::Public, listen.address, http::public))?;
        let plan = plan(ListenerKind::Admin, admin.address, http::admin);
        let admin =
            Listener::open(&shared, &Plan { workers: 1, max_connections: ADMIN_CONNECTIONS, ..plan })?;
        let job_workers = Workers::start(&worker);
        shared.config_drift.compare();
        Ok(Self {
            address: public.address,
            admin_address: admin.address,
            uploads_address: own.as_ref().map(|listener| listener.address),
            shared,
            public,
            admin,
            uploads: own,
            job_workers,
        })
    }

    /// Ends: says so at once on `/ready`, lets requests that are being answered end, and writes out the caches.
    pub async fn stop(self) {
        self.shared.drain();
        tracing::info!(answering = self.shared.answering(), "shutting down");
        let until = Instant::now() + self.shared.config.listen.shutdown_timeout;
        let listeners = [Some(&self.public), self.uploads.as_ref()].into_iter().flatten();
        let ended = join_all(listeners.map(|listener| listener.handle.stop(true)));
        tokio::join!(ended, self.job_workers.stop(&self.shared, until));
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
