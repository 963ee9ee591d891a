//! The access log: one event a request, counted too, written when its answer is ready or when the client has gone.

use std::time::Instant;

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::header::HeaderValue,
};
use percent_encoding::percent_decode_str;
use tracing::{Level, enabled};
use url::form_urlencoded;
use vips_ops::params::lookup;

use super::{counters::Counters, logs::ACCESS};
use crate::{failure::Failure, service::Found};

/// What the log calls the status of a request whose client left before the answer, after nginx.
const CLIENT_LEFT: u16 = 499;

/// The parameters whose values may be URLs of other hosts.
const OVERLAYS: [&str; 2] = ["layers", "mark"];

/// The event of one request. Dropping it unended logs that the client has gone.
pub struct Entry<'a> {
    request: &'a HttpRequest,
    id: &'a HeaderValue,
    counters: &'a Counters,
    began: Instant,
    found: Option<Found>,
    status: u16,
    bytes: u64,
}

impl<'a> Entry<'a> {
    /// The request has come.
    pub fn begin(request: &'a HttpRequest, id: &'a HeaderValue, counters: &'a Counters) -> Self {
        Self { request, id, counters, began: Instant::now(), found: None, status: CLIENT_LEFT, bytes: 0 }
    }

    /// There is an answer.
    pub fn found(&mut self, found: Found) {
        self.found = Some(found);
    }

    /// There is none. The text names what no client is told.
    pub fn failed(&self, failure: &Failure) {
        let id = self.id.to_str().unwrap_or_default();
        if failure.excuses_stale() {
            tracing::warn!(request_id = id, error = %failure, "a request failed");
        } else {
            tracing::debug!(request_id = id, error = %failure, "a request failed");
        }
    }

    /// The answer is ready to be written.
    pub fn end(mut self, response: &HttpResponse) {
        self.status = response.status().as_u16();
        if let BodySize::Sized(bytes) = response.body().size() {
            self.bytes = bytes;
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.counters.answered(self.status, self.found, self.bytes, self.began.elapsed());
        if !enabled!(target: ACCESS, Level::INFO) {
            return;
        }
        let request = self.request;
        tracing::info!(
            target: ACCESS,
            method = request.method().as_str(),
            path = shown_path(request.uri().path()),
            query = shown(request.query_string()),
            status = self.status,
            bytes = self.bytes,
            elapsed_ms = self.began.elapsed().as_micros() as f64 / 1e3,
            cache = self.found.map(Found::name),
            request_id = self.id.to_str().unwrap_or_default(),
            remote = request.peer_addr().map(|address| tracing::field::display(address.ip())),
        );
    }
}

/// The query with the values of parameters that are ours: what others put in may be a secret.
fn shown(query: &str) -> String {
    let mut shown = String::with_capacity(query.len());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !shown.is_empty() {
            shown.push('&');
        }
        shown.push_str(&name);
        let plain = name.strip_suffix("64").unwrap_or(&name);
        let ours = lookup(plain)
            .is_some_and(|spec| !(OVERLAYS.contains(&spec.name) && (plain != name || may_name_host(&value))));
        shown.push('=');
        shown.push_str(if ours { &value } else { "***" });
    }
    shown
}

/// Whether there may be a whole URL in what an overlay's parameter says, however JSON spells it.
fn may_name_host(value: &str) -> bool {
    value.contains("//") || value.contains('\\')
}

/// The path; a whole URL in its place without its query, and not at all if it may hold a password.
fn shown_path(path: &str) -> String {
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

    #[test]
    fn values_of_others_are_not_shown() {
        assert_eq!(shown("width=300&token=hunter2&crop64=Zml0"), "width=300&token=***&crop64=Zml0");
        assert_eq!(shown("pad_color=%23fff&flip"), "pad_color=#fff&flip=");
        assert_eq!(shown(""), "");
    }

    #[test]
    fn urls_are_shown_without_what_may_be_secret() {
        assert_eq!(shown("mark=/logo.png?width=5"), "mark=/logo.png?width=5");
        for query in [
            "mark=http://a.example/x.png?token=hunter2",
            "mark=//u:hunter2@a.example/x",
            "mark64=aHVudGVyMg",
            "layers=[{%22url%22:%22http:%5C/%5C/a.example/x?hunter2%22}]",
        ] {
            assert!(shown(query).ends_with("=***"), "{}", shown(query));
        }
        for (path, expected) in [
            ("/logo@2x.png", "/logo@2x.png"),
            ("/what%3F.png", "/what%3F.png"),
            ("/http%3A%2F%2Fa.example%2Fx.png%3Ftoken=hunter2", "/http%3A%2F%2Fa.example%2Fx.png***"),
            ("//%48ttps:/a.example/x%3fhunter2", "//%48ttps:/a.example/x***"),
            ("/http://u:hunter2%40a.example/x", "/***"),
        ] {
            assert_eq!(shown_path(path), expected);
        }
    }
}
