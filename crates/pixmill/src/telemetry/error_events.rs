//! Errors of this server as events for an error tracker: responses with 500, panics and lost render workers.
//!
//! Events name no address of a client or an upstream server, no local path and no secret of a query. Who sends them is a
//! [`Reporter`]; without one nothing is made.

use std::{panic, sync::OnceLock};

use super::current_request;

/// An error of this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorEvent {
    /// What happened: the same text for the same kind of error.
    pub title: String,
    /// Whether a process or a thread ended, and not a request only.
    pub is_fatal: bool,
    /// Details with few values, to search by.
    pub tags: Vec<(&'static str, String)>,
    /// Further details.
    pub details: Vec<(&'static str, String)>,
    /// The id of the request.
    pub request_id: Option<String>,
    /// The trace, and the span within it.
    pub trace: Option<(request_trace::TraceId, request_trace::SpanId)>,
}

/// Sends events.
pub trait Reporter: Send + Sync {
    /// Takes an event. Must not block.
    fn report(&self, event: ErrorEvent);

    /// Sends what waits. Blocks, for some seconds at most.
    fn close(&self);
}

static REPORTER: OnceLock<Box<dyn Reporter>> = OnceLock::new();

impl ErrorEvent {
    /// An event of the request that this task or thread works for.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            is_fatal: false,
            tags: Vec::new(),
            details: Vec::new(),
            request_id: current_request::current().map(|id| id.as_str().to_owned()),
            trace: request_trace::current().map(|trace| (trace.trace_id(), trace.span_id())),
        }
    }

    /// Says that a process or a thread ended.
    pub fn fatal(mut self) -> Self {
        self.is_fatal = true;
        self
    }

    /// Adds a detail with few values.
    pub fn tag(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.tags.push((name, value.into()));
        self
    }

    /// Adds a detail.
    pub fn detail(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.details.push((name, value.into()));
        self
    }
}

/// Makes this the reporter of the process, which also gets panics. The first one stays.
pub fn install(reporter: Box<dyn Reporter>) {
    if REPORTER.set(reporter).is_ok() {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            report(|| of_panic(info));
            previous(info);
        }));
    }
}

/// Reports an event, which is made only if there is a reporter.
pub fn report(make: impl FnOnce() -> ErrorEvent) {
    if let Some(reporter) = REPORTER.get() {
        reporter.report(make());
    }
}

/// Sends what waits, at the end of the process.
pub fn close() {
    if let Some(reporter) = REPORTER.get() {
        reporter.close();
    }
}

/// The event of a panic. Only fixed messages are kept: others may be made of what must not be sent, such as addresses.
fn of_panic(info: &panic::PanicHookInfo<'_>) -> ErrorEvent {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    let event = ErrorEvent::new(format!("panic at {place}")).fatal().tag("thread", thread);
    match info.payload().downcast_ref::<&'static str>() {
        Some(message) => event.detail("message", *message),
        None => event,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::telemetry::current_request::{RequestId, RequestScope};

    #[test]
    fn panics_are_events_without_values() {
        let found = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&found);
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| kept.lock().unwrap().push(of_panic(info))));
        RequestScope { id: RequestId::of("r-1"), trace: None }.sync_scope(|| {
            let host = String::from("10.0.0.7");
            let _ = panic::catch_unwind(|| panic!("a fixed message"));
            let _ = panic::catch_unwind(move || panic!("cannot reach {host}"));
        });
        panic::set_hook(previous);
        // tests beside this one may panic too
        let mine = |event: &&ErrorEvent| event.request_id.as_deref() == Some("r-1");
        let events: Vec<_> = found.lock().unwrap().iter().filter(mine).cloned().collect();
        assert_eq!(events.len(), 2, "{events:?}");
        assert!(events.iter().all(|event| event.is_fatal && event.title.contains("error_events.rs:")));
        assert_eq!(events[0].details, [("message", "a fixed message".to_owned())]);
        assert!(!format!("{:?}", events[1]).contains("10.0.0.7"));
    }
}
