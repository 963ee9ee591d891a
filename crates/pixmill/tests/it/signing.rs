//! Signed URLs: verification and expiry.

use image_api::query::RequestQuery;
use std::collections::BTreeMap;

use pixmill::{
    app::Server,
    signing::{Purpose, Signer},
};
use result_cache::clock;
use serde_json::json;

use crate::{
    client::{Connection, ask, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post, post_raw},
    setup::{sample, samples, serve, serve_samples, serve_uploads},
};

const KEY: &str = "a key of the tests, long enough";

async fn signing() -> Server {
    serve_samples(|config| {
        config.params.strict = true;
        config.params.signing.keys = keys();
    })
    .await
}

fn keys() -> BTreeMap<String, pixmill::config::Secret> {
    [("main".to_owned(), KEY.into()), ("next".to_owned(), "another key of the tests".into())].into()
}

fn signed(id: &str, target: &str) -> String {
    signed_for(Purpose::Picture, id, target)
}

fn signed_for(purpose: Purpose, id: &str, target: &str) -> String {
    let signer = Signer::new(&keys()).unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let signature = signer.sign(id, purpose, path, &RequestQuery::parse(query).unwrap()).unwrap();
    let joint = if query.is_empty() { '?' } else { '&' };
    format!("{target}{joint}signature={signature}")
}

#[actix_web::test]
async fn a_plus_in_source_url_is_a_plus_with_and_without_signature() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let authority = origin.authority();
    let open = |config: &mut pixmill::config::Config| {
        config.origin.allow_dynamic = true;
        config.origin.hosts_allowed = vec![authority.clone()];
        config.origin.private_allowed = vec!["127.0.0.1/32".to_owned()];
    };
    let unsigned = serve("", open).await;
    let signing = serve("", |config| {
        open(config);
        config.params.signing.keys = keys();
    });
    let signing = signing.await;
    for (number, (path, sent)) in
        [("a+b.jpg", "/a+b.jpg"), ("c%2Bd.jpg", "/c+d.jpg"), ("e%20f.jpg", "/e%20f.jpg")]
            .into_iter()
            .enumerate()
    {
        let target = format!("/?source_url=http://{authority}/{path}&width=50");
        assert_eq!(get(unsigned.address, &target).await.status, 200, "{target}");
        assert_eq!(get(signing.address, &signed("main", &target)).await.status, 200, "{target}");
        let later = get(unsigned.address, &format!("{target}&async=0&cache_processed=0&blur=1")).await;
        assert_eq!(later.status, 200, "{target}");
        assert_eq!(
            (origin.request_count_for(sent), origin.request_count()),
            (2, 2 * (number + 1)),
            "{target}"
        );
    }
    // a signature is not valid for another original
    let target = signed("main", &format!("/?source_url=http://{authority}/a+b.jpg"));
    let other = get(signing.address, &target.replace("a+b", "a%20b")).await;
    assert_eq!((other.status, other.json()["error"]["code"].clone()), (403, "signature_wrong".into()));
}

#[actix_web::test]
async fn only_signed_requests_are_served() {
    let server = signing().await;
    let target = signed("main", "/china.jpg?width=60&crop=fit&height=40");
    assert_eq!(get(server.address, &target).await.outcome(), (200, "miss"));
    for same in [
        signed("next", "/china.jpg?height=40&width=60&crop=fit"),
        target.clone() + "&utm_source=mail",
        target.replace("/china", "/chin%61").replace("&signature", "&s"),
        signed("main", "/china.jpg?width=60&crop=fit&height=40&expires=4102444800"),
    ] {
        assert_eq!(get(server.address, &same).await.outcome(), (200, "hit-memory"), "{same}");
    }
    assert_eq!(get(server.address, &signed("main", "/china.jpg")).await.outcome(), (200, "miss"));
    for (refused, code) in [
        ("/china.jpg?width=60".to_owned(), "signature_missing"),
        ("/china.jpg".to_owned(), "signature_missing"),
        ("/no-such.jpg".to_owned(), "signature_missing"),
        (target.clone() + "&blur=3", "signature_wrong"),
        (target.replace("width=60", "width=61"), "signature_wrong"),
        (target.replace("china", "chelsea"), "signature_wrong"),
        (signed("main", "/china.jpg?width=60&expires=1000"), "signature_expired"),
    ] {
        let answer = get(server.address, &refused).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (403, &json!(code)), "{refused}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    assert_eq!(get(server.address, "/health").await.status, 200);
    let head = Connection::open(server.address).await.ask("HEAD", &target, &[]).await;
    assert_eq!(head.status, 200);
}

#[actix_web::test]
async fn responses_are_not_cached_beyond_the_expiry_of_their_signature() {
    let server = signing().await;
    let ends = clock::now() / 1000 + 100;
    let target = signed("main", &format!("/china.jpg?width=50&expires={ends}"));
    let tag = get(server.address, &target).await.header("etag").to_owned();
    for headers in [&[][..], &[("If-None-Match", tag.as_str())]] {
        let answer = ask(server.address, &target, headers).await;
        let control = answer.header("cache-control");
        let seconds: u64 = control.strip_prefix("public, max-age=").unwrap().parse().unwrap();
        let age: u64 = answer.header("age").parse().unwrap();
        assert!(seconds - age <= 100 && seconds > 0, "{control}");
    }
    let unlimited = get(server.address, &signed("main", "/china.jpg?width=50")).await;
    assert!(unlimited.header("cache-control").starts_with("public, max-age=86400, stale-while"));
}

#[actix_web::test]
async fn uploads_need_their_own_signature() {
    let (server, uploads) = serve_uploads(samples().to_str().unwrap(), |config| {
        config.params.signing.keys = keys();
    })
    .await;
    let target = "/china.jpg?width=60&cache_processed=true";
    let china = sample("china.jpg");
    let upload = signed_for(Purpose::Upload, "main", target);
    assert_eq!(post_raw(uploads, &upload, &china).await.status, 200);
    for (refused, code) in [
        (target.to_owned(), "signature_missing"),
        (signed("main", target), "signature_wrong"),
        (upload.replace("width=60", "width=61"), "signature_wrong"),
    ] {
        let answer = post_raw(uploads, &refused, &china).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (403, &code.into()), "{refused}");
    }
    // parameters that the signature does not cover are ignored or refused
    let added = post_raw(uploads, &signed_for(Purpose::Upload, "main", "/x.jpg?utm=1"), &china).await;
    assert_eq!(added.status, 200);
    let field = Form::default().file(&china).field("width", "5");
    assert_eq!(post(uploads, &upload, field).await.status, 403);
    assert_eq!(post(uploads, &upload, Form::default().file(&china)).await.status, 200);
    let later = get(server.address, &signed("main", "/china.jpg?width=70&async=true")).await;
    assert_eq!(later.status, 202);
    assert_eq!(get(server.address, "/china.jpg?width=70&async=true").await.status, 403);
}
