//! A body is complete and within the limit, or it is an error.

use std::rc::Rc;

use origin::{ErrorKind, Phase};
use tokio::sync::Notify;

use crate::{
    SHORT, body, config, fetch, open,
    server::{Reply, Server, ok, say},
    try_open,
};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n";

/// Fetches a reply from an origin whose limit is ten bytes.
async fn kind_of(reply: impl Fn() -> Reply + 'static) -> Result<String, ErrorKind> {
    kind_of_at(10, reply).await
}

async fn kind_of_at(max_bytes: u64, reply: impl Fn() -> Reply + 'static) -> Result<String, ErrorKind> {
    let server = Server::start(move |_| reply()).await;
    let origin = try_open(&config(server.url()), max_bytes).unwrap();
    match fetch(&origin, "/a").await {
        Ok(original) => Ok(String::from_utf8(original.body.to_vec()).unwrap()),
        Err(error) => Err(error.kind()),
    }
}

#[actix_rt::test]
async fn whole_bodies() {
    let expect = |text: &str| Ok(text.to_owned());
    assert_eq!(kind_of(|| ok("", "picture")).await, expect("picture"));
    assert_eq!(kind_of(|| ok("Connection: close\r\n", "picture").then_close()).await, expect("picture"));
    assert_eq!(kind_of(|| ok("", "")).await, expect(""));
    assert_eq!(kind_of(|| ok("Content-Encoding: identity\r\n", "picture")).await, expect("picture"));
    let chunks = "\r\n3\r\npic\r\n4\r\nture\r\n0\r\n\r\n";
    assert_eq!(kind_of(move || say(format!("{CHUNKED}{chunks}"))).await, expect("picture"));
    let closing = format!("{CHUNKED}Connection: close\r\n{chunks}");
    assert_eq!(kind_of(move || say(&closing).then_close()).await, expect("picture"));
    assert_eq!(kind_of(|| say(format!("{CHUNKED}\r\n0\r\n\r\n"))).await, expect(""));
}

#[actix_rt::test]
async fn bodies_may_end_with_the_connection() {
    for head in [
        "HTTP/1.0 200 OK\r\n",
        "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n",
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n",
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n",
    ] {
        for body in ["picture", ""] {
            let reply = format!("{head}\r\n{body}");
            assert_eq!(kind_of(move || say(&reply).then_close()).await, Ok(body.to_owned()), "{head}");
        }
        let reset = format!("{head}\r\npic");
        assert_eq!(kind_of(move || say(&reset).then_reset()).await, Err(ErrorKind::Broken), "{head}");
        let endless = format!("{head}\r\ntoo many bytes");
        assert_eq!(kind_of(move || say(&endless).then_hang()).await, Err(ErrorKind::TooLarge), "{head}");
    }
    let server = Server::start(|_| say("HTTP/1.1 200 OK\r\n\r\npicture").then_close()).await;
    let origin = open(&config(server.url()));
    for _ in 0..2 {
        assert_eq!(body(&origin, "/a").await, "picture");
    }
    assert_eq!(server.connections(), 2, "such a connection serves once");
}

