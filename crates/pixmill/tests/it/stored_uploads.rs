//! Stored uploads: as originals, and with their variants.

use bytes::Bytes;
use serde_json::json;
use testkit::Picture;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post, post_raw, post_with},
    setup::{occupy, sample, serve_uploads},
};

fn absent() -> FakeOrigin {
    FakeOrigin::start(Reply::status(404))
}

fn form() -> Form {
    Form::default().file(&sample("china.jpg"))
}

fn size(body: &[u8]) -> (u32, u32) {
    let picture = Picture::decode(&Bytes::copy_from_slice(body));
    (picture.width, picture.height)
}

#[actix_web::test]
async fn the_processed_picture_becomes_the_original() {
    let origin = absent();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let target = "/new.jpg?width=200&cache_processed=true";
    let answer = post(uploads, target, form().field("filter", "grayscale")).await;
    assert_eq!((answer.status, size(&answer.body)), (200, (200, 133)));
    assert_eq!(answer.header("content-location"), "/new.jpg");
    let original = get(server.address, "/new.jpg").await;
    assert_eq!((original.status, &original.body), (200, &answer.body));
    assert!(original.header("cache-control").starts_with("public, max-age=2592000"));
    let made = get(server.address, "/new.jpg?width=50").await;
    assert_eq!((made.outcome(), size(&made.body)), ((200, "miss"), (50, 33)));
    assert_eq!(made.header("x-original-resolution"), "200x133");
    let grey = Picture::decode(&made.body.into());
    assert!(grey.rgba.chunks_exact(4).all(|pixel| pixel[0].abs_diff(pixel[1]) < 4), "it is grey");
    assert_eq!(origin.request_count(), 0);
}

#[actix_web::test]
async fn uploads_for_another_origin_are_found_at_their_location() {
    let [default, other] = [absent(), absent()];
    let (server, uploads) = serve_uploads(&default.url, |config| {
        config.origin.allow_dynamic = true;
        config.origin.hosts_allowed = vec![other.authority()];
        config.origin.private_allowed = vec!["127.0.0.1/32".to_owned()];
    })
    .await;
    let form = form().field("origin", &other.url).field("cache_queries", "width=40");
    let answer = post(uploads, "/new.jpg?width=50", form).await;
    assert_eq!(answer.status, 200);
    let stored = answer.json()["stored"].as_array().unwrap().clone();
    assert_eq!(stored.len(), 3);
    for picture in stored {
        let location = picture["location"].as_str().unwrap();
        assert_eq!(get(server.address, location).await.status, 200, "{location}");
    }
    assert_eq!(get(server.address, "/new.jpg").await.status, 404);
    assert_eq!(other.request_count(), 0);
}

