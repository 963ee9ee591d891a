//! Features of all routes: request ids, CORS, and metrics by route.

use crate::{
    client::{Connection, ask, get},
    setup::serve_samples,
};

const JOB: &str = "/async/0123456789abcdef0123456789abcdef";

#[actix_web::test]
async fn every_response_has_an_id_and_is_readable_by_the_sites_allowed() {
    let server = serve_samples(|_| ()).await;
    let result = format!("{JOB}/result");
    for (target, status) in [
        ("/china.jpg?width=20", 200),
        ("/no-such.jpg", 404),
        ("/health", 200),
        ("/ready", 200),
        (JOB, 404),
        (&result, 404),
    ] {
        let response =
            ask(server.address, target, &[("X-Request-Id", "mine"), ("Origin", "https://a.example")]);
        let response = response.await;
        assert_eq!((response.status, response.header("x-request-id")), (status, "mine"), "{target}");
        assert_eq!(response.header("access-control-allow-origin"), "*", "{target}");
        let preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")];
        let preflight = Connection::open(server.address).await.ask("OPTIONS", target, &preflight).await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (204, "*"),
            "{target}"
        );
        let refused = Connection::open(server.address).await.ask("PATCH", target, &[]).await;
        assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD, OPTIONS"), "{target}");
    }
}

#[actix_web::test]
async fn admin_responses_have_ids_and_no_cors_headers() {
    let server = serve_samples(|_| ()).await;
    for (target, status) in [("/metrics", 200), ("/config", 200), ("/health", 200), ("/no-such-page", 404)] {
        let response = ask(server.admin_address, target, &[("Origin", "https://a.example")]).await;
        assert_eq!((response.status, response.header("x-request-id").len()), (status, 36), "{target}");
        assert_eq!(response.find("access-control-allow-origin"), None, "{target}");
    }
}

#[actix_web::test]
async fn requests_are_counted_by_route() {
    let server = serve_samples(|_| ()).await;
    for target in ["/health", "/ready", JOB, "/china.jpg?width=20"] {
        get(server.address, target).await;
    }
    get(server.admin_address, "/stats").await;
    let metrics = get(server.admin_address, "/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    let count = |route: &str, status: &str, cache: &str| {
        let series =
            format!("pixmill_requests_total{{route=\"{route}\",status=\"{status}\",cache=\"{cache}\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&series));
        line.unwrap_or_else(|| panic!("no {series}")).to_owned()
    };
    for (route, status, cache, expected) in [
        ("health", "2xx", "none", "2"),
        ("job", "4xx", "none", "1"),
        ("image", "2xx", "miss", "1"),
        ("admin", "2xx", "none", "1"),
    ] {
        assert_eq!(count(route, status, cache), expected, "{route}");
    }
    assert!(metrics.contains("pixmill_errors_total{code=\"no_such_job\"} 1\n"), "{metrics}");
    assert!(metrics.contains("pixmill_request_duration_seconds_count 1\n"), "{metrics}");
}
