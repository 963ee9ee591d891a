//! Log lines by OTLP, as a collector receives them from a process.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::any_value::Value,
    logs::v1::{LogRecord, SeverityNumber},
};
use pixmill::config::OtlpProtocol;

use crate::{
    collector::{Collector, attribute},
    serve::{Server, response, serve_with},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn serve(endpoint: &str, protocol: OtlpProtocol, more: &[(&str, &str)]) -> Server {
    let protocol = match protocol {
        OtlpProtocol::Http => "http",
        OtlpProtocol::Grpc => "grpc",
    };
    let settings = [
        ("PIXMILL__TELEMETRY__OTLP__ENDPOINT", endpoint),
        ("PIXMILL__TELEMETRY__OTLP__PROTOCOL", protocol),
        ("PIXMILL__TELEMETRY__OTLP__SAMPLE_RATIO", "0"),
        ("PIXMILL__LISTEN__TRUSTED_PROXIES", "1"),
        ("PIXMILL__LOGS__FORMAT", "json"),
    ];
    // nothing listens at port 1
    serve_with(&["--origin", "http://127.0.0.1:1/"], &[&settings, more].concat())
}

/// The records that a collector has received, each with the name of its scope, which is its target.
fn records(collector: &Collector) -> Vec<(String, LogRecord)> {
    let messages = collector.messages::<ExportLogsServiceRequest>("/v1/logs");
    let scopes = messages.into_iter().flat_map(|message| message.resource_logs).flat_map(|group| {
        assert_eq!(attribute(&group.resource.unwrap().attributes, "service.name"), "pixmill");
        group.scope_logs
    });
    let named = scopes.flat_map(|scope| {
        let target = scope.scope.unwrap().name;
        scope.log_records.into_iter().map(move |record| (target.clone(), record))
    });
    named.collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

fn body(record: &LogRecord) -> &str {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lines_of_a_request_have_its_trace_and_its_id() {
    check_lines(&Collector::start());
}

#[test]
fn lines_over_grpc_are_the_same() {
    check_lines(&Collector::start_grpc());
}

fn check_lines(collector: &Collector) {
    for format in ["json", "human"] {
        let more = [("PIXMILL__TELEMETRY__OTLP__LOGS", "true"), ("PIXMILL__LOGS__FORMAT", format)];
        let server = serve(&collector.endpoint(), collector.protocol, &more);
        let headers = format!(
            "traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\nX-Request-Id: r-{format}\r\nX-Forwarded-For: 203.0.113.7\r\n"
        );
        let answer = response(&server.url, "/a.jpg?width=9&token=hunter2", &headers);
        assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
        server.stop();
        let records = records(collector);
        assert!(!format!("{records:?}").contains("hunter2"));
        let of_request: Vec<_> = records
            .iter()
            .filter(|(_, record)| {
                attribute(&record.attributes, "pixmill.request_id") == format!("r-{format}")
            })
            .collect();
        let find = |text: &str| of_request.iter().find(|(_, record)| body(record).starts_with(text)).unwrap();
        let (target, access) = find("GET /a.jpg 502");
        assert_eq!((&**target, access.severity_number), ("access", SeverityNumber::Info as i32));
        for (name, expected) in [
            ("http.request.method", "GET"),
            ("url.path", "/a.jpg"),
            ("url.query", "width=9&token=***"),
            ("http.response.status_code", "502"),
            ("client.address", "203.0.113.7"),
        ] {
            assert_eq!(attribute(&access.attributes, name), expected);
        }
        let (_, failed) = find("request failed");
        assert_eq!(failed.severity_number, SeverityNumber::Warn as i32);
        assert!(attribute(&failed.attributes, "exception.message").contains("127.0.0.1"), "{failed:?}");
        // both are of the span of the request
        assert!(of_request.iter().all(|(_, record)| hex(&record.trace_id) == TRACE), "{of_request:#?}");
        assert!(access.span_id.len() == 8 && access.span_id == failed.span_id && access.flags == 1);
        let (_, listening) = records.iter().find(|(_, record)| body(record) == "listening").unwrap();
        assert!(listening.trace_id.is_empty() && listening.time_unix_nano > 0);
    }
}

#[test]
fn nothing_is_exported_unless_asked_for() {
    let collector = Collector::start();
    let server = serve(&collector.endpoint(), collector.protocol, &[]);
    response(&server.url, "/a.jpg?width=9", "");
    server.stop();
    assert!(records(&collector).is_empty());
    assert!(!collector.spans().is_empty(), "the error is traced");
}

#[test]
fn a_collector_that_is_away_is_said_once() {
    let more = [("PIXMILL__TELEMETRY__OTLP__LOGS", "true"), ("PIXMILL__TELEMETRY__OTLP__TRACES", "false")];
    // the most verbose level has lines of the clients too: none of them may cause another export
    let more = [&more[..], &[("PIXMILL__LOGS__FILTER", "debug")]].concat();
    for protocol in [OtlpProtocol::Http, OtlpProtocol::Grpc] {
        let server = serve("http://127.0.0.1:1", protocol, &more);
        for width in 1..20 {
            assert!(response(&server.url, &format!("/a.jpg?width={width}"), "").starts_with("HTTP/1.1 502 "));
        }
        let said = server.stop();
        assert_eq!(said.matches("cannot export telemetry").count(), 1, "{said}");
        assert_eq!(said.matches("\"target\":\"access\"").count(), 19);
    }
}
