//! Uploads: forms and plain pictures, authorization, and limits.

use bytes::Bytes;
use bytesize::ByteSize;
use image_api::query::MAX_QUERY_BYTES;
use pixmill::{app::Server, config::Config};
use testkit::Picture;

use crate::{
    client::{Connection, Response, ask, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, form_type, post, post_raw, post_with},
    setup::{sample, samples, serve, serve_uploads, until},
};

const TOKEN: &str = "a-token-for-the-tests";

fn size(response: &Response) -> (u32, u32) {
    let picture = Picture::decode(&response.body.clone().into());
    (picture.width, picture.height)
}

#[track_caller]
fn refused(response: &Response, status: u16, code: &str) {
    let error = &response.json()["error"];
    assert_eq!((response.status, error["code"].as_str()), (status, Some(code)), "{error}");
    assert_eq!(response.header("cache-control"), "no-store");
}

#[actix_web::test]
async fn a_form_upload_returns_its_picture() {
    let origin = FakeOrigin::start(Reply::status(500));
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let china = sample("china.jpg");
    let target = "/nowhere.jpg?width=100&blur=3&utm=1";
    let answer = post(uploads, target, Form::default().file(&china)).await;
    assert_eq!((answer.outcome(), size(&answer)), ((200, "miss"), (100, 67)));
    assert_eq!(answer.header("content-type"), "image/jpeg");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("x-original-resolution"), "640x427");
    assert_eq!(answer.header("x-original-filesize"), china.len().to_string());
    assert!(answer.header("server-timing").contains("encode;dur="));
    assert!(answer.header("x-request-id").len() > 8);
    // a GET of the same picture returns the same bytes
    let samples = serve(samples().to_str().unwrap(), |_| ()).await;
    assert_eq!(get(samples.address, "/china.jpg?width=100&blur=3").await.body, answer.body);
    // nothing is stored, and the origin was not requested
    assert_eq!(origin.request_count(), 0);
    assert_eq!(get(server.address, "/nowhere.jpg?width=100").await.status, 502);
}

#[actix_web::test]
async fn form_fields_override_the_query() {
    let (_server, uploads) = serve_uploads("", |_| ()).await;
    let form = || Form::default().field("width", "120").file(&sample("china.jpg"));
    let answer = post(uploads, "/?width=50&w=60&format=png", form().field("crop", "0,0,30,20")).await;
    assert_eq!((size(&answer), answer.header("content-type")), ((30, 20), "image/png"));
    let answer = post(uploads, "/?w64=NTA", form().field("blur", "1000")).await;
    assert_eq!((size(&answer), answer.header("x-pixmill-warning")), ((120, 80), "blur"));
    let wrong = post(uploads, "/", form().field("blur", "much")).await;
    refused(&wrong, 400, "invalid_parameter");
    assert_eq!(wrong.json()["error"]["parameter"], "blur");
    let dynamic = post(uploads, "/", form().field("source_url", "http://127.0.0.1:1/")).await;
    refused(&dynamic, 401, "dynamic_origin_refused");
}

#[actix_web::test]
async fn a_picture_as_the_body_with_any_content_type() {
    let (_server, uploads) = serve_uploads("", |_| ()).await;
    for (name, media) in [("china.jpg", ""), ("chelsea.png", "text/html"), ("mill.webp", "image/jpeg")] {
        let headers: &[_] = if media.is_empty() { &[] } else { &[("Content-Type", media)] };
        let answer = post_with(uploads, "/?width=64", headers, &sample(name)).await;
        assert_eq!((answer.status, size(&answer).0), (200, 64), "{name}");
    }
    let chunked = {
        let mut connection = Connection::open(uploads).await;
        connection.send("POST", "/?width=64", &[("Transfer-Encoding", "chunked")]).await;
        for piece in sample("china.jpg").chunks(50_000) {
            connection.write(&format!("{:x}\r\n", piece.len())).await;
            connection.write_bytes(piece).await;
            connection.write("\r\n").await;
        }
        connection.write("0\r\n\r\n").await;
        connection.read("POST").await
    };
    assert_eq!((chunked.status, size(&chunked)), (200, (64, 43)));
    let same = post_raw(uploads, "/a.gif", &sample("mill.gif")).await;
    assert_eq!((same.status, same.body), (200, sample("mill.gif").to_vec()));
    let described = post_raw(uploads, "/?meta=true", &sample("china.jpg")).await;
    assert_eq!(described.json()["width"], 640);
}

