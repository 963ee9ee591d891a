//! The spans of one request, kept until it ends: which trace it belongs to ([W3C Trace Context]), and how long each stage took.
//!
//! The trace of a request is a value of its task ([`scope`]). Whoever does a stage of the work opens a [`Span`] or waits
//! [`in_span`]; without a trace, which is the rule, both do nothing and cost one read of a thread-local variable. When the
//! request ends, [`Trace::finish`] passes all spans to a [`Sink`], or drops them. So the decision may depend on the outcome.
//!
//! ```
//! use std::sync::Arc;
//!
//! use request_trace::{InMemorySink, Trace, in_span, scope};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let sink = Arc::new(InMemorySink::default());
//! let trace = Trace::start(None, 1.0, sink.clone());
//! scope(Some(trace.context()), in_span("origin.fetch", async {})).await;
//! trace.finish(trace.is_sampled());
//! assert_eq!(sink.0.lock()[0].name, "origin.fetch");
//! # });
//! ```
//!
//! [W3C Trace Context]: https://www.w3.org/TR/trace-context/

mod context;
mod id;
mod in_memory_sink;
mod span;
mod trace;

pub use self::{
    context::{MAX_STATE, RemoteParent},
    id::{SpanId, TraceId},
    in_memory_sink::InMemorySink,
    span::{FinishedSpan, Span, SpanKind, Value},
    trace::{Context, MAX_SPANS, Sink, Trace, TraceInfo, current, in_span, scope, start, sync_scope},
};
