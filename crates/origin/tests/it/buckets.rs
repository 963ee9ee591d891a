//! Buckets, against an S3 service and a misbehaving server.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use origin::{Addressing, BucketConfig, Config, ErrorKind, Fetched, Origins, Phase, Selection, Validators};
use request_trace::{InMemorySink, Trace};

use crate::{
    SHORT, body, fetch, open, path,
    s3::{ACCESS_KEY, BUCKET, LAST_MODIFIED, SECRET_KEY, Service},
    server::{Reply, Server, empty, ok, say},
    try_open,
};

fn config(endpoint: &str) -> Config {
    Config {
        url: format!("s3://{BUCKET}").into(),
        bucket: BucketConfig {
            endpoint: endpoint.to_owned(),
            access_key_id: ACCESS_KEY.to_owned(),
            secret_access_key: SECRET_KEY.into(),
            ..BucketConfig::default()
        },
        ..Config::default()
    }
}

fn with(endpoint: &str, change: impl FnOnce(&mut Config)) -> Origins {
    let mut config = config(endpoint);
    change(&mut config);
    assert_eq!(config.problems(), []);
    open(&config)
}

async fn kind(origin: &Origins, raw: &str) -> ErrorKind {
    fetch(origin, raw).await.unwrap_err().kind()
}

#[actix_rt::test]
async fn an_object_has_its_metadata() {
    let service = Service::start([("a.png", Bytes::from_static(b"picture"))]).await;
    let origin = open(&config(&service.endpoint));
    let original = fetch(&origin, "/a.png").await.unwrap();
    assert_eq!(original.body, "picture");
    assert_eq!(original.content_type.as_deref(), Some("image/png"));
    assert_eq!(original.validators.etag.as_deref(), Some("\"5-7\""));
    assert_eq!(original.validators.last_modified.as_deref(), Some(LAST_MODIFIED));
    assert_eq!(original.cache_policy.lifetime(), Some(Duration::from_mins(1)));
    assert_eq!(original.cache_policy.stale_if_error, Some(Duration::from_secs(5)));
    assert_eq!(kind(&origin, "/b.png").await, ErrorKind::NotFound);
    assert_eq!(service.answered(), 2);
}

#[actix_rt::test]
async fn requests_for_objects_carry_the_trace_of_their_task() {
    let service = Service::start([("a.png", Bytes::from_static(b"picture"))]).await;
    let origin = open(&config(&service.endpoint));
    let trace = Trace::start(None, 1.0, Arc::new(InMemorySink::default())).context();
    request_trace::scope(Some(trace.clone()), fetch(&origin, "/a.png")).await.unwrap();
    fetch(&origin, "/a.png").await.unwrap();
    assert_eq!(service.traces(), [[Some(trace.traceparent()), None], [None, None]]);
}

#[actix_rt::test]
async fn the_signature_must_be_right() {
    type Change = fn(&mut BucketConfig);
    let service = Service::start([("a.png", Bytes::from_static(b"picture"))]).await;
    let changes: [Change; 3] = [
        |bucket| bucket.secret_access_key = "wrong".into(),
        |bucket| bucket.access_key_id = "NOBODY".to_owned(),
        |bucket| {
            *bucket =
                BucketConfig { anonymous: true, endpoint: bucket.endpoint.clone(), ..BucketConfig::default() }
        },
    ];
    for change in changes {
        let origin = with(&service.endpoint, |config| change(&mut config.bucket));
        let error = fetch(&origin, "/a.png").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
        assert!(!error.to_string().contains(SECRET_KEY), "{error}");
    }
    assert_eq!(service.answered(), 0);
    // the region is part of the signature, whatever it is
    let origin = with(&service.endpoint, |config| config.bucket.region = "eu-central-1".to_owned());
    assert_eq!(body(&origin, "/a.png").await, "picture");
}

