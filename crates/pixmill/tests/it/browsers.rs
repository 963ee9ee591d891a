//! Features for browsers: CORS, client hints, and range requests.

use serde_json::json;

use crate::{
    client::{Connection, Response, ask, get},
    setup::serve_samples,
};

fn width(answer: &Response) -> u64 {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["width"].as_u64().unwrap()
}

#[actix_web::test]
async fn scripts_of_all_sites_may_read_responses_by_default() {
    let server = serve_samples(|_| ()).await;
    for target in ["/china.jpg?width=20", "/no-such.jpg", "/china.jpg?width=x"] {
        for headers in [&[][..], &[("Origin", "https://a.example")]] {
            let answer = ask(server.address, target, headers).await;
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{target}");
            assert_eq!(answer.header("access-control-expose-headers"), "*", "{target}");
            assert_eq!(answer.find("vary"), None, "{target}");
        }
    }
    let preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")];
    let answer = Connection::open(server.address).await.ask("OPTIONS", "/china.jpg", &preflight).await;
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    assert_eq!(answer.header("access-control-allow-methods"), "GET, HEAD");
    assert_eq!(answer.header("access-control-max-age"), "86400");
    let plain = Connection::open(server.address).await.ask("OPTIONS", "/china.jpg", &[]).await;
    assert_eq!((plain.status, plain.header("allow")), (204, "GET, HEAD, OPTIONS"));
    assert_eq!(plain.find("access-control-allow-methods"), None);
}

#[actix_web::test]
async fn allowed_origins_can_be_configured() {
    let allowing = |sites: &'static [&str]| {
        serve_samples(|config| {
            config.cors.allowed_origins = sites.iter().map(|site| (*site).into()).collect();
        })
    };
    let target = "/china.jpg?width=20&format=auto";
    let two = allowing(&["https://a.example", "https://b.example"]).await;
    for (site, allowed) in
        [("https://a.example", true), ("https://b.example", true), ("https://c.example", false)]
    {
        let answer = ask(two.address, target, &[("Origin", site)]).await;
        assert_eq!(answer.find("access-control-allow-origin"), allowed.then_some(site));
        let vary: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "vary").collect();
        assert_eq!(vary.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["Accept", "Origin"]);
    }
    let one = allowing(&["https://a.example"]).await;
    let answer = get(one.address, target).await;
    assert_eq!(
        (answer.header("access-control-allow-origin"), answer.header("vary")),
        ("https://a.example", "Accept")
    );
    let none = allowing(&[]).await;
    let answer = ask(none.address, target, &[("Origin", "https://a.example")]).await;
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control")));
}

#[actix_web::test]
async fn client_hints_are_defaults_for_missing_parameters() {
    let server = serve_samples(|config| config.client_hints.enabled = true).await;
    let size = async |target: &str, headers: &[(&str, &str)]| {
        let answer = ask(server.address, target, headers).await;
        assert_eq!(answer.header("accept-ch"), "Sec-CH-DPR, Sec-CH-Width");
        let vary = answer.find("vary").unwrap_or_default().to_owned();
        let meta = testkit::Picture::decode(&answer.body.into());
        (meta.width, vary)
    };
    let screen = [("Sec-CH-DPR", "2"), ("Sec-CH-Width", "90"), ("Save-Data", "on")];
    for (target, headers, expected, vary) in [
        ("/china.jpg?quality=50", &screen[..], 96, "Sec-CH-Width"),
        ("/china.jpg?width=40", &screen, 80, "Sec-CH-DPR, Save-Data"),
        ("/china.jpg?width=40", &[], 40, "Sec-CH-DPR, Save-Data"),
        ("/china.jpg?width=40&dpr=1&quality=50&format=auto", &screen, 40, "Accept"),
        ("/china.jpg?width=40&dpr=1&quality=50", &screen, 40, ""),
    ] {
        assert_eq!(size(target, headers).await, (expected, vary.to_owned()), "{target}");
    }
    let hinted = ask(server.address, "/china.jpg?width=40", &screen).await;
    let spelt_out = get(server.address, "/china.jpg?width=40&dpr=2&quality=50").await;
    assert_eq!(hinted.header("etag"), spelt_out.header("etag"));
    let off = serve_samples(|_| ()).await;
    let answer = ask(off.address, "/china.jpg?width=40", &screen).await;
    assert_eq!((answer.find("vary"), answer.find("accept-ch")), (None, None));
}

