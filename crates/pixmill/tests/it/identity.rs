//! Path normalization: all spellings of a path share cached variants, originals and purges, for all kinds of origins.

use std::os::unix::ffi::OsStrExt;

use pixmill::app::Server;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post},
    nodes::{Nodes, purge},
    s3::{ACCESS_KEY, BUCKET, SECRET_KEY, Service},
    setup::{sample, serve, serve_uploads},
};

/// Spellings of a file in a folder, or an object in a bucket.
const SPELLINGS: [&str; 6] = [
    "/caf%C3%A9/photo(1).jpg",
    "/caf%c3%a9/photo%281%29.jpg",
    "//caf%C3%A9/photo(1).jpg",
    "/caf%C3%A9//photo%281%29.jpg",
    "/caf%C3%A9/photo(1).jpg/",
    "/%63af%c3%A9/%70hoto(%31)%2Ejpg",
];

fn cacheable() -> Reply {
    Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=600")
}

/// Checks that all spellings share one variant and one entity tag, and that a purge by any of them removes it.
async fn check(server: &Server, spellings: &[&str]) {
    let first = get(server.address, &format!("{}?width=40", spellings[0])).await;
    assert_eq!(first.outcome(), (200, "miss"));
    for spelling in spellings {
        let target = format!("{spelling}?width=40");
        let again = get(server.address, &target).await;
        assert_eq!(again.outcome(), (200, "hit-memory"), "{spelling}");
        assert_eq!(again.header("surrogate-key"), first.header("surrogate-key"), "{spelling}");
        assert_eq!((&again.body, again.header("etag")), (&first.body, first.header("etag")), "{spelling}");
        let purged = purge(server, spelling).await;
        assert_eq!(purged.json()["tag"].as_str(), Some(first.header("surrogate-key")), "{spelling}");
        let made = get(server.address, &format!("{}?width=40", spellings[0])).await;
        assert_eq!(made.outcome(), (200, "miss"), "{spelling} purges all");
    }
}

#[actix_web::test]
async fn a_file_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("caf\u{e9}")).unwrap();
    for name in ["caf\u{e9}/photo(1).jpg", "a+b.jpg", "cafe\u{301}.jpg"] {
        std::fs::write(folder.path().join(name), sample("china.jpg")).unwrap();
    }
    let server = serve(folder.path().to_str().unwrap(), |_| ()).await;
    check(&server, &SPELLINGS).await;
    check(&server, &["/a+b.jpg", "/a%2Bb.jpg", "/a%2bb.jpg/"]).await;
    // composed and decomposed letters are different names
    assert_eq!(get(server.address, "/cafe%CC%81.jpg?width=40").await.status, 200);
    assert_eq!(get(server.address, "/caf%C3%A9.jpg?width=40").await.status, 404);
    // names are bytes, and cannot contain a slash
    let latin = std::ffi::OsStr::from_bytes(b"na\xefve.jpg");
    std::fs::write(folder.path().join(latin), sample("china.jpg")).unwrap();
    assert_eq!(get(server.address, "/na%EFve.jpg?width=40").await.status, 200);
    assert_eq!(get(server.address, "/caf%C3%A9/photo(1).jpg?width=41").await.status, 200);
    assert_eq!(get(server.address, "/caf%C3%A9%2Fphoto(1).jpg?width=41").await.status, 404);
    // overlays are found by any spelling too
    for mark in ["a%2Bb.jpg", "%2Fa%252Bb.jpg", "%2Fa%2Bb.jpg%2F%2F"] {
        let marked = get(server.address, &format!("/a+b.jpg?width=60&mark={mark}&mark_required=1")).await;
        assert_eq!(marked.status, 200, "{mark}");
        let tags: Vec<_> = marked.header("surrogate-key").split(' ').collect();
        assert_eq!(tags.len(), 1, "{mark}: the same file, the same tag");
    }
}