#[actix_rt::test]
async fn a_known_version_makes_the_request_conditional() {
    let service = Service::start([("a.png", Bytes::from_static(b"picture"))]).await;
    let origin = open(&config(&service.endpoint));
    let current = fetch(&origin, "/a.png").await.unwrap().validators;
    let only_date = Validators { etag: None, ..current.clone() };
    for known in [&current, &only_date] {
        let fetched = origin.fetch(&path("/a.png"), Some(known)).await.unwrap();
        let Fetched::NotModified(unchanged) = fetched else { panic!("expected not modified: {fetched:?}") };
        assert_eq!(&unchanged.validators, known);
    }
    let old = Validators { etag: Some("\"old\"".to_owned()), ..current };
    let fetched = origin.fetch(&path("/a.png"), Some(&old)).await.unwrap();
    assert!(matches!(fetched, Fetched::Modified(original) if original.body == "picture"));
}

#[actix_rt::test]
async fn not_modified_may_state_a_new_lifetime() {
    let server =
        Server::start(|_| say("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=9\r\n\r\n")).await;
    let origin = open(&config(&server.url()));
    let known = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
    let fetched = origin.fetch(&path("/a"), Some(&known)).await.unwrap();
    let Fetched::NotModified(unchanged) = fetched else { panic!("expected not modified") };
    assert_eq!(unchanged.validators, known);
    assert_eq!(unchanged.cache_policy.lifetime(), Some(Duration::from_secs(9)));
    assert_eq!(server.requests()[0].header("if-none-match"), Some("\"1\""));
    let known = Validators { etag: Some("\"a\r\nX: y\"".to_owned()), last_modified: None };
    let error = origin.fetch(&path("/a"), Some(&known)).await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (ErrorKind::Broken, 1));
    // a 304 to an unconditional request is invalid
    assert_eq!(kind(&origin, "/a").await, ErrorKind::Broken);
}

#[actix_rt::test]
async fn expires_counts_where_nothing_else_does() {
    let server = Server::start(|_| {
        ok(&format!("ETag: \"1\"\r\nLast-Modified: {LAST_MODIFIED}\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nExpires: Thu, 01 Jan 2026 00:02:00 GMT\r\n"), "x")
    })
    .await;
    let original = fetch(&open(&config(&server.url())), "/a").await.unwrap();
    assert_eq!(original.cache_policy.lifetime(), Some(Duration::from_mins(2)));
}

/// Every key's content is its own name, so that mistaking it for another key is detected.
#[actix_rt::test]
async fn odd_keys_are_their_own_objects() {
    let keys = [
        "a b.png",
        "a+b.png",
        "a%20b.png",
        "a%2Fb",
        "caf\u{e9}.png",
        "\u{20ac}/\u{1f600}.png",
        "a//b",
        "a/b",
        "a",
        "a/",
        "a//",
        "dir/.hidden",
        "~!$&'()*,;=:@.png",
        "[x]{y}^`|<>\"#?.png",
        "p/x",
        "p//x",
        "p/a%2e%2e/x",
        "...",
    ];
    let service = Service::start(keys.map(|key| (key, Bytes::from_static(key.as_bytes())))).await;
    let origin = open(&config(&service.endpoint));
    for (raw, key) in [
        ("/a%20b.png", "a b.png"),
        ("/a b.png", "a b.png"),
        ("/a+b.png", "a+b.png"),
        ("/a%2Bb.png", "a+b.png"),
        ("/a%2520b.png", "a%20b.png"),
        ("/a%252Fb", "a%2Fb"),
        ("/caf%C3%A9.png", "caf\u{e9}.png"),
        ("/\u{20ac}/%F0%9F%98%80.png", "\u{20ac}/\u{1f600}.png"),
        // empty segments are dropped: keys that have some cannot be requested
        ("/a//b", "a/b"),
        ("/a/b", "a/b"),
        ("/a", "a"),
        ("/a/", "a"),
        ("//a//", "a"),
        ("/dir/.hidden", "dir/.hidden"),
        ("/~!$&'()*,;=:@.png", "~!$&'()*,;=:@.png"),
        ("/%5Bx%5D%7By%7D%5E%60%7C%3C%3E%22%23%3F.png", "[x]{y}^`|<>\"#?.png"),
        ("/...", "..."),
    ] {
        assert_eq!(body(&origin, raw).await, key, "{raw}");
    }
    let answered = service.answered();
    // the root is not an object
    for raw in ["/", "//"] {
        assert_eq!(kind(&origin, raw).await, ErrorKind::NotFound, "{raw}");
    }
    assert_eq!(service.answered(), answered);
    let below = with(&service.endpoint, |config| config.url = format!("{}/p/", &*config.url).into());
    for (raw, key) in [("/x", "p/x"), ("//x", "p/x"), ("/a%252e%252e/x", "p/a%2e%2e/x")] {
        assert_eq!(body(&below, raw).await, key, "{raw}");
    }
    assert_eq!(kind(&below, "/a").await, ErrorKind::NotFound);
    assert_eq!(kind(&below, "/").await, ErrorKind::NotFound);
}

