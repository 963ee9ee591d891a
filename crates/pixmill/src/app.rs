//! The server: opens the state that requests share, listens, and shuts down gracefully.

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Instant};

use anyhow::Context;
use futures_util::future::join_all;
use vips_ops::vips::{self, Vips};

use crate::{
    config::{Config, Isolation, Problems},
    http::{self, error, job_status},
    listener::{Listener, Plan},
    open_files,
    render::Pool,
    signals::{Signal, Signals},
    state::{HttpParts, Shared, Worker},
    telemetry::{
        Exporters,
        counters::{Counters, ListenerKind},
        logs::vips_warning,
    },
    uploads::{queue::JobQueue, workers::Workers},
};

/// Maximum number of connections of the admin listener, which serves scrapers, probes and operators.
const ADMIN_CONNECTIONS: usize = 256;

/// A running server.
pub struct Server {
    /// The address of the public listener.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin_address: SocketAddr,
    /// The address of the listener for uploads; none if `uploads.enabled` is off.
    pub uploads_address: Option<SocketAddr>,
    shared: Arc<Shared>,
    public: Listener,
    admin: Listener,
    uploads: Option<Listener>,
    job_workers: Workers,
    exporters: Option<Exporters>,
}

/// Serves until the process gets SIGTERM or SIGINT, then shuts down gracefully. On SIGTERM the listeners go on accepting for
/// `listen.drain_delay`, or until another signal. On SIGHUP the configuration is read again by `read_config` and checked; it
/// does not change what runs.
pub async fn serve(config: Config, read_config: impl Fn() -> Result<Config, Problems>) -> anyhow::Result<()> {
    let mut signals = Signals::watch()?;
    open_files::raise();
    // a large disk cache takes its time
    let mut server = tokio::select! {
        started = Server::start(config) => started?,
        () = signals.stop() => return Ok(()),
    };
    server.announce();
    let signal = loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::CheckConfig => check_config(&server.shared.config, read_config()),
                stop => break stop,
            },
            ended = &mut server.public.ended => {
                ended?.context("the server ended unexpectedly")?;
                break Signal::Stop;
            }
        }
    };
    server.drain();
    if signal == Signal::Drain {
        // the delay is over, or a second signal ends it
        let _ = tokio::time::timeout(server.shared.config.listen.drain_delay, signals.stop()).await;
    }
    server.stop().await;
    Ok(())
}

impl Server {
    /// Tells its addresses: in a structured log as an event alone, else also as text.
    fn announce(&self) {
        let Self { address, admin_address, uploads_address, .. } = self;
        let config = &self.shared.config;
        if !config.logs.is_strict() {
            if let Some(address) = uploads_address {
                eprintln!("accepting uploads on http://{address}");
            }
            eprintln!("listening on http://{address}");
            if config.playground.enabled {
                eprintln!("playground on http://{address}/playground");
            }
        }
        let uploads = uploads_address.map(tracing::field::display);
        tracing::info!(%address, admin = %admin_address, uploads, "listening");
    }
}

/// Logs whether the configuration could be used at the next start. The running one stays.
fn check_config(running: &Config, read: Result<Config, Problems>) {
    match read {
        Ok(config) if config == *running => tracing::info!("SIGHUP: the configuration is unchanged"),
        Ok(_) => tracing::warn!("SIGHUP: the configuration is valid and has changed: restart to apply it"),
        Err(problems) => {
            tracing::error!(%problems, "SIGHUP: the configuration is invalid: the running one stays");
        }
    }
}

/// Warns about a configuration that is valid but hardly meant.
fn warn_about(config: &Config) {
    let uploads = &config.uploads;
    if uploads.public && uploads.tokens.is_empty() {
        tracing::warn!(
            "anybody who reaches the public listener can upload: uploads.public is on and uploads.tokens is empty"
        );
    }
    if config.playground.enabled && !config.listen.address.ip().is_loopback() {
        tracing::info!("the playground is on: everybody who reaches the public listener can see it");
    }
    if !config.has_origin() {
        tracing::warn!(
            "no origin is configured, so that every request for an image is answered with 502 no_origin: set origin.url, \
             or origins.NAME.url"
        );
    }
}

/// The listeners of a server.
struct Listeners {
    public: Listener,
    admin: Listener,
    uploads: Option<Listener>,
}

