//! Error responses: status, code, text, and that they contain no internal details.

use std::time::Duration;

use bytes::Bytes;
use pixmill::config::Config;

use crate::{
    client::{Connection, Response, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin, serve_samples},
};

#[track_caller]
fn check(answer: &Response, status: u16, code: &str, target: &str) {
    assert_eq!(answer.status, status, "{target}");
    assert_eq!(answer.header("content-type"), "application/json", "{target}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{target}");
    let json = answer.json();
    assert_eq!(json["error"]["code"], code, "{target}");
    assert_eq!(json["error"]["request_id"], answer.header("x-request-id"), "{target}");
    let text = json.to_string().to_lowercase();
    for secret in ["127.0.0.1", "vips", "samples", "localhost", "/a.jpg"] {
        assert!(!text.contains(secret), "{target} gives away {secret}: {text}");
    }
    if status != 404 {
        assert_eq!(answer.header("cache-control"), "no-store", "{target}");
    }
}

#[actix_web::test]
async fn invalid_requests() {
    let server = serve_samples(|config| config.limits.max_side = 1000).await;
    for (target, status, code) in [
        ("/china.jpg?width=100px", 400, "invalid_parameter"),
        ("/china.jpg?width64=%21", 400, "invalid_parameter"),
        ("/china.jpg?width=1001", 422, "over_limit"),
        ("/nothing.jpg?width=10", 404, "not_found"),
        ("/nothing.jpg", 404, "not_found"),
        ("/", 404, "not_found"),
        ("/LICENSES.md", 415, "unsupported_image"),
        ("/LICENSES.md?width=10", 415, "unsupported_image"),
        ("/china.jpg?source_url=http://a.example/x.jpg", 401, "dynamic_origin_refused"),
        ("/china.jpg?origin=http://169.254.169.254", 401, "dynamic_origin_refused"),
        ("/china.jpg?hostname64=YQ", 401, "dynamic_origin_refused"),
        ("/http%3A%2F%2Fa.example%2Fx.jpg", 401, "dynamic_origin_refused"),
        ("/https://a.example/x.jpg?width=10", 401, "dynamic_origin_refused"),
        ("/../samples/china.jpg", 400, "invalid_path"),
        ("/%2e%2e/china.jpg", 400, "invalid_path"),
        ("/..%2fchina.jpg", 400, "invalid_path"),
        ("/a%5c..%5cchina.jpg", 400, "invalid_path"),
        ("/china.jpg%00.png", 400, "invalid_path"),
        ("/a%5Cb", 400, "invalid_path"),
        ("/.hidden", 404, "not_found"),
    ] {
        check(&get(server.address, target).await, status, code, target);
    }
    let invalid = get(server.address, "/china.jpg?width=100px").await.json();
    assert_eq!(invalid["error"]["parameter"], "width");
    assert!(invalid["error"]["message"].as_str().unwrap().contains("got \"100px\""), "{invalid}");
    let refused = get(server.address, "/china.jpg?resolve=a:80:10.0.0.1").await.json();
    assert_eq!(refused["error"]["parameter"], "resolve");
}

#[actix_web::test]
async fn every_listener_names_the_request() {
    let (server, uploads) = crate::setup::serve_uploads("", |_| ()).await;
    let id = [("x-request-id", "r-1")];
    for (address, target, method, code) in [
        (server.admin_address, "/nothing", "GET", "no_such_page"),
        (server.admin_address, "/metrics", "POST", "method_not_allowed"),
        (uploads, "/a.jpg?width=x", "GET", "invalid_parameter"),
        (uploads, "/async/0123456789abcdef0123456789abcdef", "GET", "no_such_job"),
    ] {
        let answer = Connection::open(address).await.ask(method, target, &id).await;
        let error = &answer.json()["error"];
        assert_eq!((&error["code"], &error["request_id"]), (&code.into(), &"r-1".into()), "{target}");
        assert_eq!(answer.header("x-request-id"), "r-1");
    }
}

