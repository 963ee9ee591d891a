//! A line of the access log, in each structured format: as the event would be written, at a fraction of its cost.

use std::{cell::RefCell, io::Write, net::IpAddr};

use serde::Serialize;
use tracing::Level;

use super::{
    access_log::LineQueue,
    layout::{ECS_VERSION, Layout, Now},
    logfmt,
};

/// The target of the access log.
pub const ACCESS: &str = "access";

/// The fields of a line, in the order in which they are written.
#[derive(Debug, Clone, Serialize)]
pub struct AccessFields<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without secrets.
    pub path: &'a str,
    /// The query, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<&'a str>,
    /// The status of the response.
    pub status: u16,
    /// The length of its body.
    pub bytes: u64,
    /// The time that it took, in milliseconds.
    pub elapsed_ms: f64,
    /// Where its picture came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<&'a str>,
    /// The id of the request.
    pub request_id: &'a str,
    /// The address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The client program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'a str>,
    /// The page that refers to the picture, without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referer: Option<&'a str>,
    /// The id of its trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<&'a str>,
}

/// The whole line in JSON.
#[derive(Serialize)]
struct JsonLine<'a> {
    timestamp: Now,
    level: &'static str,
    #[serde(flatten)]
    fields: &'a AccessFields<'a>,
    target: &'static str,
}

/// The whole line in ECS (<https://www.elastic.co/docs/reference/ecs>), with dotted names.
#[derive(Serialize)]
struct EcsLine<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: Now,
    #[serde(rename = "log.level")]
    level: &'static str,
    message: String,
    #[serde(rename = "ecs.version")]
    version: &'static str,
    #[serde(rename = "log.logger")]
    logger: &'static str,
    #[serde(rename = "http.request.method")]
    method: &'a str,
    #[serde(rename = "url.path")]
    path: &'a str,
    #[serde(rename = "url.query", skip_serializing_if = "Option::is_none")]
    query: Option<&'a str>,
    #[serde(rename = "http.response.status_code")]
    status: u16,
    #[serde(rename = "http.response.body.bytes")]
    bytes: u64,
    /// In nanoseconds.
    #[serde(rename = "event.duration")]
    duration: u64,
    #[serde(rename = "pixmill.cache", skip_serializing_if = "Option::is_none")]
    cache: Option<&'a str>,
    #[serde(rename = "http.request.id")]
    request_id: &'a str,
    #[serde(rename = "client.ip", skip_serializing_if = "Option::is_none")]
    client: Option<IpAddr>,
    #[serde(rename = "user_agent.original", skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(rename = "http.request.referrer", skip_serializing_if = "Option::is_none")]
    referer: Option<&'a str>,
    #[serde(rename = "trace.id", skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

/// The whole line for Google Cloud Logging (<https://docs.cloud.google.com/logging/docs/structured-logging>).
#[derive(Serialize)]
struct GcpLine<'a> {
    time: Now,
    severity: &'static str,
    message: String,
    #[serde(rename = "httpRequest")]
    request: GcpRequest<'a>,
    target: &'static str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<&'a str>,
    #[serde(rename = "logging.googleapis.com/trace", skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

/// `HttpRequest` of Google Cloud Logging; numbers of 64 bits are text there.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GcpRequest<'a> {
    request_method: &'a str,
    request_url: String,
    status: u16,
    response_size: String,
    latency: String,
    cache_hit: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    referer: Option<&'a str>,
}

impl<'a> AccessFields<'a> {
    fn target(&self) -> String {
        match self.query {
            Some(query) if !query.is_empty() => format!("{}?{query}", self.path),
            _ => self.path.to_owned(),
        }
    }

    /// The line in short.
    pub fn message(&self) -> String {
        format!("{} {} {}", self.method, self.path, self.status)
    }

    fn json(&'a self) -> JsonLine<'a> {
        JsonLine { timestamp: Now, level: "INFO", fields: self, target: ACCESS }
    }

    fn ecs(&self) -> EcsLine<'a> {
        EcsLine {
            timestamp: Now,
            level: "info",
            message: self.message(),
            version: ECS_VERSION,
            logger: ACCESS,
            method: self.method,
            path: self.path,
            query: self.query,
            status: self.status,
            bytes: self.bytes,
            duration: (self.elapsed_ms * 1e6).round() as u64,
            cache: self.cache,
            request_id: self.request_id,
            client: self.client,
            user_agent: self.user_agent,
            referer: self.referer,
            trace_id: self.trace_id,
        }
    }