impl Listeners {
    fn open(shared: &Arc<Shared>) -> anyhow::Result<Self> {
        let Config { listen, admin, uploads, playground, .. } = &shared.config;
        let (workers, max_connections) = (listen.worker_count(), listen.connection_cap(open_files::limit()));
        let plan = |name, address, pages| Plan { name, address, workers, max_connections, pages };
        let (public_pages, upload_pages) = http::picture_pages(playground.enabled);
        let uploads = uploads
            .enabled
            .then(|| Listener::open(shared, &plan(ListenerKind::Uploads, uploads.address, upload_pages)))
            .transpose()?;
        let public = Listener::open(shared, &plan(ListenerKind::Public, listen.address, public_pages))?;
        let plan = plan(ListenerKind::Admin, admin.address, http::admin);
        let admin = Listener::open(shared, &Plan { workers: 1, max_connections: ADMIN_CONNECTIONS, ..plan })?;
        Ok(Self { public, admin, uploads })
    }
}

impl Server {
    /// Opens caches, render threads and listeners. When this returns, connections are accepted.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        // worker processes start libvips themselves; then this process decodes no picture
        if config.workers.isolation == Isolation::Thread {
            let settings = vips::Settings { on_warning: vips_warning, ..vips::Settings::default() };
            Vips::start(settings)?;
        }
        let mut exporters = Exporters::start(&config.telemetry)?;
        let parts = HttpParts {
            counters: Counters::new(error::codes()),
            jobs: JobQueue::new(config.uploads.queue, job_status::encoder(&config.errors)),
            tracer: exporters.as_ref().and_then(Exporters::tracer),
            samples: http::playground_samples(&config),
        };
        let shared = Arc::new(Shared::open(config, parts).await?);
        if shared.rendering.renderer.analyzer().lacks_models() {
            tracing::warn!(
                "models are missing: faces, red eyes and recognition are unavailable; `make vendor` fetches the models"
            );
        }
        // workers are set up on threads that cannot report errors of the configuration, so they are found here
        let worker = Rc::new(Worker::new(Arc::clone(&shared))?);
        warn_about(&shared.config);
        let Listeners { public, admin, uploads } = Listeners::open(&shared)?;
        let job_workers = Workers::start(&worker);
        shared.config_drift.watch();
        if let Some(exporters) = &mut exporters {
            let shared = Arc::clone(&shared);
            exporters.export_metrics(move || http::metrics_text(&shared))?;
        }
        Ok(Self {
            address: public.address,
            admin_address: admin.address,
            uploads_address: uploads.as_ref().map(|listener| listener.address),
            shared,
            public,
            admin,
            uploads,
            job_workers,
            exporters,
        })
    }

    /// Announces the shutdown: `/ready` is 503 from now on, and each connection is closed after its next response, so that
    /// clients and load balancers go elsewhere. All listeners still accept.
    pub fn drain(&self) {
        self.shared.drain();
        tracing::info!(in_flight = self.shared.in_flight(), "draining");
    }

    /// Shuts down: `/ready` reports it at once, requests in flight may end within `listen.shutdown_timeout`, and the caches
    /// are written out.
    pub async fn stop(self) {
        self.shared.drain();
        tracing::info!(in_flight = self.shared.in_flight(), "shutting down");
        let until = Instant::now() + self.shared.config.listen.shutdown_timeout;
        let listeners = [Some(&self.public), self.uploads.as_ref()].into_iter().flatten();
        let ended = join_all(listeners.map(|listener| listener.handle.stop(true)));
        tokio::join!(ended, self.job_workers.stop(&self.shared, until));
        self.shared.close().await;
        self.admin.handle.stop(false).await;
        if let Some(exporters) = self.exporters {
            // it blocks this thread, which has nothing else to do any more
            exporters.close();
        }
        tracing::info!("shut down");
    }

    /// The render threads and their queue.
    pub fn pool(&self) -> &Pool {
        self.shared.rendering.renderer.pool()
    }

    /// Whether this node is connected to a Redis.
    pub fn is_connected(&self) -> bool {
        self.shared.caches.coordinator.is_connected()
    }

    /// The number of requests in flight.
    pub fn in_flight(&self) -> usize {
        self.shared.in_flight()
    }
}
