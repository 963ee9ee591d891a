//! Section `telemetry`: traces, metrics and logs by OpenTelemetry's protocol.

use std::collections::BTreeMap;

use config_types::{Problem, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Export to an OpenTelemetry collector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// The name of the service (`service.name`).
    pub service_name: String,
    /// Further attributes of all that is exported (resource attributes), such as
    /// `{ "deployment.environment.name" = "production" }`.
    pub resource: BTreeMap<String, String>,
    /// The collector, and what is sent to it.
    pub otlp: Otlp,
}

/// The collector, and what is sent to it by OTLP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Otlp {
    /// The URL of the collector, such as `http://collector:4318`, or `http://collector:4317` over gRPC; `https` means TLS. Over
    /// HTTP `/v1/traces` is appended; over gRPC it has no path. Empty: nothing is exported, and requests are not traced.
    pub endpoint: String,
    /// How requests are sent.
    pub protocol: OtlpProtocol,
    /// Additional headers of requests to the collector, such as `Authorization`; over gRPC they are its metadata.
    pub headers: BTreeMap<String, Secret>,
    /// The part of requests that are traced, 0 to 1, if their client has not decided by `traceparent`. Requests that fail with
    /// 5xx are always kept.
    pub sample_ratio: f64,
    /// Whether traces are exported.
    pub traces: bool,
    /// Whether the metrics of `/metrics` are exported as well, once a minute.
    pub metrics: bool,
    /// Whether log lines are exported as well, those of the access log included: the same that are written to standard error.
    pub logs: bool,
}

/// How OTLP is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtlpProtocol {
    /// OTLP over HTTP with protobuf, usually port 4318.
    #[default]
    Http,
    /// OTLP over gRPC, usually port 4317.
    Grpc,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { service_name: "pixmill".to_owned(), resource: BTreeMap::new(), otlp: Otlp::default() }
    }
}

impl Default for Otlp {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            protocol: OtlpProtocol::default(),
            headers: BTreeMap::new(),
            sample_ratio: 0.1,
            traces: true,
            metrics: false,
            logs: false,
        }
    }
}

impl Telemetry {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.otlp.problems();
        if self.service_name.is_empty() {
            problems.push(Problem::expected("telemetry.service_name", "a name", &self.service_name));
        }
        for name in self.resource.keys().filter(|name| name.is_empty() || *name == "service.name") {
            let expected =
                "the name of an attribute other than service.name, which is telemetry.service_name";
            problems.push(Problem::expected("telemetry.resource", expected, name));
        }
        problems
    }
}

impl Otlp {
    /// Whether requests are traced.
    pub fn has_traces(&self) -> bool {
        self.traces && !self.endpoint.is_empty()
    }

    /// Whether metrics are exported.
    pub fn has_metrics(&self) -> bool {
        self.metrics && !self.endpoint.is_empty()
    }

    /// Whether log lines are exported.
    pub fn has_logs(&self) -> bool {
        self.logs && !self.endpoint.is_empty()
    }

    /// The URL for a signal over HTTP, such as `traces`.
    pub fn url(&self, signal: &str) -> String {
        format!("{}/v1/{signal}", self.endpoint.trim_end_matches('/'))
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.endpoint.is_empty() {
            problems.extend(self.endpoint_problem());
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let ratio = self.sample_ratio;
            problems.push(Problem::expected("telemetry.otlp.sample_ratio", "a number from 0 to 1", ratio));
        }
        for (name, value) in &self.headers {
            let is_name = ureq::http::HeaderName::from_bytes(name.as_bytes()).is_ok();
            if !is_name || ureq::http::HeaderValue::from_str(value.reveal()).is_err() {
                let key = format!("telemetry.otlp.headers.{name}");
                problems.push(Problem::new(key, "expected the name and the value of an HTTP header"));
            }
        }
        problems
    }

