//! Overlays: fetching, missing overlays, and the lifetime of responses with overlays.

use bytes::Bytes;
use testkit::Picture;

use crate::{
    client::{Response, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin, serve_samples},
};

fn decoded(answer: Response) -> Picture {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    Picture::decode(&Bytes::from(answer.body))
}

#[track_caller]
fn refused(answer: &Response, status: u16, code: &str, parameter: Option<&str>) {
    let json = answer.json();
    assert_eq!((answer.status, json["error"]["code"].as_str()), (status, Some(code)), "{json}");
    assert_eq!(json["error"]["parameter"].as_str(), parameter, "{json}");
    assert!(!json.to_string().contains("127.0.0.1"), "{json}");
}

/// An origin with a photograph at every path except `/logo.png`.
fn origin(logo: Reply) -> FakeOrigin {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"));
    origin.set_reply_at("/logo.png", logo);
    origin
}

fn logo() -> Reply {
    Reply::ok(&sample("pixmill-logo.png"))
}

#[actix_web::test]
async fn overlays_are_composited_recursively() {
    let server = serve_samples(|_| ()).await;
    let ask = async |query: &str| {
        let answer = get(server.address, &format!("/china.jpg?width=120&format=png{query}")).await;
        decoded(answer)
    };
    let plain = ask("").await;
    let mut seen = vec![plain.clone()];
    for query in [
        "&mark=/pixmill-logo.png",
        "&mark=/pixmill-logo.png%3Fwidth%3D40%26rotate%3D10",
        "&mark=/chelsea.png",
        "&mark=/chelsea.png%3Fmark%3D/pixmill-logo.png",
        "&mark=/chelsea.png%3Fmark%3D/coffee.png%253Fmark%253D/pixmill-logo.png",
        "&layers=[{%22url%22:%22/pixmill-logo.png%22,%22scale%22:20},{%22text%22:%22Hi%22,%22scale%22:40}]",
    ] {
        let picture = ask(query).await;
        assert!(seen.iter().all(|other| picture.difference(other).mean > 0.3), "{query} shows nothing new");
        seen.push(picture);
    }
    let again =
        get(server.address, "/china.jpg?width=120&format=png&mark=/chelsea.png%3Fmark%3D/pixmill-logo.png");
    assert_eq!(again.await.outcome(), (200, "hit-memory"));
}

#[actix_web::test]
async fn invalid_layers_are_reported() {
    let server = serve_samples(|config| config.limits.max_layers = 20).await;
    let text = "{%22text%22:%22x%22}";
    let layers = |count| format!("layers=[{}]", vec![text; count].join(","));
    let deep = "mark=/a.png".to_owned() + &"?mark=/a.png".repeat(3);
    for (query, status, code, parameter) in [
        (layers(21), 400, "invalid_parameter", "layers"),
        ("layers=[{".to_owned(), 400, "invalid_parameter", "layers"),
        ("layers={}".to_owned(), 400, "invalid_parameter", "layers"),
        ("layers64=!!!".to_owned(), 400, "invalid_parameter", "layers"),
        ("layers64=AAAA____".to_owned(), 400, "invalid_parameter", "layers"),
        (format!("layers=[{{%22text%22:%22{}%22}}]", "x".repeat(1001)), 400, "invalid_parameter", "layers"),
        (format!("layers=[{{%22text%22:%22{}%22}}]", "x".repeat(60_000)), 400, "invalid_parameter", "layers"),
        (deep, 400, "invalid_parameter", "mark"),
        ("mark=/pixmill-logo.png?width=wide".to_owned(), 400, "invalid_parameter", "mark"),
        ("mark=ftp://a.example/x.png".to_owned(), 400, "invalid_parameter", "mark"),
        ("mark=http://a.example/x.png".to_owned(), 401, "dynamic_origin_refused", "mark"),
        ("mark=//a.example/x.png".to_owned(), 401, "dynamic_origin_refused", "mark"),
        (
            "layers=[{%22url%22:%22https://a.example/x.png%22}]".to_owned(),
            401,
            "dynamic_origin_refused",
            "layers",
        ),
        (
            "mark=/pixmill-logo.png?mark=http://a.example/x.png".to_owned(),
            401,
            "dynamic_origin_refused",
            "mark",
        ),
    ] {
        let answer = get(server.address, &format!("/china.jpg?width=50&{query}")).await;
        refused(&answer, status, code, Some(parameter));
    }
    assert_eq!(get(server.address, &format!("/china.jpg?width=50&{}", layers(20))).await.status, 200);
    let climbing = get(server.address, "/china.jpg?mark=/../secret.png").await;
    refused(&climbing, 400, "invalid_path", None);
    let unknown = "/china.jpg?width=50&layers=[{%22text%22:%22x%22,%22font%22:%22No%20Such%20Font%2030%22}]";
    assert_eq!(get(server.address, unknown).await.status, 200);
}