#[actix_web::test]
async fn cache_queries_in_every_encoding() {
    let origin = absent();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    for (number, queries) in [
        r#"["width=20","width=40","height=50"]"#,
        "%5B%22width%3D20%22%2C%22width%3D40%22%2C%22height%3D50%22%5D",
        r#"["width%3D20","width%3D40","height%3D50"]"#,
        "%5B%22width%253D20%22%2C%22width%253D40%22%2C%22height%253D50%22%5D",
    ]
    .into_iter()
    .enumerate()
    {
        let answer = post(uploads, &format!("/{number}.jpg"), form().field("cache_queries", queries)).await;
        assert_eq!(answer.status, 200, "{queries}");
        assert_eq!(answer.json()["stored"].as_array().unwrap().len(), 4, "{queries}");
        for query in ["", "?width=20", "?width=40", "?height=50"] {
            let made = get(server.address, &format!("/{number}.jpg{query}")).await;
            assert_eq!(made.outcome(), (200, "hit-memory"), "{queries} {query}");
        }
    }
    let refused = post(uploads, "/x.jpg", form().field("cache_queries", r#"["width=20","colour=1"]"#)).await;
    assert_eq!((refused.status, refused.json()["error"]["parameter"].as_str()), (400, Some("cache_queries")));
    assert_eq!(get(server.address, "/x.jpg?width=20").await.status, 404, "nothing is stored");
}

#[actix_web::test]
async fn the_last_upload_wins() {
    let origin = absent();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    assert_eq!(get(server.address, "/new.jpg").await.status, 404);
    for (name, resolution) in [("china.jpg", "640x427"), ("chelsea.png", "451x300")] {
        let answer = post_raw(uploads, "/new.jpg?cache_processed=1", &sample(name)).await;
        assert_eq!((answer.status, answer.body), (200, sample(name).to_vec()));
        let target = format!("/new.jpg?width=51&pad={}", name.len());
        assert_eq!(get(server.address, &target).await.header("x-original-resolution"), resolution);
    }
    assert_eq!(origin.request_count(), 1);
}

#[actix_web::test]
async fn an_upload_replaces_the_result_of_a_fetch_in_flight() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")));
    origin.hold();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let mut early = Connection::open(server.address).await;
    early.send("GET", "/new.jpg?width=50", &[]).await;
    origin.wait_for_requests(1).await;
    assert_eq!(post_raw(uploads, "/new.jpg?cache_processed=1", &sample("china.jpg")).await.status, 200);
    origin.release();
    assert_eq!(early.read("GET").await.header("x-original-resolution"), "640x427");
    assert_eq!(get(server.address, "/new.jpg?width=60").await.header("x-original-resolution"), "640x427");
}

#[actix_web::test]
async fn defaults_are_not_applied_twice() {
    let origin = absent();
    let defaults = |config: &mut pixmill::config::Config| config.params.defaults = "pad=10".to_owned();
    let (server, uploads) = serve_uploads(&origin.url, defaults).await;
    let answer = post(uploads, "/new.jpg?width=100&cache_processed=1", form()).await;
    assert_eq!(size(&answer.body), (100, 67));
    let shown = get(server.address, "/new.jpg").await;
    assert_eq!(size(&shown.body), (120, 87));
    assert_eq!(size(&post(uploads, "/?width=100", form()).await.body), (120, 87));
}

#[actix_web::test]
async fn cache_queries_are_rendered_and_stored() {
    let origin = absent();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    // the example of the API reference
    let queries = json!(["width=200", "width=400", "height=500"]).to_string();
    let report = post(uploads, "/image.jpg", form().field("cache_queries", &queries)).await;
    assert_eq!((report.status, report.header("content-type")), (200, "application/json"));
    let stored = report.json()["stored"].clone();
    let targets = ["/image.jpg", "/image.jpg?width=200", "/image.jpg?width=400", "/image.jpg?height=500"];
    for (entry, target) in stored.as_array().unwrap().iter().zip(targets) {
        assert_eq!(entry["location"], target);
        let begun = server.pool().load().begun;
        let answer = get(server.address, target).await;
        assert_eq!(answer.outcome(), (200, "hit-memory"), "{target}");
        assert_eq!(entry["bytes"], answer.body.len(), "{target}");
        assert_eq!(server.pool().load().begun, begun, "it is not rendered again");
        if let Some(etag) = entry["etag"].as_str() {
            assert_eq!(answer.header("etag"), etag);
        }
    }
    assert_eq!(stored.as_array().unwrap().len(), 4);
    assert_eq!((origin.request_count(), server.pool().load().begun), (0, 3));
    assert_eq!(size(&get(server.address, "/image.jpg?width=200").await.body), (200, 133));
}

#[actix_web::test]
async fn cache_queries_apply_to_the_processed_picture() {
    let origin = absent();
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let fields = form().field("cache_processed", "true").field("crop", "0,0,300,300");
    let fields =
        fields.field("cache_queries", "width=30").field("cache_queries", "mark=%2Fno.png&mark_required=1");
    let report = post(uploads, "/image.jpg", fields).await.json();
    assert_eq!(report["stored"][0]["location"], "/image.jpg");
    assert_eq!(report["stored"][1]["location"], "/image.jpg?width=30");
    assert_eq!(report["stored"][2]["error"]["code"], "not_found", "{report}");
    let small = get(server.address, "/image.jpg?width=30").await;
    assert_eq!((small.outcome(), size(&small.body)), ((200, "hit-memory"), (30, 30)));
}

#[actix_web::test]
async fn all_queries_of_an_upload_have_one_deadline() {
    let origin = absent();
    let (server, uploads) = serve_uploads(&origin.url, |config| {
        config.workers.threads = 1;
        config.limits.deadline = std::time::Duration::from_secs(1);
    })
    .await;
    let (_job, _release) = occupy(&server).await;
    let queries: Vec<_> = (1..=10).map(|width| format!("width={width}")).collect();
    let began = std::time::Instant::now();
    let report =
        post(uploads, "/image.jpg", form().field("cache_queries", &json!(queries).to_string())).await;
    assert!(began.elapsed().as_secs() < 5, "ten deadlines are ten seconds");
    let stored = report.json()["stored"].clone();
    assert_eq!((report.status, &stored[0]["content_type"]), (200, &"image/jpeg".into()));
    for (entry, query) in stored.as_array().unwrap()[1..].iter().zip(&queries) {
        assert_eq!(entry["location"], format!("/image.jpg?{query}"));
        assert_eq!(entry["error"]["code"], "deadline_passed");
    }
    assert_eq!(stored.as_array().unwrap().len(), 11);
    let wanted = post(uploads, "/image.jpg?width=5", form()).await;
    assert_eq!(wanted.status, 504, "the response is the requested picture");
}

#[actix_web::test]
async fn uploads_that_cannot_be_stored_are_refused() {
    let origin = absent();
    let change = |config: &mut pixmill::config::Config| {
        config.uploads.max_queries = 2;
        config.cache.max_entry_bytes = bytesize::ByteSize::kib(100);
    };
    let (server, uploads) = serve_uploads(&origin.url, change).await;
    for (field, value, status, code) in [
        ("cache_queries", "[\"width=x\"]", 400, "invalid_parameter"),
        ("cache_queries", "[1]", 400, "invalid_parameter"),
        ("cache_queries", "[\"w=1\",\"w=2\",\"w=3\"]", 400, "invalid_parameter"),
        ("cache_queries", "[\"origin=http://a.example\"]", 401, "dynamic_origin_refused"),
        ("cache_processed", "perhaps", 400, "invalid_parameter"),
        ("cache_processed", "true", 507, "upload_not_kept"),
        ("cache_queries", "width=5", 507, "upload_not_kept"),
    ] {
        let answer = post(uploads, "/a.jpg", form().field(field, value)).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (status, &code.into()), "{value}");
    }
    let described = post(uploads, "/a.jpg?meta=1&cache_processed=1", form()).await;
    assert_eq!((described.status, &described.json()["error"]["parameter"]), (400, &"cache_processed".into()));
    let text = post_with(uploads, "/a.jpg?cache_queries=width%3D5", &[], b"no picture").await;
    assert_eq!(text.status, 415);
    assert_eq!(get(server.address, "/a.jpg?width=5").await.status, 404, "nothing was stored");
}
