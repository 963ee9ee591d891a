//! The access log: one event a request, counted too, written when its answer is ready or when the client has gone.

use std::{
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
use tracing::{Level, enabled};

use super::{
    counters::{Counters, Route},
    logs::ACCESS,
};
use crate::model::cache_status::CacheStatus;

/// What the log calls the status of a request whose client left before the answer, after nginx.
const CLIENT_LEFT: u16 = 499;

/// The header to which each proxy adds the address of whoever asked it.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The parameters whose values may be URLs of other hosts.
const OVERLAYS: [&str; 2] = ["layers", "mark"];

/// What an error response carries to the log. The text names what no client is told.
pub struct ErrorReport {
    /// The code in the response.
    pub code: &'static str,
    /// The error in full.
    pub text: String,
    /// Whether an operator should hear of it.
    pub is_warning: bool,
}

/// The event of one request. Dropping it unended logs that the client has gone.
pub struct AccessEntry<'a> {
    route: Route,
    id: &'a HeaderValue,
    /// What is written, if anything is.
    line: Option<Box<AccessLine>>,
    counters: &'a Counters,
    began: Instant,
    found: Option<CacheStatus>,
    status: u16,
    bytes: u64,
}

/// What the log tells of a request.
struct AccessLine {
    method: Method,
    uri: Uri,
    query: Option<Rc<RequestQuery>>,
    client: Option<IpAddr>,
    user_agent: Option<HeaderValue>,
    referer: Option<HeaderValue>,
}

impl<'a> AccessEntry<'a> {
    /// The request has come. Its query is only asked for when there is a log.
    pub fn begin(
        request: &HttpRequest,
        id: &'a HeaderValue,
        route: Route,
        counters: &'a Counters,
        trusted_proxies: usize,
        query: impl FnOnce() -> Option<Rc<RequestQuery>>,
    ) -> Self {
        let line = enabled!(target: ACCESS, Level::INFO).then(|| {
            let headers = request.headers();
            let peer = request.peer_addr().map(|address| address.ip());
            Box::new(AccessLine {
                method: request.method().clone(),
                uri: request.uri().clone(),
                query: query(),
                client: forwarded_for(headers, trusted_proxies).or(peer),
                user_agent: headers.get(USER_AGENT).cloned(),
                referer: headers.get(REFERER).cloned(),
            })
        });
        let (began, found, status, bytes) = (Instant::now(), None, CLIENT_LEFT, 0);
        Self { route, id, line, counters, began, found, status, bytes }
    }

    /// The response is ready to be written.
    pub fn end(mut self, response: &HttpResponse) {
        self.status = response.status().as_u16();
        if let BodySize::Sized(bytes) = response.body().size() {
            self.bytes = bytes;
        }
        let extensions = response.extensions();
        self.found = extensions.get().copied();
        let Some(ErrorReport { code, text, is_warning }) = extensions.get() else { return };
        self.counters.failures.add(code);
        let id = self.id.to_str().unwrap_or_default();
        if *is_warning {
            tracing::warn!(request_id = id, error = text, "a request failed");
        } else {
            tracing::debug!(request_id = id, error = text, "a request failed");
        }
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
        let Some(line) = &self.line else { return };
        tracing::info!(
            target: ACCESS,
            method = line.method.as_str(),
            path = redacted_path(line.uri.path()),
            query = line.query.as_deref().map(redacted_query),
            status = self.status,
            bytes = self.bytes,
            elapsed_ms = self.began.elapsed().as_micros() as f64 / 1e3,
            cache = self.found.map(CacheStatus::name),
            request_id = self.id.to_str().unwrap_or_default(),
            client = line.client.map(tracing::field::display),
            user_agent = line.user_agent.as_ref().map(text),
            referer = line.referer.as_ref().map(text).as_deref().map(redacted_referer),
        );
    }
}

/// Who asked the first of so many proxies, as they say; none if nothing is trusted, or if what stands there is no address.
fn forwarded_for(headers: &HeaderMap, trusted_proxies: usize) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED_FOR).filter_map(|value| value.to_str().ok());
    // each proxy adds to the end, so that what a client makes up stands before
    let addresses: Vec<_> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    let first = trusted_proxies.checked_sub(1)?.min(addresses.len().checked_sub(1)?);
    address(addresses[addresses.len() - 1 - first])
}

/// An address, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare =
        text.strip_prefix('[').and_then(|text| text.split_once(']')).map_or(text, |(address, _)| address);
    bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()))
}

/// What a client sent, as far as it is text.
fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The page on which the picture stands, without its query: that is the site's business.
fn redacted_referer(referer: &str) -> &str {
    referer.split(['?', '#']).next().unwrap_or_default()
}

/// The query with the values of parameters of pictures: what others put in may be a secret.
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

/// Whether a value may be logged: it says how a picture is to look, and names no other host.
fn is_public(Pair { row, value, base64, .. }: &Pair) -> bool {
    let Some(row) = row.filter(|row| matches!(row.scope, Scope::Picture(_))) else { return false };
    !OVERLAYS.contains(&row.spec.name) || !(*base64 || may_name_host(value))
}

/// Whether there may be a whole URL in what an overlay's parameter says, however JSON spells it.
fn may_name_host(value: &str) -> bool {
    value.contains("//") || value.contains('\\')
}

/// The path; a whole URL in its place without its query, and not at all if it may hold a password.
fn redacted_path(path: &str) -> String {
    let decoded = percent_decode_str(path).decode_utf8_lossy();
    let url = decoded.trim_start_matches('/').to_ascii_lowercase();
    if !["http:/", "https:/"].iter().any(|scheme| url.starts_with(scheme)) {
        return path.to_owned();
    }
    if url.contains('@') {
        return "/***".to_owned();
    }
    match path.to_ascii_lowercase().find("%3f") {
        Some(end) => format!("{}***", &path[..end]),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(query: &str) -> String {
        redacted_query(&RequestQuery::parse(query).unwrap())
    }

    #[test]
    fn clients_are_told_by_trusted_proxies_alone() {
        for (values, trusted, expected) in [
            (&["203.0.113.7"][..], 0, None),
            (&["203.0.113.7"], 1, Some("203.0.113.7")),
            (&["6.6.6.6, 203.0.113.7"], 1, Some("203.0.113.7")),
            (&["6.6.6.6, 203.0.113.7", "10.0.0.1"], 2, Some("203.0.113.7")),
            (&["6.6.6.6,203.0.113.7 ,10.0.0.1"], 3, Some("6.6.6.6")),
            // one proxy was passed by
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
    fn referers_are_shown_without_their_query() {
        for (referer, expected) in [
            ("https://site.example/page?token=hunter2", "https://site.example/page"),
            ("https://site.example/#hunter2", "https://site.example/"),
            ("", ""),
        ] {
            assert_eq!(redacted_referer(referer), expected);
        }
    }

    #[test]
    fn values_of_others_are_not_shown() {
        assert_eq!(redacted("width=300&token=hunter2&crop64=Zml0"), "width=300&token=***&crop64=Zml0");
        assert_eq!(redacted("pad_color=%23fff&flip"), "pad_color=#fff&flip=");
        assert_eq!(redacted(""), "");
    }

    #[test]
    fn urls_are_shown_without_what_may_be_secret() {
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