    fn gcp(&self) -> GcpLine<'a> {
        GcpLine {
            time: Now,
            severity: "INFO",
            message: self.message(),
            request: GcpRequest {
                request_method: self.method,
                request_url: self.target(),
                status: self.status,
                response_size: self.bytes.to_string(),
                latency: format!("{:.6}s", self.elapsed_ms / 1e3),
                cache_hit: self.cache.is_some_and(|cache| cache.starts_with("hit")),
                remote_ip: self.client,
                user_agent: self.user_agent,
                referer: self.referer,
            },
            target: ACCESS,
            request_id: self.request_id,
            cache: self.cache,
            trace_id: self.trace_id,
        }
    }

    fn logfmt(&self) -> String {
        let mut line = String::with_capacity(512);
        logfmt::head(&mut line, Level::INFO, ACCESS);
        let mut pair = |name: &str, text: Option<&str>| {
            if let Some(text) = text {
                logfmt::pair(&mut line, name, text);
            }
        };
        pair("method", Some(self.method));
        pair("path", Some(self.path));
        pair("query", self.query);
        pair("status", Some(&self.status.to_string()));
        pair("bytes", Some(&self.bytes.to_string()));
        pair("elapsed_ms", Some(&self.elapsed_ms.to_string()));
        pair("cache", self.cache);
        pair("request_id", Some(self.request_id));
        pair("client", self.client.map(|address| address.to_string()).as_deref());
        pair("user_agent", self.user_agent);
        pair("referer", self.referer);
        pair("trace_id", self.trace_id);
        line
    }

    /// Appends the line, without its line feed. Returns whether that succeeded.
    fn append(&self, layout: Layout, buffer: &mut Vec<u8>) -> bool {
        // writing to a vector cannot fail, and no field fails to be serialized
        match layout {
            Layout::Json => serde_json::to_writer(buffer, &self.json()).is_ok(),
            Layout::Ecs => serde_json::to_writer(buffer, &self.ecs()).is_ok(),
            Layout::Gcp => serde_json::to_writer(buffer, &self.gcp()).is_ok(),
            Layout::Logfmt => buffer.write_all(self.logfmt().as_bytes()).is_ok(),
        }
    }
}

/// Queues the line of a request.
pub fn write(fields: &AccessFields<'_>, layout: Layout, queue: &LineQueue) {
    thread_local! {
        /// Reused from line to line.
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        if fields.append(layout, buffer) {
            buffer.push(b'\n');
            queue.push(buffer);
        }
    });
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn line(layout: Layout, fields: &AccessFields<'_>) -> String {
        let mut buffer = Vec::new();
        assert!(fields.append(layout, &mut buffer));
        String::from_utf8(buffer).unwrap()
    }

    fn parsed(layout: Layout, time: &str) -> Value {
        let mut line: Value = serde_json::from_str(&line(layout, &fields())).unwrap();
        let taken = line.as_object_mut().unwrap().remove(time).unwrap();
        assert!(taken.as_str().unwrap().ends_with('Z'), "{taken}");
        line
    }

    /// A request with a value of every field.
    pub fn fields() -> AccessFields<'static> {
        AccessFields {
            method: "GET",
            path: "/a b\".jpg",
            query: Some("width=3"),
            status: 200,
            bytes: 5,
            elapsed_ms: 0.017,
            cache: Some("hit-memory"),
            request_id: "1-a",
            client: Some("2001:db8::1".parse().unwrap()),
            user_agent: Some("curl/8 (x)"),
            referer: Some("https://a.example/"),
            trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        }
    }

    #[test]
    fn ecs() {
        let expected = json!({
            "log.level": "info", "message": "GET /a b\".jpg 200", "ecs.version": "8.11.0", "log.logger": "access",
            "http.request.method": "GET", "url.path": "/a b\".jpg", "url.query": "width=3",
            "http.response.status_code": 200, "http.response.body.bytes": 5, "event.duration": 17_000,
            "pixmill.cache": "hit-memory", "http.request.id": "1-a", "client.ip": "2001:db8::1",
            "user_agent.original": "curl/8 (x)", "http.request.referrer": "https://a.example/",
            "trace.id": "4bf92f3577b34da6a3ce929d0e0e4736",
        });
        assert_eq!(parsed(Layout::Ecs, "@timestamp"), expected);
    }

    #[test]
    fn gcp() {
        let expected = json!({
            "severity": "INFO", "message": "GET /a b\".jpg 200", "target": "access", "request_id": "1-a",
            "cache": "hit-memory", "logging.googleapis.com/trace": "4bf92f3577b34da6a3ce929d0e0e4736",
            "httpRequest": {
                "requestMethod": "GET", "requestUrl": "/a b\".jpg?width=3", "status": 200, "responseSize": "5",
                "latency": "0.000017s", "cacheHit": true, "remoteIp": "2001:db8::1", "userAgent": "curl/8 (x)",
                "referer": "https://a.example/",
            },
        });
        assert_eq!(parsed(Layout::Gcp, "time"), expected);
    }

    #[test]
    fn logfmt() {
        let text = line(Layout::Logfmt, &fields());
        let (time, rest) = text.split_once(' ').unwrap();
        assert!(time.starts_with("time=20") && time.ends_with('Z'), "{time}");
        assert_eq!(
            rest,
            "level=info target=access method=GET path=\"/a b\\\".jpg\" query=\"width=3\" status=200 bytes=5 \
             elapsed_ms=0.017 cache=hit-memory request_id=1-a client=2001:db8::1 user_agent=\"curl/8 (x)\" \
             referer=https://a.example/ trace_id=4bf92f3577b34da6a3ce929d0e0e4736"
        );
    }

    #[test]
    fn what_a_request_lacks_is_left_out() {
        let none = AccessFields {
            query: None,
            cache: None,
            client: None,
            user_agent: None,
            referer: None,
            trace_id: None,
            ..fields()
        };
        for layout in [Layout::Json, Layout::Ecs, Layout::Gcp, Layout::Logfmt] {
            let line = line(layout, &none);
            let names = ["query", "client", "ser_agent", "refer", "trace", "null", "remoteIp", "userAgent"];
            assert!(names.iter().all(|name| !line.contains(name)), "{line}");
        }
    }
}
