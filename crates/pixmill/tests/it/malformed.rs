//! Malformed requests: response, metrics, and unencoded characters in request targets.

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_samples, serve_uploads, until},
};

#[actix_web::test]
async fn unencoded_characters_in_targets_are_handled() {
    let server = serve_samples(|_| ()).await;
    let mut connection = Connection::open(server.address).await;
    for byte in (0x21..=0xff_u8).filter(|byte| !b"?#".contains(byte)) {
        for (before, after) in [(&b"/a"[..], &b".jpg"[..]), (b"/china.jpg?width=20&x=", b"")] {
            let target = [before, &[byte], after].concat();
            connection.write_bytes(&[b"GET ", &target[..], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat()).await;
            let answer = connection.read("GET").await;
            let target = String::from_utf8_lossy(&target).into_owned();
            assert!(answer.find("x-request-id").is_some(), "{byte:#x} {target} {answer:?}");
            let expected = match byte {
                _ if before.contains(&b'?') => &[200][..],
                b'%' | b'\\' | 0x7f => &[400],
                _ => &[404, 400],
            };
            assert!(expected.contains(&answer.status), "{byte:#x} {target} {answer:?}");
            if answer.status >= 400 {
                assert!(answer.json()["error"]["code"].is_string(), "{target}");
            }
        }
    }
}

#[actix_web::test]
async fn unencoded_characters_reach_the_origin_encoded() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |_| ()).await;
    for (target, sent) in [
        (&b"/caf\xc3\xa9.jpg"[..], "/caf%C3%A9.jpg"),
        (b"/na\xefve.jpg", "/na%EFve.jpg"),
        (b"/a\"b<c>.jpg", "/a%22b%3Cc%3E.jpg"),
    ] {
        let mut connection = Connection::open(server.address).await;
        // split in two, and twice on one connection
        for _ in 0..2 {
            connection.write_bytes(b"GET ").await;
            connection.write_bytes(&target[..3]).await;
            connection.write_bytes(&[&target[3..], b"?width=20 HTTP/1.1\r\nHost: a\r\n\r\n"].concat()).await;
            assert_eq!(connection.read("GET").await.status, 200, "{sent}");
        }
        assert_eq!(origin.requests().last().unwrap().path(), sent);
    }
    let layers = br#"/a.jpg?width=90&layers=[{"text":"<b>","scale":50}]"#;
    let mut connection = Connection::open(server.address).await;
    connection.write_bytes(&[b"GET ", &layers[..], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat()).await;
    assert_eq!(connection.read("GET").await.status, 200);
}

#[actix_web::test]
async fn bodies_are_never_changed() {
    let origin = FakeOrigin::start(Reply::status(404));
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let body = sample("china.jpg");
    let mut connection = Connection::open(uploads).await;
    for round in 0..2 {
        let head = format!(
            "POST /a<\u{e9}>.jpg?cache_queries=width=20 HTTP/1.1\r\nHost: a\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        // after this body, targets are passed on unchanged
        let head = if round == 0 { head } else { head.replace("<\u{e9}>", "%3C%C3%A9%3E") };
        connection.write_bytes(&[head.as_bytes(), &body].concat()).await;
        assert_eq!(connection.read("POST").await.status, 200);
        let original = get(server.address, "/a%3C%C3%A9%3E.jpg").await;
        assert!(original.status == 200 && original.body == body, "{}", original.status);
    }
}

#[actix_web::test]
async fn malformed_requests_are_counted_by_reason() {
    let server = serve_samples(|_| ()).await;
    let huge = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(200_000));
    let tls = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n";
    for (sent, status, counted) in [
        (&tls[..], 400, "syntax\"} 1"),
        (b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", 400, "syntax\"} 2"),
        (b"GET / HTP/1.1\r\nHost: a\r\n\r\n", 400, "version\"} 1"),
        (b"GET / HTTP/3.1\r\nHost: a\r\n\r\n", 400, "version\"} 2"),
        (huge.as_bytes(), 431, "too_large\"} 1"),
    ] {
        let mut connection = Connection::open(server.address).await;
        connection.write_bytes(sent).await;
        // unread bytes of a head that is too large may reset the connection before the response is read
        if status == 400 {
            assert_eq!(connection.read("GET").await.status, status, "{counted}");
        }
        let line = format!("pixmill_malformed_requests_total{{reason=\"{counted}");
        let counters = async || String::from_utf8(get(server.admin_address, "/metrics").await.body).unwrap();
        until(async || counters().await.lines().any(|found| found == line)).await;
    }
    assert_eq!(get(server.address, "/health").await.status, 200);
}
