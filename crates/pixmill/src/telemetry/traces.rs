//! The trace of each request: started by the middleware, ended with the response. Who exports it is a [`Sink`].

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::{
    HttpRequest,
    http::{
        Method, Uri,
        header::{HeaderMap, HeaderName},
    },
};
use request_trace::{Context, RemoteParent, Sink, Span, SpanKind, Trace};

use super::{access::LoggedTarget, counters::Route};
use crate::model::cache_status::CacheStatus;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// The status recorded for a request whose client disconnected before the response, as in the access log.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// Starts traces of requests.
pub struct Tracer {
    /// Where they go.
    pub sink: Arc<dyn Sink>,
    /// The part of requests that are traced if their client has not decided, 0 to 1.
    pub ratio: f64,
}

/// The trace of a request that is being served. Dropping it without [`RequestTrace::end`] records that the client has
/// disconnected.
pub struct RequestTrace {
    trace: Trace,
    root: Span,
    method: Method,
    uri: Uri,
    status: u16,
}

impl Tracer {
    /// Starts the trace of a request; none for probes and for pages of operators, but purges.
    pub fn begin(&self, request: &HttpRequest, route: Route) -> Option<RequestTrace> {
        let is_purge = route == Route::Admin && *request.method() == Method::DELETE;
        let is_traced = is_purge || matches!(route, Route::Image | Route::Job);
        let trace =
            is_traced.then(|| Trace::start(parent(request.headers()), self.ratio, self.sink.clone()))?;
        let root = trace.root(name(request.method(), route));
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Some(RequestTrace { trace, root, method, uri, status: CLIENT_CLOSED_REQUEST })
    }
}

impl Tracer {
    /// Starts the part of a trace that belongs to an asynchronous job: `span` is that of the request that queued it. It is
    /// recorded if that is, or if the job fails.
    pub fn begin_job(&self, span: RemoteParent) -> JobTrace {
        let trace = Trace::start(Some(span), self.ratio, self.sink.clone());
        let root = trace.root("async job").of_kind(SpanKind::Consumer);
        JobTrace { trace, root }
    }
}

/// The part of a trace that belongs to an asynchronous job.
pub struct JobTrace {
    trace: Trace,
    root: Span,
}

impl JobTrace {
    /// For the work of the job.
    pub fn context(&self) -> Context {
        self.trace.context()
    }

    /// Ends it. `failure` is why the job failed, and whether that is a fault of the server or the origin.
    pub fn end(mut self, id: &str, request_id: Option<String>, failure: Option<(String, bool)>) {
        self.root.set("pixmill.job", id.to_owned());
        if let Some(id) = request_id {
            self.root.set("pixmill.request_id", id);
        }
        let is_fault = failure.as_ref().is_some_and(|(_, is_fault)| *is_fault);
        if let Some((error, _)) = failure {
            self.root.fail(error);
        }
        self.root.end();
        self.trace.finish(self.trace.is_sampled() || is_fault);
    }
}

impl RequestTrace {
    /// For the work of the request.
    pub fn context(&self) -> Context {
        self.trace.context()
    }

    /// Ends the trace: the response is ready to be sent.
    pub fn end(mut self, status: u16, cache: Option<CacheStatus>, request_id: &str) {
        self.status = status;
        if let Some(cache) = cache {
            self.root.set("pixmill.cache", cache.name());
        }
        self.root.set("pixmill.request_id", request_id.to_owned());
    }
}

impl Drop for RequestTrace {
    fn drop(&mut self) {
        let Self { trace, root, method, uri, status } = self;
        let is_kept = trace.is_sampled() || *status >= 500;
        if is_kept {
            let target = LoggedTarget::new(uri);
            root.set("http.request.method", method.as_str().to_owned());
            root.set("url.path", target.path().to_owned());
            if let Some(query) = target.query() {
                root.set("url.query", query.to_owned());
            }
            root.set("http.response.status_code", i64::from(*status));
            if *status >= 500 {
                root.fail(format!("status {status}"));
            }
        }
        root.end();
        trace.finish(is_kept);
    }
}

/// Records the stages of a render that has just ended: waiting in the queue since `started`, then decoding, processing and
/// encoding. Their order is known, and how long each took; what is left of the time lies between the first and the second.
pub fn record_render(started: Instant, waited: Duration, [decode, process, encode]: [Duration; 3]) {
    let Some(context) = request_trace::current() else { return };
    let ended = Instant::now();
    context.record("queue", started, waited, Vec::new());
    let rendering = ended.checked_sub(decode + process + encode).unwrap_or(started);
    context.record("decode", rendering, decode, Vec::new());
    context.record("process", rendering + decode, process, Vec::new());
    context.record("encode", rendering + decode + process, encode, Vec::new());
}