#[actix_web::test]
async fn preconditions_do_not_apply_to_uploads() {
    let (_server, uploads) = serve_uploads("", |_| ()).await;
    let first = post_raw(uploads, "/?width=64", &sample("china.jpg")).await;
    let headers = [("If-None-Match", first.header("etag"))];
    let again = post_with(uploads, "/?width=64", &headers, &sample("china.jpg")).await;
    assert_eq!((again.status, again.header("etag")), (200, first.header("etag")));
    let other = post_raw(uploads, "/?width=64", &sample("chelsea.png")).await;
    assert_ne!(other.header("etag"), first.header("etag"));
}

#[actix_web::test]
async fn uploads_are_disabled_by_default() {
    let server = serve("", |_| ()).await;
    assert_eq!(server.uploads_address, None);
    let answer = post_raw(server.address, "/a.jpg", &sample("china.jpg")).await;
    refused(&answer, 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    let (server, uploads) = serve_uploads(samples().to_str().unwrap(), |_| ()).await;
    assert_eq!(post_raw(server.address, "/a.jpg", &sample("china.jpg")).await.status, 405);
    // the upload listener serves pictures too
    assert_eq!(get(uploads, "/china.jpg?width=10").await.status, 200);
    let put = Connection::open(uploads).await.ask("PUT", "/a.jpg", &[]).await;
    assert_eq!((put.status, put.header("allow")), (405, "GET, HEAD, POST, OPTIONS"));
    let (server, _) = serve_uploads("", |config| config.uploads.public = true).await;
    assert_eq!(post_raw(server.address, "/?width=10", &sample("china.jpg")).await.status, 200);
}

#[actix_web::test]
async fn tokens_are_required() {
    let with_token = |config: &mut Config| {
        config.uploads.public = true;
        config.uploads.tokens = vec!["another-of-the-tokens".into(), TOKEN.into()];
    };
    let (server, uploads) = serve_uploads(samples().to_str().unwrap(), with_token).await;
    let china = sample("china.jpg");
    for address in [server.address, uploads] {
        for given in ["", "Bearer wrong", "Basic a-token-for-the-tests", "Bearer a-token-for-the-test"] {
            let answer = post_with(address, "/?width=10", &[("Authorization", given)], &china).await;
            refused(&answer, 401, "token_missing");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
        let given = format!("Bearer {TOKEN}");
        let answer = post_with(address, "/?width=10", &[("Authorization", &given)], &china).await;
        assert_eq!(answer.status, 200);
        assert_eq!(get(address, "/china.jpg?width=10").await.status, 200);
        let queries = "/china.jpg?async=1&cache_queries=width%3D5";
        refused(&get(address, queries).await, 401, "token_missing");
        assert_eq!(ask(address, queries, &[("Authorization", &given)]).await.status, 202);
    }
}

#[actix_web::test]
async fn without_tokens_cross_site_uploads_are_refused() {
    let (_server, uploads) = serve_uploads(samples().to_str().unwrap(), |_| ()).await;
    let china = sample("china.jpg");
    for (site, status) in [("cross-site", 401), ("same-origin", 200), ("none", 200)] {
        let answer = post_with(uploads, "/?width=10", &[("Sec-Fetch-Site", site)], &china).await;
        assert_eq!(answer.status, status, "{site}");
    }
}

#[actix_web::test]
async fn malformed_uploads_are_refused() {
    let (_server, uploads) = serve_uploads("", |_| ()).await;
    let file = || Form::default().file(&sample("china.jpg"));
    let many = (0..129).fold(file(), |form, number| form.field(&format!("f{number}"), "1"));
    let nameless = file().part("Content-Disposition: form-data", b"x");
    let binary = file().part("Content-Disposition: form-data; name=\"mark\"", b"\xff\xfe");
    let endless = Form::default().part(&format!("X-Long: {}", "a".repeat(100_000)), b"");
    for (form, words) in [
        (Form::default(), "expected"),
        (Form::default().field("width", "5"), "no field `file`"),
        (file().file(&sample("china.jpg")), "several fields named `file`"),
        (Form::default().file(&"".into()), "the field `file` is empty"),
        (many, "at most 128"),
        (file().field("layers", &"x".repeat(MAX_QUERY_BYTES + 1)), "at most 64 KiB"),
        (nameless, "a field of the form has no name"),
        (binary, "invalid UTF-8"),
        (file().part("no header", b"x"), "malformed form"),
        (endless, "form"),
    ] {
        let answer = post(uploads, "/", form).await;
        refused(&answer, 400, "malformed_upload");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(words), "{message}");
    }
    for (media, body) in [
        ("application/x-www-form-urlencoded", &b"width=5"[..]),
        ("multipart/form-data", b"--x\r\n"),
        ("multipart/form-data; boundary=x", b"hello"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nab",
        ),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Dis"),
        ("multipart/form-data; boundary=x", b""),
        ("image/jpeg", b""),
    ] {
        refused(&post_with(uploads, "/", &[("Content-Type", media)], body).await, 400, "malformed_upload");
    }
    refused(&post_raw(uploads, "/", b"<html>").await, 415, "unsupported_image");
    refused(&post_raw(uploads, "/?width=5", &sample("china.jpg")[..900]).await, 400, "undecodable_image");
    assert_eq!(post(uploads, "/?width=5", file()).await.status, 200, "it is well");
}

#[actix_web::test]
async fn the_size_limit_applies_while_receiving() {
    let limit = |config: &mut Config| config.limits.max_bytes = ByteSize::kib(64);
    let (_server, uploads) = serve_uploads("", limit).await;
    // by `Content-Length`: refused before the body is received
    for headers in [vec![("Content-Length", "65537")], vec![("Content-Length", "99999999999999999999")]] {
        let mut connection = Connection::open(uploads).await;
        connection.send("POST", "/", &headers).await;
        let status = connection.read("POST").await.status;
        assert!(status == 413 || status == 400, "{status}");
        assert!(connection.is_closed().await);
    }
    // without `Content-Length`, and endless
    let form = form_type();
    for media in ["image/jpeg", &form] {
        let mut connection = Connection::open(uploads).await;
        connection.send("POST", "/", &[("Transfer-Encoding", "chunked"), ("Content-Type", media)]).await;
        let begun = if media == form { Form::default().file(&"".into()).begun() } else { Vec::new() };
        let piece = [&begun[..begun.len().saturating_sub(2)], &vec![7; 300_000]].concat();
        connection.write(&format!("{:x}\r\n", piece.len() + 1)).await;
        connection.write_bytes(&piece).await;
        refused(&connection.read("POST").await, 413, "upload_too_large");
    }
    let small = post_raw(uploads, "/?width=5", &sample("mill.webp")).await;
    assert_eq!(small.status, if sample("mill.webp").len() <= 65536 { 200 } else { 413 });
}

/// An unfinished upload that uses so much of the memory budget that another one does not fit.
async fn half_sent(server: &Server, file: &Bytes) -> Connection {
    const PART: usize = 190_000;
    let mut connection = Connection::open(server.uploads_address.unwrap()).await;
    connection.send("POST", "/?width=64", &[("Content-Length", &file.len().to_string())]).await;
    connection.write_bytes(&file[..PART]).await;
    until(async || upload_memory(server).await >= PART).await;
    connection
}

/// Bytes of uploads in memory.
async fn upload_memory(server: &Server) -> usize {
    let metrics = get(server.admin_address, "/metrics").await;
    let text = String::from_utf8(metrics.body).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix("pixmill_upload_memory_bytes "));
    value.unwrap().parse().unwrap()
}