#[actix_rt::test]
async fn identities_are_unique_and_have_no_credentials() {
    let identity = |change: fn(&mut Config)| {
        let mut config = config("");
        config.bucket.region = "eu-central-1".to_owned();
        config.bucket.azure_account = "acme".to_owned();
        change(&mut config);
        let origin = open(&config);
        let identity = origin.identity(&path("/a%20b/c"));
        assert_eq!(origin.identity(&path("//%61%20b/%63/")), identity, "one object has one name");
        identity
    };
    assert_eq!(identity(|_| ()), "s3://photos/a%20b/c");
    assert_eq!(
        identity(|config| config.url = format!("{}/2026/", &*config.url).into()),
        "s3://photos/2026/a%20b/c"
    );
    assert_eq!(
        identity(|config| config.bucket.endpoint = "http://minio:9000/".to_owned()),
        "s3+http://minio:9000/photos/a%20b/c"
    );
    assert_eq!(
        identity(|config| {
            config.bucket.endpoint = "https://minio.example".to_owned();
            config.bucket.addressing = Addressing::VirtualHosted;
        }),
        "s3+https://minio.example/photos/a%20b/c"
    );
    assert_eq!(
        identity(|config| {
            config.url = "az://photos".into();
            config.bucket.azure_key = "c2VjcmV0".into();
        }),
        "az://photos@acme/a%20b/c"
    );
}

#[actix_rt::test]
async fn objects_have_a_limit() {
    let objects = [("seven", Bytes::from_static(b"picture")), ("empty", Bytes::new())];
    let service = Service::start(objects).await;
    let exact = try_open(&config(&service.endpoint), 7).unwrap();
    assert_eq!(body(&exact, "/seven").await, "picture");
    assert_eq!(body(&exact, "/empty").await, "");
    let small = try_open(&config(&service.endpoint), 6).unwrap();
    assert_eq!(kind(&small, "/seven").await, ErrorKind::TooLarge);
    // the body of an error response is not an original
    assert_eq!(kind(&small, "/missing").await, ErrorKind::NotFound);
}

#[actix_rt::test]
async fn incomplete_bodies_are_errors() {
    let headers = format!("ETag: \"1\"\r\nLast-Modified: {LAST_MODIFIED}\r\n");
    let short = format!("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n{headers}\r\npicture");
    let chunked = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n3\r\npic\r\n");
    let endless = format!("HTTP/1.1 200 OK\r\n{headers}\r\npicture");
    for text in [short, chunked] {
        for end in [Reply::then_close as fn(Reply) -> Reply, Reply::then_reset] {
            let reply = text.clone();
            let server = Server::start(move |_| end(say(&reply))).await;
            assert_eq!(kind(&open(&config(&server.url())), "/a").await, ErrorKind::Broken, "{text}");
        }
    }
    let reset = endless.clone();
    let server = Server::start(move |_| say(&reset).then_reset()).await;
    assert_eq!(kind(&open(&config(&server.url())), "/a").await, ErrorKind::Broken);
    let server = Server::start(move |_| say(&endless).then_close()).await;
    assert_eq!(body(&open(&config(&server.url())), "/a").await, "picture");
    let whole =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{headers}\r\n7\r\npicture\r\n0\r\n\r\n");
    let server = Server::start(move |_| say(&whole)).await;
    assert_eq!(body(&open(&config(&server.url())), "/a").await, "picture");
}

