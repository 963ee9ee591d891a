//! The admin listener: its pages, access control, and the values of metrics.

use std::collections::{BTreeMap, BTreeSet};

use pixmill::{app::Server, telemetry::metrics::METRICS};
use serde_json::json;

use crate::{
    client::{Connection, ask, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_samples, until},
};

/// The samples of `/metrics`, by name and labels.
async fn metrics(server: &Server) -> BTreeMap<String, f64> {
    let answer = get(server.admin_address, "/metrics").await;
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    let text = String::from_utf8(answer.body).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    });
    samples.collect()
}

#[actix_web::test]
async fn every_metric_is_written_and_described_once() {
    let server = serve_samples(|config| {
        config.params.signing.keys.insert("main".to_owned(), "a key of the tests".into());
    })
    .await;
    get(server.address, "/china.jpg").await;
    let text = String::from_utf8(get(server.admin_address, "/metrics").await.body).unwrap();
    let described: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let names: BTreeSet<_> = described.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names.len(), described.len(), "{described:#?}");
    // without Redis
    let quiet = [
        "pixmill_redis_connected",
        "pixmill_cluster_nodes",
        "pixmill_cache_write_queue_bytes",
        "pixmill_cache_written_bytes_total",
    ];
    let known = METRICS.iter().map(|metric| metric.name).filter(|name| !quiet.contains(name));
    assert_eq!(names, known.collect());
}

#[actix_web::test]
async fn codecs_are_counted_unless_turned_off() {
    for (is_on, decoder, encoder) in [(true, "libwebp", "png"), (false, "libvips", "libvips")] {
        let server = serve_samples(|_| ()).await;
        let webp = get(server.address, "/china.jpg?width=64&format=webp").await;
        assert_eq!(webp.status, 200);
        let origin = FakeOrigin::start(Reply::ok(&webp.body.into()));
        let server = serve(&origin.url, |config| {
            config.codecs.libwebp = is_on;
            config.codecs.png = is_on;
        })
        .await;
        assert_eq!(get(server.address, "/a.webp?width=32&format=png").await.status, 200);
        let counts = metrics(&server).await;
        let uses = |direction: &str, codec: &str| {
            counts[&format!("pixmill_codec_uses_total{{direction=\"{direction}\",codec=\"{codec}\"}}")]
        };
        let uses = [uses("decode", decoder), uses("encode", encoder), uses("decode", "dav1d")];
        assert_eq!(uses.map(|count| count as u64), [1, 1, 0]);
    }
}

#[actix_web::test]
async fn metrics_add_up() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |_| ()).await;
    for (target, status) in [
        ("/a.jpg?width=30", 200),
        ("/a.jpg?width=30", 200),
        ("/a.jpg?width=31", 200),
        ("/a.jpg?width=x", 400),
    ] {
        assert_eq!(get(server.address, target).await.status, status);
    }
    // the resources of a request are released after its response was sent
    until(async || server.in_flight() == 0).await;
    let metrics = metrics(&server).await;
    for (sample, expected) in [
        ("pixmill_requests_total{route=\"image\",status=\"2xx\",cache=\"miss\"}", 2.0),
        ("pixmill_requests_total{route=\"image\",status=\"2xx\",cache=\"hit-memory\"}", 1.0),
        ("pixmill_requests_total{route=\"image\",status=\"4xx\",cache=\"none\"}", 1.0),
        ("pixmill_errors_total{code=\"invalid_parameter\"}", 1.0),
        ("pixmill_errors_total{code=\"overloaded\"}", 0.0),
        ("pixmill_jpeg_decodes_total{divisor=\"8\"}", 2.0),
        ("pixmill_jpeg_decodes_total{divisor=\"1\"}", 0.0),
        ("pixmill_request_duration_seconds_count", 4.0),
        ("pixmill_phase_duration_seconds_count{phase=\"encode\"}", 2.0),
        ("pixmill_phase_duration_seconds_count{phase=\"cache\"}", 3.0),
        ("pixmill_origin_fetches_total{outcome=\"found\"}", 1.0),
        ("pixmill_origin_fetch_duration_seconds_count", 1.0),
        ("pixmill_render_jobs_total", 2.0),
        ("pixmill_render_jobs_running", 0.0),
        ("pixmill_coalescing_in_flight{kind=\"variants\"}", 0.0),
        ("pixmill_cache_puts_total{cache=\"results\",tier=\"memory\"}", 2.0),
        ("pixmill_inference_duration_seconds_count{question=\"faces\"}", 0.0),
    ] {
        assert_eq!(metrics.get(sample), Some(&expected), "{sample}");
    }
    assert!(metrics["process_resident_memory_bytes"] > 1e6);
    assert!(metrics["pixmill_response_bytes_total"] > 1000.0);
    let stats = get(server.admin_address, "/stats").await.json();
    assert_eq!(stats["requests"]["bySource"]["miss"], 2);
    assert_eq!(stats["caches"]["results"]["memory"]["puts"], 2);
    assert_eq!(stats["pool"]["begun"], 2);
}