#[actix_web::test]
async fn the_memory_of_all_uploads_is_limited() {
    let room = |config: &mut Config| config.uploads.max_memory = ByteSize::kib(300);
    let (server, uploads) = serve_uploads("", room).await;
    let china = sample("china.jpg");
    let mut slow = half_sent(&server, &china).await;
    let answer = post_raw(uploads, "/?width=64", &china).await;
    refused(&answer, 503, "overloaded");
    assert_eq!(answer.header("retry-after"), "1");
    slow.write_bytes(&china[190_000..]).await;
    assert_eq!(slow.read("POST").await.status, 200);
    // the memory is released, also after a client disconnected
    until(async || upload_memory(&server).await == 0).await;
    drop(half_sent(&server, &china).await);
    until(async || post_raw(uploads, "/?width=64", &china).await.status == 200).await;
}

#[actix_web::test]
async fn idle_uploads_time_out() {
    let hasty = |config: &mut Config| config.uploads.idle_timeout = std::time::Duration::from_millis(20);
    let (_server, uploads) = serve_uploads("", hasty).await;
    for media in ["image/jpeg", &form_type()] {
        let mut connection = Connection::open(uploads).await;
        connection.send("POST", "/", &[("Content-Length", "100"), ("Content-Type", media)]).await;
        connection.write("--").await;
        refused(&connection.read("POST").await, 408, "upload_timeout");
    }
}

#[actix_web::test]
async fn a_disconnected_upload_is_cancelled() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")));
    origin.hold();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let china = sample("china.jpg");
    let mut connection = Connection::open(uploads).await;
    connection.send("POST", "/?mark=/m.png", &[("Content-Length", &china.len().to_string())]).await;
    connection.write_bytes(&china).await;
    origin.wait_for_requests(1).await;
    drop(connection);
    origin.wait_for_abandoned().await;
    until(async || server.in_flight() == 0).await;
    assert_eq!(server.pool().load().begun, 0);
}