#[actix_web::test]
async fn too_much_layer_text_is_refused() {
    let server = serve_samples(|_| ()).await;
    let text = "x".repeat(100_000);
    let target = format!("/china.jpg?layers=[{{%22text%22:%22{text}%22}}]");
    let answer = get(server.address, &target).await;
    assert_eq!(answer.status, 400);
}

#[actix_web::test]
async fn an_unavailable_overlay_is_omitted_for_a_short_time() {
    let broken = || Reply::ok(&Bytes::from_static(b"no picture"));
    for reply in [Reply::status(404), Reply::status(500), Reply::status(403), broken()] {
        let origin = origin(reply);
        let server = serve_origin(&origin).await;
        let plain = decoded(get(server.address, "/a.jpg?width=60&format=png").await);
        let answer = get(server.address, "/a.jpg?width=60&format=png&mark=/logo.png").await;
        let control = answer.header("cache-control").to_owned();
        let age: u32 = control.trim_start_matches("public, max-age=").parse().expect("nothing but an age");
        assert!(age < 100, "{control}");
        assert!(decoded(answer) == plain);
    }
}

#[actix_web::test]
async fn an_unavailable_required_overlay_is_an_error() {
    let broken = || Reply::ok(&Bytes::from_static(b"no picture"));
    for (reply, status, code) in [
        (Reply::status(404), 404, "not_found"),
        (Reply::status(410), 404, "not_found"),
        (Reply::status(500), 502, "overlay_failed"),
        (Reply::status(403), 502, "overlay_failed"),
        (broken(), 502, "overlay_failed"),
    ] {
        let origin = origin(reply);
        let server = serve_origin(&origin).await;
        for query in [
            "mark=/logo.png&mark_required=true",
            "layers=[{%22url%22:%22/logo.png%22,%22required%22:true}]",
            "mark=/logo.png%3Fwidth%3D20&mark_required=true",
        ] {
            let answer = get(server.address, &format!("/a.jpg?width=60&{query}")).await;
            refused(&answer, status, code, None);
        }
    }
}

#[actix_web::test]
async fn a_response_is_fresh_no_longer_than_its_overlays() {
    for (value, expected) in [("max-age=70", Some(70)), ("max-age=7000", Some(1000)), ("no-store", None)] {
        let origin = origin(logo().with("cache-control", value));
        let server = serve(&origin.url, |config| config.cache.min_ttl = std::time::Duration::ZERO).await;
        for mark in ["/logo.png", "/logo.png%3Fwidth%3D20"] {
            let answer = get(server.address, &format!("/a.jpg?width=60&mark={mark}")).await;
            assert_eq!(answer.status, 200);
            let told = answer.header("cache-control");
            let Some(expected) = expected else {
                assert_eq!(told, "no-store", "{mark}");
                continue;
            };
            let age = told.split([',', '=']).nth(2).and_then(|age| age.parse::<u32>().ok());
            // the two are not fetched at the same moment: the later one expires a moment later
            let near = age.is_some_and(|age| age.abs_diff(expected) <= 20);
            assert!(near, "{mark} {value}: {told}");
        }
    }
}

#[actix_web::test]
async fn the_entity_tag_changes_with_an_overlay() {
    let origin = origin(logo().with("etag", "\"one\"").with("cache-control", "no-cache"));
    let server = serve_origin(&origin).await;
    let target = "/a.jpg?width=60&format=png&mark=/logo.png";
    let first = get(server.address, target).await;
    let same = get(server.address, target).await;
    assert_eq!(first.header("etag"), same.header("etag"));
    origin.set_reply_at("/logo.png", Reply::ok(&sample("chelsea.png")).with("etag", "\"two\""));
    let changed = get(server.address, target).await;
    assert_ne!(first.header("etag"), changed.header("etag"));
    assert!(decoded(first).difference(&decoded(changed)).mean > 1.0);
}

#[actix_web::test]
async fn overlays_are_fetched_once_and_concurrently() {
    let origin = origin(logo());
    let server = serve_origin(&origin).await;
    origin.hold();
    let query = "layers=[{%22url%22:%22/logo.png%22},{%22url%22:%22/b.jpg%22},{%22url%22:%22logo.png%22}]";
    let target = format!("/a.jpg?width=60&{query}");
    let (answer, ()) = tokio::join!(get(server.address, &target), async {
        // all are requested before any response has arrived
        origin.wait_for_requests(3).await;
        origin.release();
    });
    assert_eq!(answer.status, 200);
    assert_eq!(origin.request_count(), 3);
    get(server.address, "/c.jpg?width=60&mark=/logo.png").await;
    assert_eq!(origin.request_count(), 4, "the overlay is in the cache of originals");
}