#[actix_web::test]
async fn the_configuration_is_shown_without_secrets() {
    let server = serve_samples(|config| {
        config.limits.max_side = 1234;
        config.params.signing.keys.insert("main".to_owned(), "hunter2, but longer".into());
        config.origin.headers.insert("x-token".to_owned(), "hunter2".into());
    })
    .await;
    let answer = get(server.admin_address, "/config").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("hunter2"));
    let config = answer.json();
    assert_eq!(config["limits"]["max_side"], 1234);
    assert_eq!(config["params"]["signing"]["keys"], json!({ "main": "***" }));
    assert_eq!(config["cache"]["memory"]["max_bytes"], "64.0 MiB");
    for (method, target, status) in
        [("HEAD", "/config", 200), ("POST", "/config", 405), ("GET", "/nothing", 404), ("GET", "/", 404)]
    {
        let answer = Connection::open(server.admin_address)
            .await
            .ask(method, target, &[("Content-Length", "0")])
            .await;
        assert_eq!(answer.status, status, "{method} {target}");
    }
}

#[actix_web::test]
async fn admin_pages_require_the_password() {
    let server = serve_samples(|config| {
        config.admin.username = "ops".to_owned();
        config.admin.password = "secret".into();
    })
    .await;
    for target in ["/config", "/stats", "/metrics", "/nothing"] {
        let refused = get(server.admin_address, target).await;
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (401, &json!("credentials_missing")));
        assert!(refused.header("www-authenticate").starts_with("Basic "), "{target}");
        let wrong = ask(server.admin_address, target, &[("Authorization", "Basic b3BzOndyb25n")]).await;
        assert_eq!(wrong.status, 401, "{target}");
        let right = ask(server.admin_address, target, &[("Authorization", "Basic b3BzOnNlY3JldA==")]).await;
        assert_eq!(right.status, if target == "/nothing" { 404 } else { 200 }, "{target}");
    }
    let purge = Connection::open(server.admin_address).await.ask("DELETE", "/china.jpg", &[]).await;
    assert_eq!(purge.status, 401);
    for target in ["/health", "/ready"] {
        assert_eq!(get(server.admin_address, target).await.status, 200, "{target}");
    }
}

#[actix_web::test]
async fn without_a_password_only_known_hosts_are_served() {
    let server = serve_samples(|config| config.admin.hosts_allowed = vec!["ops.internal".to_owned()]).await;
    let port = server.admin_address.port();
    for (host, status) in [
        ("localhost", 200),
        ("ops.internal:80", 200),
        (&format!("127.0.0.1:{port}"), 200),
        ("rebound.example", 421),
        ("192.0.2.1", 421),
        ("", 421),
    ] {
        let answer = Connection::open(server.admin_address).await.ask_host(host, "/stats").await;
        assert_eq!(answer.status, status, "{host}");
        if status == 421 {
            let error = &answer.json()["error"];
            assert_eq!(error["code"], "unknown_host", "{host}");
            assert!(error["message"].as_str().unwrap().contains("admin.hosts_allowed"), "{error}");
        }
        // probes use the address of the pod
        for page in ["/health", "/ready"] {
            let probe = Connection::open(server.admin_address).await.ask_host(host, page).await;
            assert_eq!(probe.status, 200, "{host} {page}");
        }
    }
    let mut purge = Connection::open(server.admin_address).await;
    purge.write("DELETE / HTTP/1.1\r\nHost: rebound.example\r\n\r\n").await;
    assert_eq!(purge.read("DELETE").await.status, 421);
    let mut line = Connection::open(server.admin_address).await;
    line.write("GET http://rebound.example/stats HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(line.read("GET").await.status, 421, "the request line counts");
}

#[actix_web::test]
async fn with_a_password_any_host_is_served() {
    let server = serve_samples(|config| {
        config.admin.username = "ops".to_owned();
        config.admin.password = "secret".into();
    })
    .await;
    let mut connection = Connection::open(server.admin_address).await;
    assert_eq!(connection.ask_host("ops.example", "/stats").await.status, 401);
    let authorized =
        "GET /stats HTTP/1.1\r\nHost: ops.example\r\nAuthorization: Basic b3BzOnNlY3JldA==\r\n\r\n";
    connection.write(authorized).await;
    assert_eq!(connection.read("GET").await.status, 200);
}

#[actix_web::test]
async fn equal_configurations_have_the_same_fingerprint() {
    let fingerprint =
        async |server: &Server| get(server.admin_address, "/stats").await.json()["fingerprint"].clone();
    let one = serve_samples(|config| config.listen.workers = 1).await;
    let same = serve_samples(|config| config.listen.workers = 2).await;
    let other = serve_samples(|config| config.params.defaults = "quality=70".to_owned()).await;
    assert_eq!(fingerprint(&one).await, fingerprint(&same).await);
    assert_ne!(fingerprint(&one).await, fingerprint(&other).await);
}
