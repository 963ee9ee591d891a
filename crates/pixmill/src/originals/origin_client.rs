//! The interface between the core and the origins: requests to an origin over the network or to a disk. Tests replace it by a
//! fake.

use std::{rc::Rc, sync::Arc, time::Instant};

use futures_util::{FutureExt, future::LocalBoxFuture};
use origin::{Error, ErrorKind, Fetched, ObjectRef, Origins, Validators};
use request_trace::{Span, SpanKind};

use crate::telemetry::counters::Counters;

/// Requests originals from origins. Dropping a future cancels the request.
pub trait OriginClient {
    /// Fetches an original; with `known`, only if it is no longer the version with these validators.
    fn fetch<'a>(
        &'a self,
        target: &'a ObjectRef,
        known: Option<&'a Validators>,
    ) -> LocalBoxFuture<'a, Result<Fetched, Error>>;

    /// The entity tag that a file would be fetched with now; none if there is no such file. `name` is that of
    /// [`Origins::file_name`].
    fn file_version<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Option<String>, Error>>;
}

/// The origins of the configuration, with metrics of fetches.
pub struct CountedOrigins {
    /// The origins.
    pub origins: Rc<Origins>,
    /// The metrics.
    pub counters: Arc<Counters>,
}

impl OriginClient for CountedOrigins {
    fn fetch<'a>(
        &'a self,
        target: &'a ObjectRef,
        known: Option<&'a Validators>,
    ) -> LocalBoxFuture<'a, Result<Fetched, Error>> {
        async move {
            let started = Instant::now();
            let span = request_trace::start("origin.fetch").map(|span| span.of_kind(SpanKind::Client));
            let context = span.as_ref().map(Span::context);
            let fetched = request_trace::scope(context, self.origins.fetch(target, known)).await;
            self.counters.fetched(outcome(&fetched), started.elapsed());
            if let Some(mut span) = span {
                span.set("pixmill.outcome", outcome(&fetched));
                if let Err(error) = &fetched {
                    span.fail(error.to_string());
                }
            }
            fetched
        }
        .boxed_local()
    }

    fn file_version<'a>(&'a self, name: &'a str) -> LocalBoxFuture<'a, Result<Option<String>, Error>> {
        self.origins.file_version(name).boxed_local()
    }
}

/// The name of the outcome of a fetch in metrics.
fn outcome(fetched: &Result<Fetched, Error>) -> &'static str {
    match fetched {
        Ok(Fetched::Modified(_)) => "found",
        Ok(Fetched::NotModified(_)) => "not_modified",
        Err(error) => match error.kind() {
            ErrorKind::NotFound | ErrorKind::Gone => "not_found",
            ErrorKind::Forbidden => "forbidden",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::Timeout => "timeout",
            ErrorKind::RefusedAddress => "refused",
            ErrorKind::Busy => "busy",
            ErrorKind::CircuitOpen => "circuit_open",
            _ => "failed",
        },
    }
}