/// The span of the client, if it sent one.
fn parent(headers: &HeaderMap) -> Option<RemoteParent> {
    // more than one is invalid
    let mut parents = headers.get_all(TRACEPARENT);
    let parent = parents.next().filter(|_| parents.next().is_none())?;
    let states: Vec<_> = headers.get_all(TRACESTATE).filter_map(|state| state.to_str().ok()).collect();
    RemoteParent::parse(parent.to_str().ok()?, &states.join(","))
}

/// The name of the root span.
fn name(method: &Method, route: Route) -> &'static str {
    match (method, route) {
        (&Method::GET, Route::Image) => "GET image",
        (&Method::HEAD, Route::Image) => "HEAD image",
        (&Method::POST, _) => "POST image",
        (&Method::DELETE, Route::Admin) => "DELETE purge",
        (&Method::GET, _) => "GET job",
        _ => "HTTP",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{http::header::HeaderValue, test::TestRequest};
    use request_trace::{InMemorySink, Value};

    use super::*;

    #[test]
    fn errors_and_sampled_requests_are_kept() {
        let request = TestRequest::with_uri("/a.jpg?width=3&token=hunter2").to_http_request();
        for (ratio, status, kept) in
            [(0.0, 200, 0), (0.0, 404, 0), (0.0, 500, 1), (0.0, 504, 1), (1.0, 200, 1)]
        {
            let sink = Arc::new(InMemorySink::default());
            let tracer = Tracer { sink: sink.clone(), ratio };
            tracer.begin(&request, Route::Image).unwrap().end(status, None, "1");
            let spans = sink.0.lock();
            assert_eq!(spans.len(), kept, "{ratio} {status}");
            assert!(spans.iter().all(|span| span.error.is_some() == (status >= 500)));
            assert!(!format!("{spans:?}").contains("hunter2"), "{spans:?}");
        }
    }

    #[test]
    fn a_client_that_left_is_recorded() {
        let sink = Arc::new(InMemorySink::default());
        let tracer = Tracer { sink: sink.clone(), ratio: 1.0 };
        let request = TestRequest::default().to_http_request();
        drop(tracer.begin(&request, Route::Image));
        assert!(sink.0.lock()[0].attributes.contains(&("http.response.status_code", Value::Number(499))));
        assert!(
            tracer.begin(&request, Route::Health).is_none() && tracer.begin(&request, Route::Admin).is_none()
        );
    }

    #[test]
    fn purges_are_traced_and_failed_jobs_kept() {
        let sink = Arc::new(InMemorySink::default());
        let tracer = Tracer { sink: sink.clone(), ratio: 1.0 };
        let request = TestRequest::delete().uri("/a.jpg").to_http_request();
        tracer.begin(&request, Route::Admin).unwrap().end(200, None, "1");
        assert_eq!(sink.0.lock().pop().unwrap().name, "DELETE purge");
        for (is_sampled, failure, kept) in [
            (true, None, 1),
            (false, None, 0),
            (false, Some(("unknown parameter", false)), 0),
            (false, Some(("origin failed", true)), 1),
        ] {
            let header =
                format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0{}", u8::from(is_sampled));
            let job = tracer.begin_job(RemoteParent::parse(&header, "").unwrap());
            job.end("7", Some("1".to_owned()), failure.map(|(text, is_fault)| (text.to_owned(), is_fault)));
            let spans: Vec<_> = sink.0.lock().drain(..).collect();
            assert_eq!(spans.len(), kept, "{is_sampled} {failure:?}");
            assert!(spans.iter().all(|span| span.kind == SpanKind::Consumer));
        }
    }

    #[test]
    fn parents_are_read_from_headers() {
        let value = HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, value.clone());
        headers.append(TRACESTATE, HeaderValue::from_static("a=1"));
        headers.append(TRACESTATE, HeaderValue::from_static("b=2"));
        assert_eq!(parent(&headers).unwrap().state, "a=1,b=2");
        headers.append(TRACEPARENT, value);
        assert_eq!(parent(&headers), None, "two parents");
    }

    #[test]
    fn stages_of_a_render_follow_each_other() {
        let sink = Arc::new(InMemorySink::default());
        let trace = Trace::start(None, 1.0, sink.clone());
        let part = Duration::from_millis(1);
        let started = Instant::now().checked_sub(10 * part).unwrap();
        let work =
            request_trace::scope(Some(trace.context()), async { record_render(started, part, [part; 3]) });
        futures_util::FutureExt::now_or_never(work).unwrap();
        trace.finish(true);
        let spans = sink.0.lock();
        let names: Vec<_> = spans.iter().map(|span| span.name).collect();
        assert_eq!(names, ["queue", "decode", "process", "encode"]);
        assert!(spans.windows(2).all(|pair| pair[0].end <= pair[1].start), "{spans:?}");
    }
}
