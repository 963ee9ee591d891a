//! The access log and request counters: one event per request, when its response is ready or its client has disconnected.

use std::{
    borrow::Cow,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Instant,
};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::{
        Method, Uri,
        header::{HeaderMap, HeaderName, HeaderValue, REFERER, USER_AGENT},
    },
};
use image_api::{
    query::{Pair, RequestQuery},
    table::Scope,
};
use percent_encoding::percent_decode_str;
use request_trace::Context;
use tracing::{Level, enabled};

use super::{
    LogExport,
    access_line::{self, ACCESS, AccessFields},
    access_log,
    counters::{Counters, Route},
    current_request::RequestScope,
    error_events::{self, ErrorEvent},
};
use crate::model::cache_status::CacheStatus;

/// The status logged for a request whose client disconnected before the response, as in nginx.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The header to which each proxy appends the address of its client.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where a picture came from.
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");

/// The parameters of pictures whose values may contain URLs.
const OVERLAYS: [&str; 2] = ["layers", "mark"];

/// The details of an error response for the log. The text may name what clients must not see.
pub struct ErrorReport {
    /// The error code in the response.
    pub code: &'static str,
    /// The full error text.
    pub text: String,
    /// Whether it is logged as a warning.
    pub is_warning: bool,
    /// Whether it is an error of this server, which an error tracker is told.
    pub is_internal: bool,
}

/// The event of one request. Dropping it without [`AccessEntry::end`] logs that the client has disconnected.
pub struct AccessEntry<'a> {
    route: Route,
    id: &'a HeaderValue,
    /// What to log; none if the access log is off.
    line: Option<AccessLine>,
    counters: &'a Counters,
    /// Its trace; none if it is not traced.
    trace: Option<Context>,
    began: Instant,
    found: Option<CacheStatus>,
    status: u16,
    bytes: u64,
}

/// The request's part of a log line.
struct AccessLine {
    method: Method,
    uri: Uri,
    /// What is logged of the target, if it is known already.
    target: Option<Rc<LoggedTarget>>,
    client: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    referer: Option<HeaderValue>,
}

/// What the log says of a request target. Making it parses the query.
#[derive(Debug)]
pub struct LoggedTarget {
    path: String,
    /// None if it is too long to be parsed.
    query: Option<String>,
}

impl LoggedTarget {
    /// The target of a request, with secrets masked.
    pub fn new(uri: &Uri) -> Self {
        let query = RequestQuery::parse(uri.query().unwrap_or_default());
        Self { path: redacted_path(uri.path()), query: query.ok().map(|query| redacted_query(&query)) }
    }

    /// The path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, empty if there is none; none if it is too long to be parsed.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }
}

impl<'a> AccessEntry<'a> {
    /// Starts the event of a request.
    pub fn begin(
        request: &HttpRequest,
        id: &'a HeaderValue,
        route: Route,
        counters: &'a Counters,
        trusted_proxies: usize,
        trace: Option<Context>,
    ) -> Self {
        let line = enabled!(target: ACCESS, Level::INFO).then(|| {
            let headers = request.headers();
            let peer = request.peer_addr().map(|address| address.ip());
            AccessLine {
                method: request.method().clone(),
                uri: request.uri().clone(),
                target: None,
                client: forwarded_for(headers, trusted_proxies).or(peer),
                user_agent: headers.get(USER_AGENT).cloned(),
                referer: headers.get(REFERER).cloned(),
            }
        });
        let (began, found, status, bytes) = (Instant::now(), None, CLIENT_CLOSED_REQUEST, 0);
        Self { route, id, line, counters, trace, began, found, status, bytes }
    }

    /// Ends the event: the response is ready to be sent. `target` is what the log says of the request target, if that was made
    /// before; it is called only if the request is logged.
    /// Returns where its picture came from.
    pub fn end(
        mut self,
        response: &HttpResponse,
        target: impl FnOnce() -> Option<Rc<LoggedTarget>>,
    ) -> Option<CacheStatus> {
        if let Some(line) = &mut self.line {
            line.target = target();
        }
        self.found = response.headers().get(X_CACHE).and_then(|name| CacheStatus::of_name(name.as_bytes()));
        self.status = response.status().as_u16();
        if let BodySize::Sized(bytes) = response.body().size() {
            self.bytes = bytes;
        }
        let extensions = response.extensions();
        let Some(ErrorReport { code, text, is_warning, is_internal }) = extensions.get() else {
            return self.found;
        };
        self.counters.failures.add(code);
        let scope = RequestScope { id: Some(self.id.clone().into()), trace: self.trace.clone() };
        scope.sync_scope(|| {
            if *is_warning {
                tracing::warn!(error = text, "request failed");
            } else {
                tracing::debug!(error = text, "request failed");
            }
            if *is_internal {
                error_events::report(|| self.event(code));
            }
        });
        self.found
    }
}