#[actix_rt::test]
async fn content_codings_of_objects_are_decoded() {
    // "picture" compressed by zlib, and uncompressed with a coding that only says how it was uploaded
    let zlib = [120, 156, 43, 200, 76, 46, 41, 45, 74, 5, 0, 11, 244, 2, 253];
    for (provider, coding, sent, is_doubted) in [
        ("s3", "deflate", &zlib[..], false),
        ("s3", "aws-chunked", b"picture", true),
        ("s3", "aws-chunked,deflate", &zlib, true),
        ("gs", "deflate", &zlib, false),
        ("az", "deflate", &zlib, false),
    ] {
        // an invalid or missing date must not make an object unreadable
        for dates in ["Last-Modified: yesterday\r\n", "", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n"]
        {
            let length = sent.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n{dates}\r\n"
            );
            let reply = [head.as_bytes(), sent].concat();
            let server = Server::start(move |_| say(&reply)).await;
            let origin = with(&server.url(), |config| {
                config.url = format!("{provider}://photos").into();
                config.bucket.anonymous = true;
                config.bucket.access_key_id.clear();
                config.bucket.secret_access_key = config_types::Secret::default();
                config.bucket.azure_account = "account".to_owned();
            });
            let original = fetch(&origin, "/a").await.unwrap();
            assert_eq!(
                (&original.body[..], original.coding_warning.is_some()),
                (&b"picture"[..], is_doubted),
                "{coding}"
            );
            assert_eq!(original.validators.last_modified.is_some(), dates.contains("GMT"), "{dates}");
        }
    }
}

#[actix_rt::test]
async fn services_have_time_limits() {
    let server = Server::start(|request| match request.path() {
        "/photos/silent" => say("").then_hang(),
        _ => say("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npic").then_hang(),
    })
    .await;
    let origin = with(&server.url(), |config| config.response_timeout = SHORT);
    for (raw, expected) in [("/silent", Phase::Response), ("/slow", Phase::Body)] {
        let error = fetch(&origin, raw).await.unwrap_err();
        assert!(matches!(error, origin::Error::Timeout { phase, .. } if phase == expected), "{raw}: {error}");
    }
    let origin = with(&server.url(), |config| config.timeout = SHORT);
    let error = fetch(&origin, "/silent").await.unwrap_err();
    assert!(matches!(error, origin::Error::Timeout { phase: Phase::Fetch, .. }), "{error}");
}

#[actix_rt::test]
async fn temporary_errors_are_retried() {
    let slow_down = || empty(503, "");
    let server = Server::start(move |_| slow_down()).await;
    let origin = open(&config(&server.url()));
    assert_eq!(kind(&origin, "/a").await, ErrorKind::Broken);
    assert_eq!(server.requests().len(), 3);

    let times = std::cell::Cell::new(0);
    let server = Server::start(move |_| {
        times.set(times.get() + 1);
        match times.get() {
            1 => slow_down(),
            2 => say("").then_close(),
            _ => ok(&format!("ETag: \"1\"\r\nLast-Modified: {LAST_MODIFIED}\r\n"), "picture"),
        }
    })
    .await;
    assert_eq!(body(&open(&config(&server.url())), "/a").await, "picture");
}

