//! The trace of a request, as a value of its task.

use std::{
    fmt::{self, Debug, Formatter},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

use crate::{FinishedSpan, RemoteParent, Span, SpanId, SpanKind, TraceId, Value, context, id};

/// Maximum number of spans of a request that wait for its end; further ones are dropped. Bounds the memory of a request with many
/// overlays.
pub const MAX_SPANS: usize = 256;

tokio::task_local! {
    static CURRENT: Context;
}

/// What all spans of a trace have in common.
#[derive(Debug, Clone)]
pub struct TraceInfo {
    /// The id of the trace.
    pub id: TraceId,
    /// The span of the whole request.
    pub root: SpanId,
    /// The span of the caller.
    pub parent: Option<RemoteParent>,
    /// Whether the trace is recorded whatever its outcome is.
    pub is_sampled: bool,
}

/// Receives the spans of requests that are recorded.
pub trait Sink: Send + Sync {
    /// Takes spans of a trace. Must not block.
    fn export(&self, trace: &TraceInfo, spans: Vec<FinishedSpan>);
}

/// The trace of one request. Cloning shares it.
#[derive(Clone)]
pub struct Trace(Arc<Inner>);

/// The part of a trace that work belongs to: its enclosing span.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) trace: Trace,
    pub(crate) span: SpanId,
}

struct Inner {
    info: TraceInfo,
    /// One moment by both clocks.
    began: (Instant, SystemTime),
    seed: u64,
    /// The number of span ids that were given out.
    numbers: AtomicU64,
    state: Mutex<State>,
    sink: Arc<dyn Sink>,
}

enum State {
    Open(Vec<FinishedSpan>),
    /// The request has ended, and its trace is recorded or not.
    Finished(bool),
}

impl Trace {
    /// Starts the trace of a request. The caller's decision about recording it is respected; without a caller's, `ratio` of all
    /// traces (0 to 1) is recorded.
    pub fn start(parent: Option<RemoteParent>, ratio: f64, sink: Arc<dyn Sink>) -> Self {
        let id = parent.as_ref().map_or_else(TraceId::random, |parent| parent.trace);
        let is_sampled = parent.as_ref().map_or_else(|| id.is_within(ratio), |parent| parent.is_sampled);
        let seed = id::random();
        Self(Arc::new(Inner {
            info: TraceInfo { id, root: SpanId::numbered(seed, 0), parent, is_sampled },
            began: (Instant::now(), SystemTime::now()),
            seed,
            numbers: AtomicU64::new(1),
            state: Mutex::new(State::Open(Vec::new())),
            sink,
        }))
    }

    /// The id of the trace.
    pub fn id(&self) -> TraceId {
        self.0.info.id
    }

    /// Whether the trace is recorded whatever its outcome is.
    pub fn is_sampled(&self) -> bool {
        self.0.info.is_sampled
    }

    /// For the work of the request, by [`scope`].
    pub fn context(&self) -> Context {
        Context { trace: self.clone(), span: self.0.info.root }
    }

    /// The span of the whole request, from [`Trace::start`] until it is dropped.
    pub fn root(&self, name: &'static str) -> Span {
        let parent = self.0.info.parent.as_ref().map_or(self.0.info.root, |parent| parent.span);
        Span {
            context: self.context(),
            parent,
            name,
            start: self.0.began.0,
            kind: SpanKind::Server,
            attributes: Vec::new(),
            error: None,
            has_ended: false,
        }
    }

    /// Ends the request: its spans, and those that still come, go to the sink if `is_kept`, else they are dropped.
    pub fn finish(&self, is_kept: bool) {
        let state = std::mem::replace(&mut *self.0.state.lock(), State::Finished(is_kept));
        if let State::Open(spans) = state
            && is_kept
        {
            self.0.sink.export(&self.0.info, spans);
        }
    }

    pub(crate) fn add(&self, span: FinishedSpan) {
        let mut state = self.0.state.lock();
        match &mut *state {
            State::Open(spans) if spans.len() < MAX_SPANS => spans.push(span),
            State::Open(_) | State::Finished(false) => {}
            State::Finished(true) => {
                drop(state);
                self.0.sink.export(&self.0.info, vec![span]);
            }
        }
    }

    /// A moment by the system clock, which is read once per trace, so that spans fit together if it is set meanwhile.
    pub(crate) fn at(&self, moment: Instant) -> SystemTime {
        let (instant, system) = self.0.began;
        match moment.checked_duration_since(instant) {
            Some(after) => system + after,
            None => system - instant.duration_since(moment),
        }
    }

    fn next_id(&self) -> SpanId {
        SpanId::numbered(self.0.seed, self.0.numbers.fetch_add(1, Relaxed))
    }
}

impl Debug for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.0.info.id).finish()
    }
}

impl Context {
    /// The id of the trace.
    pub fn trace_id(&self) -> TraceId {
        self.trace.id()
    }

    /// The id of the enclosing span.
    pub fn span_id(&self) -> SpanId {
        self.span
    }

    /// Whether the trace is recorded whatever its outcome is.
    pub fn is_sampled(&self) -> bool {
        self.trace.is_sampled()
    }

    /// The header `traceparent` of requests to other services.
    pub fn traceparent(&self) -> String {
        context::traceparent(self.trace.id(), self.span, self.trace.is_sampled())
    }

    /// The header `tracestate` of requests to other services; empty if there is none.
    pub fn tracestate(&self) -> &str {
        self.trace.0.info.parent.as_ref().map_or("", |parent| &parent.state)
    }

