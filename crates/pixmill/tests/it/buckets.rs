//! Pictures in a bucket, with a service that verifies signatures.

use pixmill::{app::Server, config::Config};

use crate::{
    client::get,
    nodes::purge,
    s3::{ACCESS_KEY, BUCKET, SECRET_KEY, Service},
    setup::{sample, serve},
};

pub async fn bucket() -> Service {
    Service::start([("2026/china.jpg", sample("china.jpg"))]).await
}

pub async fn serve_bucket(service: &Service, change: impl FnOnce(&mut Config)) -> Server {
    serve(&format!("s3://{BUCKET}/2026"), |config| {
        config.origin.bucket.endpoint.clone_from(&service.endpoint);
        ACCESS_KEY.clone_into(&mut config.origin.bucket.access_key_id);
        config.origin.bucket.secret_access_key = SECRET_KEY.into();
        change(config);
    })
    .await
}

#[actix_web::test]
async fn objects_are_rendered() {
    let service = bucket().await;
    let server = serve_bucket(&service, |_| ()).await;
    let thumbnail = get(server.address, "/china.jpg?width=40&format=png").await;
    assert_eq!(thumbnail.outcome(), (200, "miss"));
    assert_eq!(thumbnail.header("content-type"), "image/png");
    assert!(thumbnail.header("cache-control").contains("max-age=60"), "{:?}", thumbnail.headers);
    // the lifetime and the date are those of the object
    assert_eq!(thumbnail.header("last-modified"), crate::s3::LAST_MODIFIED);
    assert_eq!(get(server.address, "/china.jpg?width=30").await.outcome(), (200, "miss"));
    assert_eq!(get(server.address, "/china.jpg").await.body, sample("china.jpg"));
    assert_eq!(service.answered(), 1);
    assert_eq!(get(server.address, "/nothing.jpg?width=40").await.status, 404);
    server.stop().await;
}

#[actix_web::test]
async fn requests_may_name_allowed_buckets() {
    let service = bucket().await;
    let server = serve_bucket(&service, |config| {
        config.origin.allow_dynamic = true;
        config.origin.buckets_allowed = vec![BUCKET.to_owned()];
    })
    .await;
    // the prefix applies to the configured bucket only
    let named =
        get(server.address, &format!("/2026/china.jpg?width=40&bucket={BUCKET}&region=eu-central-1")).await;
    assert_eq!(named.outcome(), (200, "miss"));
    let again = get(server.address, &format!("/2026/china.jpg?bucket={BUCKET}&width=40")).await;
    assert_eq!(again.outcome(), (200, "hit-memory"));
    assert_eq!(get(server.address, "/china.jpg?width=40").await.outcome(), (200, "miss"));
    let mark = format!(
        "/2026/china.jpg?bucket={BUCKET}&width=40&mark=/2026/china.jpg&mark_scale=20&mark_required=1"
    );
    assert_eq!(get(server.address, &mark).await.status, 200, "overlays come from the bucket too");
    let refused = get(server.address, "/china.jpg?bucket=private").await;
    assert_eq!(
        (refused.status, &*refused.json()["error"]["code"].to_string()),
        (401, "\"dynamic_origin_refused\"")
    );
    server.stop().await;
}

#[actix_web::test]
async fn originals_are_purged_by_their_bucket_url() {
    let service = bucket().await;
    let server = serve_bucket(&service, |config| {
        config.origin.allow_dynamic = true;
        config.origin.buckets_allowed = vec![BUCKET.to_owned()];
    })
    .await;
    let named = format!("/2026/china.jpg?bucket={BUCKET}");
    for purged in [named.clone(), format!("{named}&region=eu-central-1")] {
        let own = get(server.address, "/china.jpg?width=40").await;
        let old = get(server.address, &format!("{named}&width=40")).await;
        assert_eq!((own.status, old.outcome()), (200, (200, "miss")));
        let answer = purge(&server, &purged).await;
        assert_eq!((answer.status, answer.json()["tag"].as_str()), (200, Some(old.header("surrogate-key"))));
        let answered = service.answered();
        assert_eq!(get(server.address, &format!("{named}&width=40")).await.outcome(), (200, "miss"));
        assert_eq!(service.answered(), answered + 1, "the original is purged too");
        assert_eq!(get(server.address, "/china.jpg?width=40").await.outcome(), (200, "hit-memory"));
        assert_eq!(purge(&server, &named).await.status, 200);
    }
    server.stop().await;
}

#[actix_web::test]
async fn an_access_error_of_a_bucket_reveals_nothing() {
    let service = bucket().await;
    let wrong = serve_bucket(&service, |config| {
        config.origin.bucket.secret_access_key = "wrong".into();
    })
    .await;
    let elsewhere = serve_bucket(&service, |config| config.origin.url = "s3://elsewhere".into()).await;
    for (server, status) in [(&wrong, 403), (&elsewhere, 502)] {
        let answer = get(server.address, "/china.jpg?width=40").await;
        assert_eq!(answer.status, status);
        let text = answer.json().to_string().to_lowercase();
        for secret in [BUCKET, "2026", "elsewhere", "127.0.0.1", "s3", "bucket", "signature", "akia"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    wrong.stop().await;
    elsewhere.stop().await;
}