#[actix_web::test]
async fn range_requests() {
    let server = serve_samples(|_| ()).await;
    for target in ["/china.jpg?width=100", "/china.jpg"] {
        let whole = get(server.address, target).await;
        assert_eq!(whole.header("accept-ranges"), "bytes");
        let length = whole.body.len();
        let tag = whole.header("etag");
        for (range, first, last) in
            [("bytes=0-1", 0, 1), ("bytes=10-", 10, length - 1), ("bytes=-7", length - 7, length - 1)]
        {
            for extra in [&[][..], &[("If-Range", tag)]] {
                let headers = [&[("Range", range)], extra].concat();
                let part = ask(server.address, target, &headers).await;
                assert_eq!(part.status, 206, "{range}");
                assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/{length}"));
                assert!(part.body == whole.body[first..=last], "{range}");
                assert_eq!(part.header("content-type"), "image/jpeg");
                assert_eq!(part.header("etag"), tag);
            }
        }
        let beyond = format!("bytes={length}-");
        let refused = ask(server.address, target, &[("Range", &beyond)]).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["code"]),
            (416, &json!("range_not_satisfiable"))
        );
        assert_eq!(refused.header("content-range"), format!("bytes */{length}"));
        let other = ask(server.address, target, &[("Range", "bytes=0-1"), ("If-Range", "\"other\"")]).await;
        assert!(other.status == 200 && other.body == whole.body);
        let known = ask(server.address, target, &[("Range", "bytes=0-1"), ("If-None-Match", tag)]).await;
        assert_eq!(known.status, 304);
        let headers = [("Range", "bytes=0-1")];
        let head = Connection::open(server.address).await.ask("HEAD", target, &headers).await;
        assert_eq!((head.status, head.header("content-length")), (200, length.to_string().as_str()));
    }
}

/// Safari requests the first two bytes of a video, and does not play it if the response is not a 206.
#[actix_web::test]
async fn videos_support_range_requests() {
    let server = serve_samples(|_| ()).await;
    let target = "/mill.gif?format=mp4&width=64";
    let probe = ask(server.address, target, &[("Range", "bytes=0-1")]).await;
    assert_eq!((probe.outcome(), probe.body.len()), ((206, "miss"), 2));
    assert_eq!(probe.header("content-type"), "video/mp4");
    let length: usize = probe.header("content-range").strip_prefix("bytes 0-1/").unwrap().parse().unwrap();
    let rest =
        ask(server.address, target, &[("Range", "bytes=2-"), ("If-Range", probe.header("etag"))]).await;
    assert_eq!(rest.outcome(), (206, "hit-memory"));
    let joined = [probe.body, rest.body].concat();
    assert!(joined.len() == length && joined == get(server.address, target).await.body);
}

#[actix_web::test]
async fn sizes_that_are_not_allowed() {
    use pixmill::config::{Length, OtherSizes};
    let allowing = |other_sizes| {
        serve_samples(move |config| {
            config.params.widths_allowed = vec![Length::One(64), Length::Range("100-200/50".into())];
            config.params.other_sizes = other_sizes;
            config.params.presets = [("odd".to_owned(), "width=33".to_owned())].into();
        })
    };
    let snapping = allowing(OtherSizes::Snap).await;
    for (query, expected, warned) in [
        ("width=64", 64, None),
        ("width=65", 100, Some("width")),
        ("w=75&dpr=2", 150, None),
        ("width=9999", 200, Some("width")),
        ("preset=odd", 33, None),
        ("preset=odd&dpr=2", 100, Some("width")),
    ] {
        let answer = get(snapping.address, &format!("/china.jpg?{query}&meta=true")).await;
        assert_eq!((width(&answer), answer.find("x-pixmill-warning")), (expected, warned), "{query}");
    }
    let tags = ["width=101", "width=149&dpr=1", "width=150"].map(|query| format!("/china.jpg?{query}"));
    let mut found = Vec::new();
    for target in &tags {
        found.push(get(snapping.address, target).await.header("etag").to_owned());
    }
    assert!(found.iter().all(|tag| *tag == found[0]), "one variant: {found:?}");
    let refusing = allowing(OtherSizes::Refuse).await;
    assert_eq!(get(refusing.address, "/china.jpg?width=50&dpr=2").await.status, 200);
    let refused = get(refusing.address, "/china.jpg?width=101").await;
    let error = &refused.json()["error"];
    assert_eq!(
        (refused.status, &error["code"], &error["parameter"]),
        (401, &json!("parameter_refused"), &json!("width"))
    );
    assert!(error["message"].as_str().unwrap().contains("150 pixels"), "{error}");
}
