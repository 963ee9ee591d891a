//! Traces: from the client through the server to the origin, as a collector receives them.

use std::collections::HashSet;

use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::metric::Data,
    trace::v1::{Span, span::SpanKind},
};
use pixmill::{
    app::Server,
    config::{Config, OtlpProtocol},
};
use testkit::origin::ReceivedRequest;

use crate::{
    async_jobs::ended,
    buckets,
    client::{Connection, Response, ask, get},
    collector::{Collector, attribute},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post},
    setup::{sample, serve, until},
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";

fn exports_to(collector: &Collector, ratio: f64) -> impl FnOnce(&mut Config) {
    let (endpoint, protocol) = (collector.endpoint(), collector.protocol);
    move |config| {
        config.telemetry.otlp.endpoint = endpoint;
        config.telemetry.otlp.protocol = protocol;
        config.telemetry.otlp.sample_ratio = ratio;
    }
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{CLIENT}-{flags}")
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[actix_web::test]
async fn a_miss_is_one_trace_from_client_to_origin() {
    check_a_miss(&Collector::start()).await;
}

#[actix_web::test]
async fn a_miss_is_the_same_trace_over_grpc() {
    check_a_miss(&Collector::start_grpc()).await;
}

/// Serves a miss, and checks the spans that the collector receives.
async fn check_a_miss(collector: &Collector) {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let url = format!("http://{}", origin.authority());
    let server = serve(&url, |config| {
        // the client decides
        exports_to(collector, 0.0)(config);
        "pictures".clone_into(&mut config.telemetry.service_name);
        config.telemetry.resource.insert("deployment.environment.name".to_owned(), "test".to_owned());
        config.telemetry.otlp.headers.insert("x-api-key".to_owned(), "key".into());
    });
    let server = server.await;
    let headers = [("traceparent", &*traceparent("01")), ("tracestate", "vendor=1")];
    let answer = ask(server.address, "/china.jpg?width=50&token=hunter2", &headers).await;
    assert_eq!((answer.status, answer.header("x-cache")), (200, "miss"));
    let id = answer.header("x-request-id").to_owned();
    server.stop().await;

    let spans = collector.spans();
    assert!(collector.all_had("/v1/traces", "x-api-key: key"));
    assert!(spans.iter().all(|(_, span)| hex(&span.trace_id) == TRACE && span.trace_state == "vendor=1"));
    let resource = &spans[0].0;
    assert_eq!(attribute(resource, "service.name"), "pictures");
    assert_eq!(attribute(resource, "deployment.environment.name"), "test");
    let span = |name: &str| {
        let found: Vec<_> = spans.iter().map(|(_, span)| span).filter(|span| span.name == name).collect();
        found.first().copied().unwrap_or_else(|| panic!("no span {name} in {spans:#?}"))
    };
    for name in ["cache.memory", "origin.connect", "queue", "decode", "process", "encode"] {
        let span = span(name);
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{span:?}");
    }

    check_root(span("GET image"), &id);
    let ids: HashSet<_> = spans.iter().map(|(_, span)| &span.span_id).collect();
    assert_eq!(ids.len(), spans.len());
    let within = |span: &[u8]| ids.iter().any(|id| **id == *span);
    let root = span("GET image");
    assert!(spans.iter().all(|(_, span)| span == root || within(&span.parent_span_id)), "{spans:#?}");
    check_request(&origin.requests()[0], span("origin.fetch"));
}

/// The span of the request with this id.
fn check_root(root: &Span, id: &str) {
    assert_eq!((&*hex(&root.parent_span_id), root.kind), (CLIENT, SpanKind::Server as i32));
    assert_eq!(attribute(&root.attributes, "http.response.status_code"), "200");
    assert_eq!(attribute(&root.attributes, "pixmill.cache"), "miss");
    assert_eq!(attribute(&root.attributes, "pixmill.request_id"), id);
    assert_eq!(attribute(&root.attributes, "url.query"), "width=50&token=***");
}

/// The request to the origin, whose span this is.
fn check_request(request: &ReceivedRequest, fetch: &Span) {
    assert_eq!(fetch.kind, SpanKind::Client as i32);
    let sent = request.header("traceparent").unwrap();
    let (sent_trace, sent_span) = (&sent[3..35], &sent[36..52]);
    assert_eq!((sent_trace, sent_span, &sent[53..]), (TRACE, &*hex(&fetch.span_id), "01"));
    assert_eq!(request.header("tracestate"), Some("vendor=1"));
}

#[actix_web::test]
async fn a_miss_of_a_bucket_is_one_trace() {
    let (collector, bucket) = (Collector::start(), buckets::bucket().await);
    let server = buckets::serve_bucket(&bucket, exports_to(&collector, 0.0)).await;
    let headers = [("traceparent", &*traceparent("01")), ("tracestate", "vendor=1")];
    let answer = ask(server.address, "/china.jpg?width=50", &headers).await;
    assert_eq!((answer.status, answer.header("x-cache")), (200, "miss"));
    server.stop().await;
    let spans = collector.spans();
    let span = |name: &str| &spans.iter().find(|(_, span)| span.name == name).unwrap().1;
    let fetch = span("origin.fetch");
    assert_eq!(span("origin.connect").parent_span_id, fetch.span_id, "{spans:#?}");
    for name in ["queue", "decode", "process", "encode"] {
        assert_eq!(hex(&span(name).trace_id), TRACE, "{name}");
    }
    let sent = format!("00-{TRACE}-{}-01", hex(&fetch.span_id));
    assert_eq!(bucket.traces(), [[Some(sent), Some("vendor=1".to_owned())]]);
}

#[actix_web::test]
async fn an_async_job_is_a_part_of_the_trace_of_its_request() {
    let (collector, origin) = (Collector::start(), FakeOrigin::start(Reply::ok(&sample("china.jpg"))));
    origin.set_reply_at("/broken.jpg", Reply::status(500));
    let url = format!("http://{}", origin.authority());
    let server = serve(&url, exports_to(&collector, 0.0)).await;
    let headers = [("traceparent", &*traceparent("01"))];
    let taken = ask(server.address, "/china.jpg?width=50&async=1", &headers).await;
    assert_eq!(taken.status, 202);
    assert_eq!(ended(server.address, taken.header("location")).await["status"], "done");
    // the client decided against recording, but the job fails
    let headers = [("traceparent", &*traceparent("00"))];
    let taken_broken = ask(server.address, "/broken.jpg?width=50&async=1", &headers).await;
    let failed = ended(server.address, taken_broken.header("location")).await;
    assert_eq!(
        (&failed["error"]["code"], &failed["error"]["trace_id"]),
        (&"origin_failed".into(), &TRACE.into())
    );
    server.stop().await;

    let spans: Vec<_> = collector.spans().into_iter().map(|(_, span)| span).collect();
    let jobs: Vec<_> = spans.iter().filter(|span| span.name == "async job").collect();
    assert!(jobs.len() == 2 && jobs.iter().all(|span| span.kind == SpanKind::Consumer as i32), "{spans:#?}");
    let done = jobs.iter().find(|span| span.status.as_ref().is_none_or(|status| status.code != 2)).unwrap();
    let of_request = |taken: &Response| {
        let id = taken.header("x-request-id");
        spans
            .iter()
            .find(|span| span.name == "GET image" && attribute(&span.attributes, "pixmill.request_id") == id)
    };
    assert_eq!(done.parent_span_id, of_request(&taken).unwrap().span_id);
    assert_eq!(attribute(&done.attributes, "pixmill.request_id"), taken.header("x-request-id"));
    assert!(of_request(&taken_broken).is_none(), "202 is not an error");
    let within =
        |name: &str| spans.iter().filter(|span| span.name == name && hex(&span.trace_id) == TRACE).count();
    assert_eq!(["origin.fetch", "queue", "decode", "process", "encode"].map(within), [2, 1, 1, 1, 1]);
    let sent: Vec<_> = origin
        .requests()
        .iter()
        .map(|request| request.header("traceparent").unwrap()[..35].to_owned())
        .collect();
    assert!(sent.iter().all(|sent| *sent == format!("00-{TRACE}")), "{sent:?}");
}

#[actix_web::test]
async fn uploads_and_purges_are_traced() {
    let collector = Collector::start();
    let (server, uploads) = crate::setup::serve_uploads("", exports_to(&collector, 1.0)).await;
    let form = Form::default().file(&sample("china.jpg")).field("width", "50");
    assert_eq!(post(uploads, "/", form).await.status, 200);
    let refused = post(uploads, "/?width=x", Form::default().file(&sample("china.jpg"))).await;
    let trace = refused.json()["error"]["trace_id"].as_str().unwrap().to_owned();
    let headers = [("traceparent", &*traceparent("01"))];
    let purged = Connection::open(server.admin_address).await.ask("DELETE", "/a.jpg", &headers).await;
    assert_eq!(purged.status, 200);
    server.stop().await;
    let spans: Vec<_> = collector.spans().into_iter().map(|(_, span)| span).collect();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    assert!(named("POST image").iter().any(|span| hex(&span.trace_id) == trace), "{spans:#?}");
    assert_eq!(named("encode").len(), 1);
    let purge = named("DELETE purge");
    assert_eq!(
        (hex(&purge[0].trace_id), hex(&purge[0].parent_span_id)),
        (TRACE.to_owned(), CLIENT.to_owned())
    );
    assert_eq!(named("purge")[0].parent_span_id, purge[0].span_id);
}

#[actix_web::test]
async fn errors_are_kept_without_sampling() {
    let (collector, origin) = (Collector::start(), FakeOrigin::start(Reply::status(500)));
    origin.set_reply_at("/fine.jpg", Reply::ok(&sample("china.jpg")));
    let server = serve(&format!("http://{}", origin.authority()), exports_to(&collector, 0.0)).await;
    assert_eq!(get(server.address, "/fine.jpg?width=20").await.status, 200);
    assert_eq!(get(server.address, "/fine.jpg?width=x").await.status, 400);
    let failed = get(server.address, "/broken.jpg?width=20").await;
    assert_eq!((failed.status, &failed.json()["error"]["code"]), (502, &"origin_failed".into()));
    server.stop().await;
    let spans = collector.spans();
    let trace = failed.json()["error"]["trace_id"].as_str().unwrap().to_owned();
    assert!(!spans.is_empty() && spans.iter().all(|(_, span)| hex(&span.trace_id) == trace), "{spans:#?}");
    let fetch = spans.iter().map(|(_, span)| span).find(|span| span.name == "origin.fetch").unwrap();
    assert_eq!(attribute(&fetch.attributes, "pixmill.outcome"), "failed");
    // 2 is an error
    assert_eq!(fetch.status.as_ref().unwrap().code, 2);
}

#[actix_web::test]
async fn the_client_decides_about_sampling() {
    let (collector, origin) = (Collector::start(), FakeOrigin::start(Reply::ok(&sample("china.jpg"))));
    let server = serve(&format!("http://{}", origin.authority()), exports_to(&collector, 1.0)).await;
    let answer = ask(server.address, "/a.jpg?width=20", &[("traceparent", &traceparent("00"))]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(origin.requests()[0].header("traceparent").map(|sent| &sent[53..]), Some("00"));
    // an invalid one is none
    let answer = ask(server.address, "/a.jpg?width=20", &[("traceparent", "00-x")]).await;
    assert_eq!(answer.header("x-cache"), "hit-memory");
    get(server.admin_address, "/health").await;
    server.stop().await;
    let spans = collector.spans();
    let names: HashSet<_> = spans.iter().map(|(_, span)| &*span.name).collect();
    assert_eq!(names, HashSet::from(["GET image", "cache.memory"]), "the hit is sampled, the miss is not");
    let root = spans.iter().map(|(_, span)| span).find(|span| span.name == "GET image").unwrap();
    assert_eq!((&*hex(&root.parent_span_id), root.trace_id == [0; 16]), ("", false));
}

#[actix_web::test]
async fn metrics_are_exported_when_asked_for() {
    for (collector, metrics) in
        [(Collector::start(), true), (Collector::start_grpc(), true), (Collector::start(), false)]
    {
        let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
        let url = format!("http://{}", origin.authority());
        let server = serve(&url, |config| {
            exports_to(&collector, 0.0)(config);
            config.telemetry.otlp.metrics = metrics;
            config.telemetry.otlp.headers.insert("x-api-key".to_owned(), "key".into());
        });
        let server = server.await;
        assert_eq!(get(server.address, "/a.jpg?width=20").await.status, 200);
        server.stop().await;
        let messages = collector.messages::<ExportMetricsServiceRequest>("/v1/metrics");
        assert_eq!(messages.len(), usize::from(metrics), "the last values");
        let Some(message) = messages.first() else { continue };
        assert!(collector.all_had("/v1/metrics", "x-api-key: key"));
        let all = &message.resource_metrics[0];
        assert_eq!(attribute(&all.resource.as_ref().unwrap().attributes, "service.name"), "pixmill");
        let find = |name| all.scope_metrics[0].metrics.iter().find(|metric| metric.name == name).unwrap();
        let Some(Data::Histogram(fetches)) = &find("pixmill_origin_fetch_duration_seconds").data else {
            panic!("{message:?}")
        };
        assert_eq!(fetches.data_points[0].count, 1);
        let Some(Data::Sum(_)) = &find("pixmill_requests_total").data else { panic!("{message:?}") };
    }
}

#[actix_web::test]
async fn a_collector_that_is_away_costs_no_request() {
    for protocol in [OtlpProtocol::Http, OtlpProtocol::Grpc] {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
        let change = |config: &mut Config| {
            config.telemetry.otlp.endpoint = format!("http://{free}");
            config.telemetry.otlp.protocol = protocol;
            config.telemetry.otlp.sample_ratio = 1.0;
            config.telemetry.otlp.metrics = true;
        };
        let server = serve(&format!("http://{}", origin.authority()), change).await;
        let before = dropped(&server, "traces").await;
        for width in 10..30 {
            assert_eq!(get(server.address, &format!("/a.jpg?width={width}")).await.status, 200);
        }
        until(async || dropped(&server, "traces").await > before).await;
        server.stop().await;
    }
}

/// What the export of this signal has lost.
async fn dropped(server: &Server, signal: &str) -> u64 {
    let page = String::from_utf8(get(server.admin_address, "/metrics").await.body).unwrap();
    let series = format!("pixmill_otlp_dropped_total{{signal=\"{signal}\"}} ");
    page.lines().find_map(|line| line.strip_prefix(&*series)).unwrap().parse().unwrap()
}

#[actix_web::test]
async fn the_counts_of_losses_exist_from_the_start() {
    let origin = FakeOrigin::start(Reply::status(500));
    let server = serve(&format!("http://{}", origin.authority()), |_| {}).await;
    for signal in ["logs", "traces", "metrics"] {
        dropped(&server, signal).await;
    }
    server.stop().await;
}

#[actix_web::test]
async fn without_a_collector_nothing_is_traced() {
    let origin = FakeOrigin::start(Reply::status(500));
    let server = serve(&format!("http://{}", origin.authority()), |_| {}).await;
    let failed = ask(server.address, "/a.jpg?width=20", &[("traceparent", &traceparent("01"))]).await;
    assert_eq!(failed.status, 502);
    assert!(failed.json()["error"].get("trace_id").is_none());
    assert_eq!(origin.requests()[0].header("traceparent"), None);
    server.stop().await;
}