    /// The enclosing span as the parent of another trace object: for work that goes on after this request, and whose outcome
    /// decides by itself whether it is recorded.
    pub fn as_parent(&self) -> RemoteParent {
        let (trace, span, state) = (self.trace.id(), self.span, self.tracestate().to_owned());
        RemoteParent { trace, span, is_sampled: self.is_sampled(), state }
    }

    /// Opens a span within the enclosing one.
    pub fn start(&self, name: &'static str) -> Span {
        let span = self.trace.next_id();
        Span {
            context: Self { trace: self.trace.clone(), span },
            parent: self.span,
            name,
            start: Instant::now(),
            kind: SpanKind::Internal,
            attributes: Vec::new(),
            error: None,
            has_ended: false,
        }
    }

    /// Adds a span whose times are known.
    pub fn record(
        &self,
        name: &'static str,
        start: Instant,
        took: Duration,
        attributes: Vec<(&'static str, Value)>,
    ) {
        self.trace.add(FinishedSpan {
            id: self.trace.next_id(),
            parent: self.span,
            name,
            kind: SpanKind::Internal,
            start: self.trace.at(start),
            end: self.trace.at(start) + took,
            attributes,
            error: None,
        });
    }
}

/// The trace of this task; none if it has none.
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Opens a span within that of this task; none if the task has no trace.
pub fn start(name: &'static str) -> Option<Span> {
    CURRENT.try_with(|context| context.start(name)).ok()
}

/// Does `work` as a part of a trace, or without one. Needed where a task is spawned: it inherits nothing.
pub async fn scope<F: Future>(context: Option<Context>, work: F) -> F::Output {
    match context {
        Some(context) => CURRENT.scope(context, work).await,
        None => work.await,
    }
}

/// As [`scope`], for work that does not wait: on threads that have no tasks.
pub fn sync_scope<T>(context: Option<Context>, work: impl FnOnce() -> T) -> T {
    match context {
        Some(context) => CURRENT.sync_scope(context, work),
        None => work(),
    }
}

/// Does `work` in a span within that of this task.
pub async fn in_span<F: Future>(name: &'static str, work: F) -> F::Output {
    let span = start(name);
    scope(span.as_ref().map(Span::context), work).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InMemorySink;

    #[tokio::test]
    async fn spans_nest_and_end_at_the_end() {
        let sink = Arc::new(InMemorySink::default());
        let trace = Trace::start(None, 0.0, sink.clone());
        assert!(!trace.is_sampled());
        let root = trace.root("request");
        let inner = scope(Some(trace.context()), in_span("outer", in_span("inner", async { current() })));
        let inner = inner.await.unwrap();
        drop(root);
        assert!(sink.0.lock().is_empty());
        trace.finish(true);
        inner.start("late");
        let spans = sink.0.lock();
        let names: Vec<_> = spans.iter().map(|span| span.name).collect();
        assert_eq!(names, ["inner", "outer", "request", "late"]);
        assert_eq!((spans[0].parent, spans[1].parent), (spans[1].id, spans[2].id));
        assert_eq!((spans[3].parent, inner.span_id()), (spans[0].id, spans[0].id));
        assert!(spans.iter().all(|span| span.start <= span.end));
    }

    #[tokio::test]
    async fn what_is_not_kept_is_dropped() {
        let sink = Arc::new(InMemorySink::default());
        let trace = Trace::start(None, 1.0, sink.clone());
        let context = trace.context();
        context.start("early");
        trace.finish(false);
        context.start("late");
        assert!(sink.0.lock().is_empty());
        assert!(current().is_none() && start("x").is_none(), "no trace outside of a scope");
    }

    #[test]
    fn the_callers_decision_is_respected() {
        let parent = |flags: &str| {
            let header = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            RemoteParent::parse(&header, "a=b")
        };
        for (flags, ratio, expected) in [("01", 0.0, true), ("00", 1.0, false)] {
            let trace = Trace::start(parent(flags), ratio, Arc::new(InMemorySink::default()));
            assert_eq!(trace.is_sampled(), expected, "{flags}");
            let context = trace.context();
            let sent = RemoteParent::parse(&context.traceparent(), context.tracestate()).unwrap();
            assert_eq!((sent.trace, sent.is_sampled, &*sent.state), (trace.id(), expected, "a=b"));
            assert_eq!(sent.span, context.span_id());
        }
    }

    #[test]
    fn later_work_is_a_child_with_an_outcome_of_its_own() {
        let sink = Arc::new(InMemorySink::default());
        let request = Trace::start(None, 0.0, sink.clone());
        let root = request.root("request");
        let parent = sync_scope(Some(root.context()), || current().unwrap().as_parent());
        drop(root);
        request.finish(false);
        let later = Trace::start(Some(parent), 1.0, sink.clone());
        assert!(!later.is_sampled() && later.id() == request.id());
        drop(later.root("later").of_kind(SpanKind::Consumer));
        later.finish(true);
        let spans = sink.0.lock();
        assert_eq!(spans.iter().map(|span| span.name).collect::<Vec<_>>(), ["later"]);
        assert_eq!((spans[0].parent, spans[0].kind), (request.context().span_id(), SpanKind::Consumer));
        assert!(sync_scope(None, current).is_none());
    }

    #[test]
    fn the_number_of_spans_is_bounded() {
        let sink = Arc::new(InMemorySink::default());
        let trace = Trace::start(None, 1.0, sink.clone());
        (0..2 * MAX_SPANS).for_each(|_| drop(trace.context().start("x")));
        trace.finish(true);
        assert_eq!(sink.0.lock().len(), MAX_SPANS);
    }
}