#[actix_web::test]
async fn an_object_of_a_bucket() {
    let service = Service::start([("caf\u{e9}/photo(1).jpg", sample("china.jpg"))]).await;
    for (url, is_named) in [(format!("s3://{BUCKET}"), false), ("s3://elsewhere".to_owned(), true)] {
        let server = serve(&url, |config| {
            config.origin.bucket.endpoint.clone_from(&service.endpoint);
            ACCESS_KEY.clone_into(&mut config.origin.bucket.access_key_id);
            config.origin.bucket.secret_access_key = SECRET_KEY.into();
            config.origin.allow_dynamic = true;
            config.origin.buckets_allowed = vec![BUCKET.to_owned()];
        })
        .await;
        if !is_named {
            check(&server, &SPELLINGS).await;
            // an encoded slash is a slash in the key, and keys are UTF-8
            let encoded = get(server.address, "/caf%C3%A9%2Fphoto(1).jpg?width=40").await;
            assert_eq!(encoded.outcome(), (200, "hit-memory"));
            assert_eq!(get(server.address, "/caf%E9/photo(1).jpg?width=40").await.status, 404);
            continue;
        }
        let mut outcomes = Vec::new();
        for spelling in SPELLINGS {
            let answer = get(server.address, &format!("{spelling}?width=40&bucket={BUCKET}")).await;
            outcomes.push(answer.outcome().1.to_owned());
        }
        assert!(outcomes[0] == "miss" && outcomes[1..].iter().all(|it| it == "hit-memory"), "{outcomes:?}");
    }
}

#[actix_web::test]
async fn paths_of_http_origins_are_passed_on_unchanged() {
    let origin = FakeOrigin::start(cacheable());
    let server = serve(&origin.url, |config| {
        config.origin.allow_dynamic = true;
        config.origin.hosts_allowed = vec![origin.authority()];
    })
    .await;
    check(&server, &["/~a(1).jpg", "/%7ea(%31).jpg", "/%7E%61(1).jpg", "//~a(1).jpg/"]).await;
    let asked = origin.request_count();
    // spellings that may differ for the origin are different originals, and are sent unchanged
    for (path, sent) in [
        ("/~a%281%29.jpg", "/~a%281%29.jpg"),
        ("/a+b", "/a+b"),
        ("/a%2bb", "/a%2Bb"),
        ("/a;b/c", "/a;b/c"),
        // an encoded slash, and Latin-1
        ("/x/y.jpg", "/x/y.jpg"),
        ("/x%2fy.jpg", "/x%2Fy.jpg"),
        ("/caf%e9.jpg", "/caf%E9.jpg"),
        ("/caf%C3%A9.jpg", "/caf%C3%A9.jpg"),
    ] {
        assert_eq!(get(server.address, &format!("{path}?width=40")).await.outcome(), (200, "miss"), "{path}");
        assert!(origin.requests().last().unwrap().path() == sent, "{path}");
    }
    assert_eq!(origin.request_count(), asked + 8);
    let purged = purge(&server, "/x%2Fy.jpg").await;
    assert_eq!(purged.status, 200);
    assert_eq!(
        get(server.address, "/x/y.jpg?width=40").await.outcome(),
        (200, "hit-memory"),
        "another original"
    );
    assert_eq!(get(server.address, "/x%2fy.jpg?width=40").await.outcome(), (200, "miss"));
    // absolute URLs are normalized too, and keep their slashes
    let url = |path: &str| format!("/?source_url={}{path}&width=30", origin.url);
    assert_eq!(get(server.address, &url("//x~.jpg")).await.outcome(), (200, "miss"));
    assert!(origin.requests().last().unwrap().path() == "//x~.jpg");
    assert_eq!(get(server.address, &url("//%2578%257e.jpg")).await.outcome(), (200, "hit-memory"));
    assert_eq!(get(server.address, &url("/x~.jpg")).await.outcome(), (200, "miss"));
}