impl AccessEntry<'_> {
    /// The event of a response with 500.
    fn event(&self, code: &'static str) -> ErrorEvent {
        let event = ErrorEvent::new(format!("500 {code}")).tag("code", code).tag("route", self.route.name());
        let Some(line) = &self.line else { return event };
        let target = LoggedTarget::new(&line.uri);
        let event = event.tag("method", line.method.as_str());
        let event = event.detail("query", target.query.unwrap_or_default());
        // a URL in place of a path names another server
        if names_server(&target.path) { event } else { event.detail("path", target.path) }
    }
}

impl Drop for AccessEntry<'_> {
    fn drop(&mut self) {
        self.counters.request_completed(
            self.route,
            self.status,
            self.found,
            self.bytes,
            self.began.elapsed(),
        );
        if let Some(line) = &self.line {
            self.log(line);
        }
    }
}

impl AccessEntry<'_> {
    fn log(&self, line: &AccessLine) {
        let made = line.target.is_none().then(|| LoggedTarget::new(&line.uri));
        let Some(target) = line.target.as_deref().or(made.as_ref()) else { return };
        let (user_agent, referer) = (line.user_agent.as_ref().map(text), line.referer.as_ref().map(text));
        let trace_id = self.trace.as_ref().map(|trace| trace.trace_id().to_string());
        let fields = AccessFields {
            method: line.method.as_str(),
            path: &target.path,
            query: target.query.as_deref(),
            status: self.status,
            bytes: self.bytes,
            elapsed_ms: self.began.elapsed().as_micros() as f64 / 1e3,
            cache: self.found.map(CacheStatus::name),
            request_id: self.id.to_str().unwrap_or_default(),
            client: line.client,
            user_agent: user_agent.as_deref(),
            referer: referer.as_deref().map(redacted_referer),
            trace_id: trace_id.as_deref(),
        };
        match access_log::structured_queue() {
            Some((queue, layout)) => access_line::write(&fields, layout, queue),
            None => emit(&fields),
        }
        if let Some(export) = LogExport::current() {
            export.access_line(&fields, self.trace.as_ref());
        }
    }
}

/// Logs the line as an event: as text for people, or where no access log was started.
fn emit(fields: &AccessFields<'_>) {
    let AccessFields { method, path, query, status, bytes, elapsed_ms, cache, request_id, .. } = *fields;
    tracing::info!(
        target: ACCESS,
        method,
        path,
        query,
        status,
        bytes,
        elapsed_ms,
        cache,
        request_id,
        client = fields.client.map(tracing::field::display),
        user_agent = fields.user_agent,
        referer = fields.referer,
        trace_id = fields.trace_id,
    );
}

/// The client address that the outermost of this many trusted proxies saw; none without trusted proxies, or if the header has no
/// valid address there.
fn forwarded_for(headers: &HeaderMap, trusted_proxies: usize) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    // each proxy appends, so that addresses forged by the client come first
    let addresses: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let first = trusted_proxies.checked_sub(1)?.min(addresses.len().checked_sub(1)?);
    parse_address(addresses[addresses.len() - 1 - first])
}

/// Parses an address with or without a port.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare =
        text.strip_prefix('[').and_then(|text| text.split_once(']')).map_or(text, |(address, _)| address);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// The value of a header, with invalid UTF-8 replaced.