#[actix_rt::test]
async fn content_codings_are_decoded() {
    let small: [u8; 27] =
        [31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 43, 200, 76, 46, 41, 45, 74, 5, 0, 137, 79, 219, 22, 7, 0, 0, 0];
    let head = |length: usize| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nETag: \"1\"\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let whole = [head(small.len()).as_bytes(), &small].concat();
    let server = Server::start(move |_| say(&whole)).await;
    let config = config(server.url());
    let original = fetch(&try_open(&config, small.len() as u64).unwrap(), "/a").await.unwrap();
    assert_eq!((original.body, original.coding_warning), ("picture".into(), None));
    assert_eq!(original.validators.etag.as_deref(), Some("\"1\""));
    // the limit also applies to the encoded body, and the stated length is that of the encoded body
    let error = fetch(&try_open(&config, 8).unwrap(), "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let short = [head(small.len() + 1).as_bytes(), &small].concat();
    assert_eq!(kind_of_at(27, move || say(&short).then_close()).await, Err(ErrorKind::TooLarge));
    let short = [head(small.len() + 1).as_bytes(), &small].concat();
    assert_eq!(kind_of_at(99, move || say(&short).then_close()).await, Err(ErrorKind::Broken));
}

#[actix_rt::test]
async fn incomplete_bodies_are_invalid() {
    for reply in [
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npicture".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n".to_owned(),
        "HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\npicture".to_owned(),
        format!("{CHUNKED}\r\n"),
        format!("{CHUNKED}\r\n3\r\npic\r\n"),
        format!("{CHUNKED}\r\n3\r\npic\r\n4\r\ntu"),
        format!("{CHUNKED}\r\n3\r\npic\r\n0\r\n"),
        format!("{CHUNKED}Connection: close\r\n\r\n3\r\npic\r\n"),
    ] {
        let (closed, reset) = (reply.clone(), reply.clone());
        assert_eq!(kind_of(move || say(&closed).then_close()).await, Err(ErrorKind::Broken), "{reply}");
        assert_eq!(kind_of(move || say(&reset).then_reset()).await, Err(ErrorKind::Broken), "{reply}");
    }
}

#[actix_rt::test]
async fn invalid_responses() {
    for reply in [
        // framing that HTTP/1.0 does not know
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\npic\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\npict",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\npic\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Encoding: br,br,br,br\r\nContent-Length: 1\r\n\r\nx",
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
    ] {
        assert_eq!(kind_of(move || say(reply).then_close()).await, Err(ErrorKind::Broken), "{reply}");
    }
}

#[actix_rt::test]
async fn the_size_limit_holds_for_stated_and_actual_lengths() {
    assert_eq!(kind_of(|| ok("", "ten bytes!")).await, Ok("ten bytes!".to_owned()));
    assert_eq!(
        kind_of(|| say(format!("{CHUNKED}\r\na\r\nten bytes!\r\n0\r\n\r\n"))).await,
        Ok("ten bytes!".to_owned())
    );
    // the stated length is too large: the body is not read, or the test would wait for one that never comes
    let stated = || say("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n").then_hang();
    assert_eq!(kind_of(stated).await, Err(ErrorKind::TooLarge));
    let endless = || say("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n").then_hang();
    assert_eq!(kind_of(endless).await, Err(ErrorKind::TooLarge));
    // the actual length is too large: the body is not read to its end either
    let streamed = || say(format!("{CHUNKED}\r\n6\r\ntoo ma\r\n6\r\nny byt\r\n")).then_hang();
    assert_eq!(kind_of(streamed).await, Err(ErrorKind::TooLarge));
    let old = || say("HTTP/1.0 200 OK\r\n\r\ntoo many bytes").then_hang();
    assert_eq!(kind_of(old).await, Err(ErrorKind::TooLarge));
}

#[actix_rt::test]
async fn bytes_after_a_body_are_never_the_next_response() {
    let server = Server::start(|request| match request.path() {
        "/more" => say(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\npicHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        ),
        _ => ok("", "good"),
    })
    .await;
    let origin = open(&config(server.url()));
    assert_eq!(body(&origin, "/more").await, "pic");
    assert_eq!(body(&origin, "/next").await, "good");
}

#[actix_rt::test]
async fn responses_without_a_length_affect_no_other() {
    for strange in [
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\n\r\n",
    ] {
        // the connection stays open and idle: only its end would show that more data follows
        let server = Server::start(
            move |request| if request.path() == "/strange" { say(strange) } else { ok("", "good") },
        )
        .await;
        let mut config = config(server.url());
        config.response_timeout = SHORT;
        let origin = open(&config);
        fetch(&origin, "/strange").await.unwrap_err();
        assert_eq!(body(&origin, "/next").await, "good");
        assert_eq!(server.connections(), 2, "{strange}");
    }
}

#[actix_rt::test]
async fn a_body_in_flight_survives_the_eviction_of_its_pool() {
    let signal = Rc::new(Notify::new());
    let finish = Rc::clone(&signal);
    let server = Server::start(move |request| match request.path() {
        "/slow" => say(format!("{CHUNKED}\r\n3\r\npic\r\n")).then_say("0\r\n\r\n", &finish),
        _ => say("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
    })
    .await;
    let origin = open(&config(server.url()));
    let slow = fetch(&origin, "/slow");
    let strange = async {
        // further connections evict the pool while the other one is in use
        while server.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        fetch(&origin, "/strange").await.unwrap_err();
        signal.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, strange);
    assert_eq!(slow.unwrap().body, "pic");
}

#[actix_rt::test]
async fn a_stalled_body_times_out() {
    let server = Server::start(|_| say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npic").then_hang()).await;
    let mut config = config(server.url());
    config.response_timeout = SHORT;
    let error = fetch(&open(&config), "/a").await.unwrap_err();
    assert!(matches!(error, origin::Error::Timeout { phase: Phase::Body, .. }), "{error}");
}