#[actix_web::test]
async fn other_methods_are_refused() {
    let server = serve_samples(|_| ()).await;
    for (method, target) in [("POST", "/china.jpg"), ("PUT", "/x"), ("DELETE", "/"), ("POST", "/health")] {
        let mut connection = Connection::open(server.address).await;
        connection
            .write(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"))
            .await;
        let answer = connection.read(method).await;
        check(&answer, 405, "method_not_allowed", method);
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    }
    let options = Connection::open(server.address).await.ask("OPTIONS", "/china.jpg", &[]).await;
    assert_eq!((options.status, options.header("allow")), (204, "GET, HEAD, OPTIONS"));
}

#[actix_web::test]
async fn invalid_originals() {
    let large = Bytes::from(vec![0; 2000]);
    let cut = sample("china.jpg").slice(..300);
    for (reply, target, status, code) in [
        (Reply::status(401), "/a.jpg", 403, "forbidden_by_origin"),
        (Reply::status(403), "/a.jpg?width=5", 403, "forbidden_by_origin"),
        (Reply::status(404), "/a.jpg", 404, "not_found"),
        (Reply::status(410), "/a.jpg", 404, "not_found"),
        (Reply::status(429), "/a.jpg", 502, "origin_failed"),
        (Reply::status(500), "/a.jpg", 502, "origin_failed"),
        (Reply::status(302).with("location", "http://127.0.0.1:1/"), "/a.jpg", 502, "origin_failed"),
        (Reply::ok(&large), "/a.jpg", 413, "source_too_large"),
        (Reply::ok(&Bytes::new()), "/a.jpg", 415, "unsupported_image"),
        (Reply::ok(&cut), "/a.jpg?width=5", 400, "undecodable_image"),
    ] {
        let origin = FakeOrigin::start(reply);
        let server = serve(&origin.url, |config| config.limits.max_bytes = bytesize::ByteSize::b(1000)).await;
        check(&get(server.address, target).await, status, code, target);
    }
}

#[actix_web::test]
async fn an_unreachable_origin() {
    // bound, so that the port is reserved, but not listening
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let server = serve(&format!("http://{}", socket.local_addr().unwrap()), |_| ()).await;
    check(&get(server.address, "/a.jpg?width=5").await, 502, "origin_failed", "closed port");
    let server = serve("", |_| ()).await;
    check(&get(server.address, "/a.jpg?width=5").await, 502, "no_origin", "none configured");
}

#[actix_web::test]
async fn the_deadline_passes_during_a_fetch() {
    let slow_origin = |config: &mut Config| config.origin.response_timeout = Duration::from_millis(50);
    let short_deadline = |config: &mut Config| config.limits.deadline = Duration::from_millis(50);
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    origin.hold();
    let server = serve(&origin.url, slow_origin).await;
    check(&get(server.address, "/a.jpg?width=5").await, 504, "origin_timeout", "slow origin");
    let server = serve(&origin.url, short_deadline).await;
    check(&get(server.address, "/a.jpg?width=5").await, 504, "deadline_passed", "short deadline");
    origin.wait_for_abandoned().await;
    assert_eq!(server.pool().load().begun, 0);
    origin.release();
    let server = serve_origin(&origin).await;
    assert_eq!(get(server.address, "/a.jpg?width=5").await.status, 200);
}

#[actix_web::test]
async fn the_deadline_passes_in_the_queue() {
    let server = serve_samples(|config| {
        config.workers.threads = 1;
        config.limits.deadline = Duration::from_millis(500);
    })
    .await;
    let (job, release) = crate::setup::occupy(&server).await;
    check(&get(server.address, "/china.jpg?width=5").await, 504, "deadline_passed", "queue");
    crate::setup::until(async || server.pool().load().waiting == 0).await;
    drop(release);
    job.await;
    assert_eq!(server.pool().load().begun, 1, "a render without waiters is not started");
}