fn text(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// The referring page without its query, which may contain secrets of its site.
fn redacted_referer(referer: &str) -> &str {
    referer.split(['?', '#']).next().unwrap_or_default()
}

/// The query, with the values of unknown parameters masked: they may be secrets.
fn redacted_query(query: &RequestQuery) -> String {
    let mut redacted = String::new();
    for pair in query.pairs() {
        if !redacted.is_empty() {
            redacted.push('&');
        }
        redacted.extend([pair.name.as_str(), "=", if is_public(pair) { &pair.value } else { "***" }]);
    }
    redacted
}

/// Whether a value may be logged: it is a picture parameter that contains no URL with a host.
fn is_public(Pair { row, value, base64, .. }: &Pair) -> bool {
    let Some(row) = row.filter(|row| matches!(row.scope, Scope::Picture(_))) else { return false };
    !OVERLAYS.contains(&row.spec.name) || !(*base64 || may_name_host(value))
}

/// Whether the value of an overlay parameter may contain a URL with a host, also in JSON escapes.
fn may_name_host(value: &str) -> bool {
    value.contains("//") || value.contains('\\')
}

/// The path. Of a URL in place of a path the query is masked, and all of it if it may contain a password.
fn redacted_path(path: &str) -> String {
    if !names_server(path) {
        return path.to_owned();
    }
    if percent_decode_str(path).decode_utf8_lossy().contains('@') {
        return "/***".to_owned();
    }
    match path.to_ascii_lowercase().find("%3f") {
        Some(end) => format!("{}***", &path[..end]),
        None => path.to_owned(),
    }
}

/// Whether a path is a URL of another server.
fn names_server(path: &str) -> bool {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let url = decoded.trim_start_matches('/').to_ascii_lowercase();
    ["http:/", "https:/"].iter().any(|scheme| url.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::{
        super::{access_log::AccessLog, layout::Layout, logs},
        *,
    };

    /// An output in memory.
    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Output {
        /// The names of all fields in their order, and all values but the time.
        fn parsed(&self) -> (Vec<String>, serde_json::Value) {
            let text = String::from_utf8(self.0.lock().clone()).unwrap();
            let mut names: Vec<_> =
                text.split(['{', ',']).filter_map(|part| part.split_once("\":")).collect();
            let names = names.drain(..).map(|(name, _)| name.trim_matches('"').to_owned()).collect();
            let mut values: serde_json::Value = serde_json::from_str(&text).unwrap();
            let time = values["timestamp"].take();
            assert!(time.as_str().unwrap().starts_with("20") && text.ends_with("}\n"), "{text}");
            (names, values)
        }
    }

    #[test]
    fn a_line_is_what_the_event_would_be() {
        let all = AccessFields {
            path: "/a\"\u{e9}.jpg",
            query: Some("width=3&token=***"),
            user_agent: Some("x\t"),
            ..access_line::tests::fields()
        };
        let few = AccessFields {
            query: None,
            cache: None,
            client: None,
            user_agent: None,
            referer: None,
            trace_id: None,
            elapsed_ms: 2.0,
            ..all.clone()
        };
        for fields in [all, few] {
            let (event, line) = (Output::default(), Output::default());
            logs::tests::with_json(event.clone(), || emit(&fields));
            let log = AccessLog::start(line.clone()).unwrap();
            access_line::write(&fields, Layout::Json, log.queue());
            log.close();
            assert_eq!(line.parsed(), event.parsed());
        }
    }

    fn redacted(query: &str) -> String {
        redacted_query(&RequestQuery::parse(query).unwrap())
    }

    #[test]
    fn client_addresses_come_from_trusted_proxies_only() {
        for (values, trusted, expected) in [
            (&["203.0.113.7"][..], 0, None),
            (&["203.0.113.7"], 1, Some("203.0.113.7")),
            (&["6.6.6.6, 203.0.113.7"], 1, Some("203.0.113.7")),
            (&["6.6.6.6, 203.0.113.7", "10.0.0.1"], 2, Some("203.0.113.7")),
            (&["6.6.6.6,203.0.113.7 ,10.0.0.1"], 3, Some("6.6.6.6")),
            // a request that bypassed one proxy
            (&["203.0.113.7"], 2, Some("203.0.113.7")),
            (&["203.0.113.7:4711"], 1, Some("203.0.113.7")),
            (&["[2001:db8::7]:4711"], 1, Some("2001:db8::7")),
            (&["2001:db8::7"], 1, Some("2001:db8::7")),
            (&["unknown"], 1, None),
            (&[""], 1, None),
            (&[], 1, None),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
            }
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(forwarded_for(&headers, trusted), expected, "{values:?} {trusted}");
        }
    }

    #[test]
    fn queries_of_referers_are_removed() {
        for (referer, expected) in [
            ("https://site.example/page?token=hunter2", "https://site.example/page"),
            ("https://site.example/#hunter2", "https://site.example/"),
            ("", ""),
        ] {
            assert_eq!(redacted_referer(referer), expected);
        }
    }

    #[test]
    fn values_of_unknown_parameters_are_masked() {
        assert_eq!(redacted("width=300&token=hunter2&crop64=Zml0"), "width=300&token=***&crop64=Zml0");
        assert_eq!(redacted("pad_color=%23fff&flip"), "pad_color=#fff&flip=");
        assert_eq!(redacted(""), "");
    }

    #[test]
    fn secrets_in_urls_are_masked() {
        assert_eq!(redacted("mark=/logo.png?width=5"), "mark=/logo.png?width=5");
        for query in [
            "mark=http://a.example/x.png?token=hunter2",
            "mark=//u:hunter2@a.example/x",
            "mark64=aHVudGVyMg",
            "layers=[{%22url%22:%22http:%5C/%5C/a.example/x?hunter2%22}]",
        ] {
            assert!(redacted(query).ends_with("=***"), "{}", redacted(query));
        }
        for (path, expected) in [
            ("/logo@2x.png", "/logo@2x.png"),
            ("/what%3F.png", "/what%3F.png"),
            ("/http%3A%2F%2Fa.example%2Fx.png%3Ftoken=hunter2", "/http%3A%2F%2Fa.example%2Fx.png***"),
            ("//%48ttps:/a.example/x%3fhunter2", "//%48ttps:/a.example/x***"),
            ("/http://u:hunter2%40a.example/x", "/***"),
        ] {
            assert_eq!(redacted_path(path), expected);
        }
    }
}