#[actix_rt::test]
async fn refusals() {
    let nobody = "http://127.0.0.1:1";
    for (reply, expected) in [
        (empty as fn(u16, &str) -> Reply, 401, ErrorKind::Forbidden),
        (empty, 403, ErrorKind::Forbidden),
        (empty, 404, ErrorKind::NotFound),
        (empty, 400, ErrorKind::Broken),
        (empty, 301, ErrorKind::Broken),
        (empty, 500, ErrorKind::Broken),
    ]
    .map(|(reply, status, expected)| ((reply, status), expected))
    {
        let (make, status) = reply;
        // a signed request must not be sent anywhere else
        let server = Server::start(move |_| make(status, "Location: http://127.0.0.1:1/\r\n")).await;
        assert_eq!(kind(&open(&config(&server.url())), "/a").await, expected, "{status}");
    }
    assert_eq!(kind(&open(&config(nobody)), "/a").await, ErrorKind::Unreachable);
    // a missing bucket is a configuration error, not an absent original
    let service = Service::start([]).await;
    let origin = with(&service.endpoint, |config| config.url = "s3://elsewhere".into());
    let error = fetch(&origin, "/a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Broken);
    assert!(error.to_string().contains("NoSuchBucket"), "{error}");
}

#[actix_rt::test]
async fn connections_are_reused_and_abandoned_fetches_end() {
    let service_headers = format!("ETag: \"1\"\r\nLast-Modified: {LAST_MODIFIED}\r\n");
    let server = Server::start(move |request| match request.path() {
        "/photos/hang" => say("").then_hang(),
        _ => ok(&service_headers, "picture"),
    })
    .await;
    let origin = with(&server.url(), |config| config.max_connections = 1);
    for _ in 0..3 {
        assert_eq!(body(&origin, "/a").await, "picture");
    }
    assert_eq!(server.connections(), 1);
    {
        let abandoned = fetch(&origin, "/hang");
        tokio::pin!(abandoned);
        while server.requests().len() < 4 {
            assert!(futures_util::future::poll_immediate(&mut abandoned).await.is_none());
            tokio::task::yield_now().await;
        }
    }
    // the only connection is free again
    assert_eq!(body(&origin, "/a").await, "picture");
}

/// Each runtime has its own connections, and its end does not affect others.
#[test]
fn connections_do_not_outlive_their_runtime() {
    let (told, endpoint) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let service = Service::start([("a.png", Bytes::from_static(b"picture"))]).await;
            told.send(service.endpoint.clone()).unwrap();
            stopped.await.ok();
        });
    });
    let endpoint = endpoint.recv().unwrap();
    let work = |endpoint: String| {
        std::thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let origin = open(&config(&endpoint));
                for _ in 0..3 {
                    assert_eq!(body(&origin, "/a.png").await, "picture");
                }
            });
        })
    };
    for _ in 0..3 {
        let (one, other) = (work(endpoint.clone()), work(endpoint.clone()));
        one.join().unwrap();
        other.join().unwrap();
    }
    drop(stop);
    server.join().unwrap();
}

#[actix_rt::test]
async fn requests_may_name_buckets() {
    let service = Service::start([("a.png", Bytes::from_static(b"picture"))]).await;
    let origins = with(&service.endpoint, |config| {
        config.url = "http://127.0.0.1:1".into();
        config.allow_dynamic = true;
        config.buckets_allowed = vec![BUCKET.to_owned(), "elsewhere".to_owned()];
    });
    let named = |bucket, region| {
        let request = Selection { path: "/a.png", bucket: Some(bucket), region, ..Selection::default() };
        origins.locate(&request).unwrap()
    };
    let photos = named(BUCKET, None);
    let Fetched::Modified(found) = origins.fetch(&photos, None).await.unwrap() else {
        panic!("no conditional request was sent")
    };
    assert_eq!(found.body, "picture");
    let elsewhere = named("elsewhere", Some("eu-central-1"));
    assert_eq!(origins.fetch(&elsewhere, None).await.unwrap_err().kind(), ErrorKind::Broken);
    assert_ne!(origins.identity(&photos), origins.identity(&elsewhere));
}
