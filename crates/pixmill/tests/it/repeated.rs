//! Requests that come again on the same worker: what they mean is remembered (`http/recent_requests.rs`), and nothing else is.

use std::collections::BTreeMap;

use image_api::query::RequestQuery;
use pixmill::signing::{Purpose, Signer};
use result_cache::clock;

use crate::{
    client::{Connection, Response, get},
    fake_origin::{FakeOrigin, Reply},
    nodes::purge,
    setup::{sample, serve, serve_samples},
};

const TARGET: &str = "/china.jpg?width=60&format=auto";

/// Asks until the request is remembered: a miss, a hit that is remembered, and one more hit.
async fn repeated(connection: &mut Connection, target: &str, headers: &[(&str, &str)]) -> Response {
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(connection.ask("GET", target, headers).await);
    }
    let [first, second, third] = &answers[..] else { panic!("three answers") };
    assert_eq!((second.outcome(), third.outcome()), ((200, "hit-memory"), (200, "hit-memory")), "{target}");
    assert_eq!((&second.body, &third.body), (&first.body, &first.body));
    let changing = ["x-request-id", "server-timing", "age", "date", "x-cache"];
    let stable = |answer: &Response| {
        let mut headers = answer.headers.clone();
        headers.retain(|(name, _)| !changing.contains(&name.as_str()));
        headers.sort();
        headers
    };
    assert_eq!(stable(second), stable(first), "{target}");
    assert_eq!(stable(third), stable(first), "{target}");
    answers.remove(2)
}

#[actix_web::test]
async fn headers_are_the_same_each_time() {
    let server = serve_samples(|config| config.client_hints.enabled = true).await;
    let mut connection = Connection::open(server.address).await;
    for target in [TARGET, "/china.jpg?width=50&quality=900", "/china.jpg?width=50&meta=true", "/china.jpg"] {
        repeated(&mut connection, target, &[("Accept", "image/webp"), ("Sec-CH-DPR", "2")]).await;
    }
}

#[actix_web::test]
async fn other_accepted_formats_and_hints_are_other_requests() {
    let server = serve_samples(|config| config.client_hints.enabled = true).await;
    let mut connection = Connection::open(server.address).await;
    let jpeg = repeated(&mut connection, TARGET, &[]).await;
    assert_eq!(jpeg.header("content-type"), "image/jpeg");
    let webp = repeated(&mut connection, TARGET, &[("Accept", "image/webp")]).await;
    assert_eq!(webp.header("content-type"), "image/webp");
    let large = repeated(&mut connection, TARGET, &[("Sec-CH-DPR", "2")]).await;
    assert!(large.body.len() > jpeg.body.len());
    for (headers, known) in
        [(&[][..], &jpeg), (&[("Accept", "image/webp")], &webp), (&[("Sec-CH-DPR", "2")], &large)]
    {
        let again = connection.ask("GET", TARGET, headers).await;
        assert_eq!(again.header("etag"), known.header("etag"));
    }
}

#[actix_web::test]
async fn conditions_ranges_and_methods_of_each_request_count() {
    let server = serve_samples(|_| ()).await;
    let mut connection = Connection::open(server.address).await;
    let known = repeated(&mut connection, TARGET, &[]).await;
    let same = connection.ask("GET", TARGET, &[("If-None-Match", known.header("etag"))]).await;
    assert_eq!((same.outcome(), same.body.len(), same.find("content-type")), ((304, "hit-memory"), 0, None));
    assert_eq!(same.header("etag"), known.header("etag"));
    let other = connection.ask("GET", TARGET, &[("If-None-Match", "\"other\"")]).await;
    assert_eq!((other.outcome(), &other.body), ((200, "hit-memory"), &known.body));
    let part = connection.ask("GET", TARGET, &[("Range", "bytes=1-3")]).await;
    assert_eq!((part.status, &part.body[..]), (206, &known.body[1..4]));
    let head = connection.ask("HEAD", TARGET, &[]).await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), known.body.len().to_string());
    assert_eq!(connection.ask("PUT", TARGET, &[]).await.status, 405);
}

#[actix_web::test]
async fn purges_apply_to_remembered_requests() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=600"));
    let server = serve(&origin.url, |_| ()).await;
    let mut connection = Connection::open(server.address).await;
    for asked in 1..3 {
        repeated(&mut connection, "/a.jpg?width=50", &[]).await;
        assert_eq!(origin.request_count(), asked);
        assert_eq!(purge(&server, "/a.jpg").await.status, 200);
    }
    assert_eq!(connection.ask("GET", "/a.jpg?width=50", &[]).await.outcome(), (200, "miss"));
}

#[actix_web::test]
async fn a_job_is_made_although_the_same_target_was_answered_to_head() {
    let server = serve_samples(|_| ()).await;
    let mut connection = Connection::open(server.address).await;
    let target = "/china.jpg?width=50&async=true";
    for _ in 0..3 {
        assert_eq!(connection.ask("HEAD", target, &[]).await.status, 200);
    }
    assert_eq!(connection.ask("GET", target, &[]).await.status, 202);
}

#[actix_web::test]
async fn signatures_of_remembered_requests_are_counted_and_end() {
    let keys: BTreeMap<_, _> = [("main".to_owned(), "a key of the tests, long enough".into())].into();
    let signer = Signer::new(&keys).unwrap();
    let server = serve_samples(|config| config.params.signing.keys = keys).await;
    let mut connection = Connection::open(server.address).await;
    let signed = |expires: u64| {
        let query = format!("width=50&expires={expires}");
        let parsed = RequestQuery::parse(&query).unwrap();
        let signature = signer.sign("main", Purpose::Picture, "/china.jpg", &parsed).unwrap();
        format!("/china.jpg?{query}&signature={signature}")
    };
    let now = clock::now() / 1000;
    for _ in 0..3 {
        let answer = connection.ask("GET", &signed(now + 1000), &[]).await;
        let kept = answer.header("cache-control").strip_prefix("public, max-age=").unwrap();
        let seconds: u64 = kept.split(',').next().unwrap().parse().unwrap();
        assert!((900..=1001).contains(&seconds), "{kept}");
    }
    let page = get(server.admin_address, "/metrics").await;
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("pixmill_signed_requests_total{key=\"main\"} 3\n"), "{page}");
    // a signature that ends while its request is remembered
    let ending = signed(clock::now() / 1000 + 3);
    let mut statuses = Vec::new();
    while statuses.last() != Some(&403) {
        statuses.push(connection.ask("GET", &ending, &[]).await.status);
    }
    assert!(statuses.len() >= 3 && statuses[..statuses.len() - 1].iter().all(|status| *status == 200));
}