#[actix_web::test]
async fn uploads_are_found_and_purged_by_every_spelling() {
    let origin = FakeOrigin::start(Reply::status(404));
    let (server, uploads) = serve_uploads(&format!("s3://{BUCKET}"), |config| {
        config.origin.bucket.endpoint.clone_from(&origin.url);
        config.origin.bucket.anonymous = true;
    })
    .await;
    for posted in SPELLINGS {
        let form = Form::default().file(&sample("china.jpg"));
        let answer = post(uploads, &format!("{posted}?cache_processed=1&width=50"), form).await;
        assert_eq!(answer.status, 200, "{posted}");
        assert!(!answer.header("content-location").contains("//"), "{posted}");
        for spelling in SPELLINGS {
            assert_eq!(get(server.address, spelling).await.status, 200, "{posted} as {spelling}");
        }
        assert_eq!(purge(&server, SPELLINGS[1]).await.status, 200);
        assert_eq!(get(server.address, posted).await.status, 404, "{posted}");
    }
}

#[actix_web::test]
async fn encoded_dot_segments_are_refused_everywhere() {
    let origin = FakeOrigin::start(cacheable());
    let (server, uploads) = serve_uploads(&format!("{}/base", origin.url), |_| ()).await;
    for path in [
        "/..;/x.jpg",
        "/a/.;x/y.jpg",
        "/%2e%2e;/x.jpg",
        "/..%3b/x.jpg",
        "/..%3B%2e/x.jpg",
        "/%252e%252e/x.jpg",
        "/%25252e%2e/x.jpg",
        "/..%252fx.jpg",
        "/..%255cx.jpg",
        "/..%5cx.jpg",
        "/a%5cb.jpg",
        "/..%20/x.jpg",
        "/a%00.jpg",
        "/a%2500.jpg",
        "/a%0d%0aX.jpg",
        "/%c0%ae%c0%ae/x.jpg",
        "/%25c0%25ae/x.jpg",
        "/%ef%bc%8e%ef%bc%8e/x.jpg",
    ] {
        let mut answers = vec![
            get(server.address, &format!("{path}?width=40")).await,
            purge(&server, path).await,
            post(uploads, path, Form::default().file(&sample("china.jpg"))).await,
        ];
        if !path.contains("%00") && !path.contains("%0d") {
            let mark = path.replace('%', "%25");
            answers.push(get(server.address, &format!("/a.jpg?width=40&mark={mark}&mark_required=1")).await);
        }
        for (number, answer) in answers.iter().enumerate() {
            assert_eq!(answer.status, 400, "{path} ({number})");
            assert_eq!(answer.json()["error"]["code"], "invalid_path", "{path} ({number})");
        }
    }
    assert_eq!(origin.request_count(), 0);
}

#[actix_web::test]
async fn an_entry_that_was_copied_in_redis_is_not_served() {
    let nodes = Nodes::start(FakeOrigin::start(cacheable()), |_| ()).await;
    let Some(nodes) = nodes else { return };
    let names = || nodes.redis.ask::<Vec<String>>(&["KEYS", "pixmill:*:results:*"]);
    nodes.make_on_one("/a.jpg?width=100").await;
    let first = names().remove(0);
    get(nodes.one.address, "/a.jpg?width=50").await;
    nodes.entries_are(2).await;
    let second = names().into_iter().find(|name| *name != first).unwrap();
    nodes.redis.ask::<()>(&["COPY", &first, &second, "REPLACE"]);
    let answer = get(nodes.two.address, "/a.jpg?width=50").await;
    assert_eq!(answer.outcome(), (200, "miss"));
    assert_eq!(answer.body, get(nodes.one.address, "/a.jpg?width=50").await.body);
    let metrics = Connection::open(nodes.two.admin_address).await.ask("GET", "/metrics", &[]).await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    let corrupt = "pixmill_cache_corrupt_total{cache=\"results\",tier=\"redis\"} ";
    let counted = metrics.lines().find_map(|line| line.strip_prefix(corrupt));
    assert!(counted.is_some_and(|counted| counted != "0"), "{metrics}");
}
