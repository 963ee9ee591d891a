//! Informational response headers: timing, sizes, lifetimes, warnings, request ids.

use crate::{
    client::{ask, get},
    setup::serve_samples,
};

#[actix_web::test]
async fn timing_size_and_lifetime_headers() {
    let server = serve_samples(|_| ()).await;
    let made = get(server.address, "/china.jpg?width=100").await;
    for stage in ["queue", "fetch", "decode", "process", "encode", "cache"] {
        assert!(made.header("server-timing").contains(&format!("{stage};dur=")), "{stage}");
    }
    let hit = get(server.address, "/china.jpg?width=100").await;
    assert!(hit.header("server-timing").starts_with("cache;dur="));
    for answer in [made, hit] {
        assert_eq!(answer.header("content-type"), "image/jpeg");
        assert_eq!(answer.header("x-original-filesize"), "196653");
        assert_eq!(answer.header("x-original-resolution"), "640x427");
        assert!(answer.header("x-origin-fetch-time").parse::<f64>().unwrap() > 0.0);
        assert!(answer.header("age").parse::<u64>().unwrap() < 60);
        let lifetimes = "public, max-age=86400, stale-while-revalidate=3600, stale-if-error=86400";
        assert_eq!(answer.header("cache-control"), lifetimes);
        assert!(answer.header("last-modified").ends_with("GMT"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}

#[actix_web::test]
async fn clamped_parameters_are_named() {
    let server = serve_samples(|_| ()).await;
    let answer = get(server.address, "/china.jpg?width=50&blur=1000&quality=900").await;
    let mut names: Vec<_> = answer.header("x-pixmill-warning").split(',').collect();
    names.sort_unstable();
    assert_eq!(names, ["blur", "quality"]);
    let same = get(server.address, "/china.jpg?width=50&blur=100&quality=100").await;
    assert_eq!((same.outcome(), same.find("x-pixmill-warning")), ((200, "hit-memory"), None));
}

#[actix_web::test]
async fn mistyped_parameters_are_named() {
    let server = serve_samples(|_| ()).await;
    for outcome in ["miss", "hit-memory", "hit-memory"] {
        let answer = get(server.address, "/china.jpg?height=50&widht=60&blur=1000&v=3").await;
        let warning = "blur,widht is ignored (width?)";
        assert_eq!((answer.outcome(), answer.header("x-pixmill-warning")), ((200, outcome), warning));
    }
    // names that resemble none, as trackers and CDNs append them
    let tracked = get(server.address, "/china.jpg?height=50&blur=100&utm_source=mail&mobile=true").await;
    assert_eq!((tracked.outcome(), tracked.find("x-pixmill-warning")), ((200, "hit-memory"), None));
}

#[actix_web::test]
async fn automatic_quality_is_reported() {
    let server = serve_samples(|config| config.quality_auto.max = 60).await;
    for outcome in ["miss", "hit-memory"] {
        let answer = get(server.address, "/china.jpg?width=50&quality=auto&quality_target=1").await;
        assert_eq!((answer.outcome(), answer.header("x-pixmill-quality")), ((200, outcome), "60"));
    }
    // options of automatic quality have no effect on a fixed quality
    for (query, outcome) in [("quality=60", "miss"), ("quality=60&quality_min=25", "hit-memory")] {
        let fixed = get(server.address, &format!("/china.jpg?width=50&{query}")).await;
        assert_eq!((fixed.outcome(), fixed.find("x-pixmill-quality")), ((200, outcome), None));
    }
    for (query, name) in [("quality=high", "quality"), ("quality=auto&quality_method=foo", "quality_method")]
    {
        let refused = get(server.address, &format!("/china.jpg?{query}")).await;
        assert_eq!((refused.status, &refused.json()["error"]["parameter"]), (400, &serde_json::json!(name)));
    }
}

#[actix_web::test]
async fn request_ids_are_kept_or_generated() {
    let server = serve_samples(|_| ()).await;
    for target in ["/china.jpg?width=50", "/nothing.jpg", "/china.jpg?width=x"] {
        let given = ask(server.address, target, &[("X-Request-Id", "a-1.B_2")]).await;
        assert_eq!(given.header("x-request-id"), "a-1.B_2");
        let odd = ask(server.address, target, &[("X-Request-Id", "a b\"")]).await;
        assert_eq!(odd.header("x-request-id").len(), 36);
        assert_ne!(get(server.address, target).await.header("x-request-id"), odd.header("x-request-id"));
    }
}

#[actix_web::test]
async fn health_on_both_listeners() {
    let server = serve_samples(|_| ()).await;
    for address in [server.address, server.admin_address] {
        let health = get(address, "/health").await;
        assert_eq!((health.status, health.body.as_slice()), (200, b"healthy".as_slice()));
        let ready = get(address, "/ready").await;
        assert_eq!((ready.status, ready.json()), (200, serde_json::json!({"ready": true, "reasons": []})));
        assert_eq!(ready.header("cache-control"), "no-store");
    }
    let elsewhere = get(server.admin_address, "/china.jpg").await;
    assert_eq!((elsewhere.status, &elsewhere.json()["error"]["code"]), (404, &"no_such_page".into()));
}

#[actix_web::test]
async fn a_size_of_0_is_absent_and_named() {
    let server = serve_samples(|_| ()).await;
    for (query, same, warning) in [
        ("width=0&format=png", "format=png", "width"),
        ("width=0&height=40", "height=40", "width"),
        ("width=40&height=0.2", "width=40", "height"),
        ("width=-3&height=-1&format=png", "format=png", "width,height"),
        ("width=40&dpr=0", "width=40", "dpr"),
        ("width=40&height=0&crop=fit", "width=40&crop=fit", "height"),
    ] {
        let answer = get(server.address, &format!("/china.jpg?{query}")).await;
        assert_eq!((answer.status, answer.find("x-pixmill-warning")), (200, Some(warning)), "{query}");
        let plain = get(server.address, &format!("/china.jpg?{same}")).await;
        assert_eq!(
            (plain.outcome(), plain.find("x-pixmill-warning")),
            ((200, "hit-memory"), None),
            "{query}"
        );
        assert_eq!(plain.body, answer.body, "{query}");
    }
}