    fn endpoint_problem(&self) -> Option<Problem> {
        const KEY: &str = "telemetry.otlp.endpoint";
        if !cfg!(feature = "otlp") {
            return Some(Problem::new(
                KEY,
                "this build of pixmill has no OTLP: build it with the feature `otlp`",
            ));
        }
        let url = Url::parse(&self.endpoint).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && (url.username(), url.password(), url.query(), url.fragment()) == ("", None, None, None)
        });
        let (has_usable_path, expected) = match self.protocol {
            OtlpProtocol::Http => (
                url.as_ref().is_some_and(|url| !url.path().ends_with("/v1/traces")),
                "the http or https URL of a collector, such as http://collector:4318, without credentials, query and fragment",
            ),
            OtlpProtocol::Grpc => (
                url.as_ref().is_some_and(|url| url.path() == "/"),
                "with telemetry.otlp.protocol = \"grpc\", the http or https URL of a collector without a path, such as \
                 http://collector:4317, and without credentials, query and fragment",
            ),
        };
        // the text may contain credentials
        (!has_usable_path).then(|| Problem::new(KEY, format!("expected {expected}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_export_nothing() {
        let telemetry = Telemetry::default();
        assert_eq!(telemetry.problems(), []);
        assert!(!telemetry.otlp.has_traces() && !telemetry.otlp.has_metrics());
        let otlp = Otlp { endpoint: "http://collector:4318".to_owned(), ..Otlp::default() };
        assert!(otlp.has_traces() && !otlp.has_metrics() && !otlp.has_logs());
    }

    #[test]
    fn endpoints_are_urls_of_collectors() {
        for (endpoint, fine) in [
            ("http://collector:4318", true),
            ("https://otlp.example.com/otlp/", true),
            ("collector:4318", false),
            ("grpc://collector:4317", false),
            ("http://user:hunter2@collector:4318", false),
            ("http://collector:4318?token=hunter2", false),
            ("http://collector:4318/v1/traces", false),
        ] {
            let otlp = Otlp { endpoint: endpoint.to_owned(), ..Otlp::default() };
            let problems = Telemetry { otlp, ..Telemetry::default() }.problems();
            assert_eq!(problems.is_empty(), fine, "{endpoint}: {problems:?}");
            assert!(problems.iter().all(|problem| !problem.to_string().contains("hunter2")), "{problems:?}");
        }
        let otlp = Otlp { endpoint: "http://a.example/otlp/".to_owned(), ..Otlp::default() };
        assert_eq!(otlp.url("traces"), "http://a.example/otlp/v1/traces");
    }

    #[test]
    fn endpoints_of_grpc_have_no_path() {
        for (endpoint, fine) in [
            ("http://collector:4317", true),
            ("https://otlp.example.com/", true),
            ("https://otlp.example.com/otlp", false),
            ("http://collector:4317/v1/traces", false),
            ("collector:4317", false),
            ("grpc://collector:4317", false),
            ("http://user:hunter2@collector:4317", false),
        ] {
            let otlp =
                Otlp { endpoint: endpoint.to_owned(), protocol: OtlpProtocol::Grpc, ..Otlp::default() };
            let problems = otlp.problems();
            assert_eq!(problems.is_empty(), fine, "{endpoint}: {problems:?}");
            let text = format!("{problems:?}");
            assert!(fine || (text.contains("grpc") && text.contains("without a path")), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn values_out_of_range_are_problems() {
        for ratio in [-0.1, 1.1, f64::NAN] {
            let problems = Otlp { sample_ratio: ratio, ..Otlp::default() }.problems();
            assert!(problems.len() == 1 && problems[0].key == "telemetry.otlp.sample_ratio", "{ratio}");
        }
        let headers = BTreeMap::from([("a b".to_owned(), "x".into()), ("ok".to_owned(), "hunter2\n".into())]);
        let problems = Otlp { headers, ..Otlp::default() }.problems();
        assert_eq!(problems.len(), 2);
        assert!(problems.iter().all(|problem| !problem.to_string().contains("hunter2")), "{problems:?}");
        let resource = BTreeMap::from([("service.name".to_owned(), String::new())]);
        let telemetry = Telemetry { service_name: String::new(), resource, ..Telemetry::default() };
        assert_eq!(telemetry.problems().len(), 2);
    }
}
