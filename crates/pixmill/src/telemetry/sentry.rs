//! Sends events of errors to Sentry, by its crate. Its transport has a bounded queue and a thread of its own; while the server
//! is away or answers 429, events are dropped.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use sentry::{
    Client, ClientOptions, Transport, TransportFactory, TransportOptions,
    protocol::{Context, Event, Level, TraceContext},
    transports::UreqHttpTransportOptions,
    types::Dsn,
};
use ureq::Agent;

use super::error_events::{self, ErrorEvent, Reporter};
use crate::config;

/// Maximum time of one request.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long the end of the process waits for the last events.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// The name of a release in Sentry.
const RELEASE: &str = concat!("pixmill@", env!("CARGO_PKG_VERSION"));

/// Starts to send events, if it is configured. Whether the server is there is not asked.
///
/// # Errors
///
/// `sentry.dsn` is invalid.
pub fn start(config: &config::Sentry) -> anyhow::Result<()> {
    if config.dsn.is_empty() {
        return Ok(());
    }
    let dsn: Dsn = config.dsn.reveal().parse().context("sentry.dsn is invalid")?;
    let mut options = ClientOptions::new()
        .release(RELEASE)
        .environment(config.environment.clone())
        .default_integrations(false)
        .send_default_pii(false)
        .shutdown_timeout(CLOSE_TIMEOUT)
        .transport(ByUreq);
    options.dsn = Some(dsn);
    error_events::install(Box::new(Sentry(Client::with_options(options))));
    Ok(())
}

/// Sends events.
struct Sentry(Client);

impl Reporter for Sentry {
    fn report(&self, event: ErrorEvent) {
        self.0.capture_event(translated(event), None);
    }

    fn close(&self) {
        if !self.0.flush(Some(CLOSE_TIMEOUT)) {
            tracing::warn!("the last errors were not sent to Sentry");
        }
    }
}

/// Makes the crate's transport with our client: with a time limit, and without proxies of the environment.
struct ByUreq;

impl TransportFactory for ByUreq {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        let agent: Agent =
            Agent::config_builder().timeout_global(Some(TIMEOUT)).max_redirects(0).proxy(None).build().into();
        Arc::new(UreqHttpTransportOptions::from(options).with_agent(agent).build())
    }
}

fn translated(event: ErrorEvent) -> Event<'static> {
    let ErrorEvent { title, is_fatal, tags, details, request_id, trace } = event;
    let mut sent = Event {
        fingerprint: vec![title.clone().into()].into(),
        message: Some(title),
        level: if is_fatal { Level::Fatal } else { Level::Error },
        logger: Some("pixmill".to_owned()),
        ..Event::default()
    };
    sent.tags.extend(tags.into_iter().map(|(name, value)| (name.to_owned(), value)));
    sent.tags.extend(request_id.map(|id| ("request_id".to_owned(), id)));
    sent.extra.extend(details.into_iter().map(|(name, value)| (name.to_owned(), value.into())));
    if let Some((trace, span)) = trace {
        // a tag too: contexts cannot be searched
        sent.tags.insert("trace_id".to_owned(), trace.to_string());
        let (trace_id, span_id) = (trace.to_bytes().into(), span.to_bytes().into());
        let context = TraceContext { trace_id, span_id, ..TraceContext::default() };
        sent.contexts.insert("trace".to_owned(), Context::from(context));
    }
    sent
}
