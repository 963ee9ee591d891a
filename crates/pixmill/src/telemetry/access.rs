//! The access log: one event a request, counted too, written when its answer is ready or when the client has gone.

use std::time::Instant;

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodySize, MessageBody},
    http::header::HeaderValue,
};
use tracing::{Level, enabled};
use url::form_urlencoded;
use vips_ops::params::lookup;

use super::{counters::Counters, logs::ACCESS};
use crate::{failure::Failure, service::Found};

/// What the log calls the status of a request whose client left before the answer, after nginx.
const CLIENT_LEFT: u16 = 499;

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
            path = request.uri().path(),
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
        let ours = lookup(name.strip_suffix("64").unwrap_or(&name)).is_some();
        shown.push('=');
        shown.push_str(if ours { &value } else { "***" });
    }
    shown
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
}
