//! The playground: its pages, and what they tell of the server. What they do in a browser is in tests/browser.

use serde_json::{Value, json};

use crate::{
    client::{Connection, ask, get},
    setup::{serve_samples, serve_uploads},
};

#[actix_web::test]
async fn it_is_off_by_default() {
    let server = serve_samples(|_| ()).await;
    for target in
        ["/playground", "/playground/about.json", "/playground/app.js", "/", "/llms.txt", "/openapi.json"]
    {
        let answer = get(server.address, target).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &json!("not_found")), "{target}");
    }
}

#[actix_web::test]
async fn its_files_are_served_with_a_strict_policy() {
    let server = serve_samples(|config| config.playground.enabled = true).await;
    let mut total = 0;
    let page = get(server.address, "/playground").await;
    let text = String::from_utf8(page.body).unwrap();
    let linked = text.split(['"', '\'']).filter(|part| part.starts_with("playground/"));
    let mut targets: Vec<_> = linked.map(|part| format!("/{part}")).collect();
    targets.push("/playground".to_owned());
    assert!(targets.len() > 10, "{targets:?}");
    targets.sort();
    targets.dedup();
    for target in &targets {
        let answer = get(server.address, target).await;
        assert_eq!(answer.status, 200, "{target}");
        let expected = match target.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), expected, "{target}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.find("access-control-allow-origin"), None, "{target}");
        let head = Connection::open(server.address).await.ask("HEAD", target, &[]).await;
        assert_eq!(head.header("content-length"), answer.body.len().to_string(), "{target}");
        let known = ask(server.address, target, &[("If-None-Match", answer.header("etag"))]).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{target}");
        total += answer.body.len();
    }
    assert!(total <= 150_000, "{total} bytes");
    for target in ["/playground/none.js", "/playground/index.html", "/playground/a/b"] {
        let answer = get(server.address, target).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (404, &json!("no_such_page")),
            "{target}"
        );
    }
    let posted = Connection::open(server.address).await.ask("POST", "/playground", &[]).await;
    assert_eq!(posted.status, 405);
}

#[actix_web::test]
async fn programs_find_the_documentation() {
    let server = serve_samples(|config| config.playground.enabled = true).await;
    let openapi = get(server.address, "/openapi.json").await;
    assert_eq!((openapi.status, openapi.header("content-type")), (200, "application/json"));
    let published: Value = serde_json::from_str(include_str!("../../../../docs/openapi.json")).unwrap();
    assert_eq!(openapi.json(), published);
    let index = get(server.address, "/llms.txt").await;
    assert_eq!((index.status, index.header("content-type")), (200, "text/plain; charset=utf-8"));
    let text = String::from_utf8(index.body.clone()).unwrap();
    assert!(text.starts_with("# Pixmill\n") && text.contains("](/openapi.json)"), "{text}");
    let links: Vec<_> = text.split("](").skip(1).filter(|link| !link.starts_with('/')).collect();
    assert!(links.len() > 20 && links.iter().all(|link| link.starts_with("https://")), "{text}");
    for (target, answer) in [("/openapi.json", openapi), ("/llms.txt", index)] {
        let head = Connection::open(server.address).await.ask("HEAD", target, &[]).await;
        assert_eq!(head.header("content-length"), answer.body.len().to_string(), "{target}");
        let known = ask(server.address, target, &[("If-None-Match", answer.header("etag"))]).await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{target}");
        let posted = Connection::open(server.address).await.ask("POST", target, &[]).await;
        assert_eq!(posted.status, 405, "{target}");
    }
}

#[actix_web::test]
async fn the_landing_page_leaves_requests_with_parameters_alone() {
    let server = serve_samples(|config| {
        config.playground.enabled = true;
        config.playground.landing = true;
    });
    let server = server.await;
    let page = get(server.address, "/").await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let picture = get(server.address, "/?source_url=http%3A%2F%2Fa.example%2Fb.jpg").await;
    assert_eq!((picture.status, &picture.json()["error"]["code"]), (401, &json!("dynamic_origin_refused")));
    let without = serve_samples(|config| config.playground.enabled = true).await;
    assert_eq!(get(without.address, "/").await.status, 404);
}

async fn about(server: &pixmill::app::Server) -> Value {
    let answer = get(server.address, "/playground/about.json").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    answer.json()
}

#[actix_web::test]
async fn it_describes_the_server() {
    let server = serve_samples(|config| config.playground.enabled = true).await;
    let told = about(&server).await;
    assert!(told["samples"].as_array().unwrap().contains(&json!("/china.jpg")), "{}", told["samples"]);
    assert!(!told["samples"].to_string().contains("LICENSES"), "{}", told["samples"]);
    assert_eq!(
        (&told["signed"], &told["uploads"]["accepted"], &told["otherOrigins"]),
        (&json!(false), &json!(false), &json!(false))
    );
    let (server, _) = serve_uploads("", |config| {
        config.playground.enabled = true;
        config.uploads.public = true;
        config.params.signing.keys.insert("main".to_owned(), "a key of the tests".into());
    })
    .await;
    let told = about(&server).await;
    assert_eq!((&told["signed"], &told["uploads"]["accepted"]), (&json!(true), &json!(true)));
    assert_eq!(told["samples"], json!([]));
}

#[actix_web::test]
async fn pictures_are_explained_and_scored() {
    let server = serve_samples(|config| config.playground.enabled = true).await;
    let query = "china.jpg?width=200&filter=sepia&format=webp&quality=70&dpr=1";
    let explained = get(server.address, &format!("/playground/explain/{query}")).await.json();
    assert_eq!(explained["canonical"], "width=200&filter=2&format=webp&quality=70");
    assert_eq!(explained["effective"], json!(["width", "filter", "format", "quality"]));
    assert_eq!(explained["source"]["width"], 640);
    assert_eq!(explained["answer"], json!({ "type": "image/webp", "width": 200, "height": 133 }));
    let plan = explained["plan"].as_array().unwrap();
    assert!(plan.iter().any(|line| line.as_str().unwrap().contains("sepia")), "{plan:?}");
    let unchanged = get(server.address, "/playground/explain/china.jpg").await.json();
    assert_eq!((&unchanged["plan"], &unchanged["answer"]), (&Value::Null, &Value::Null));

    let score = async |query: &str| {
        let answer = get(server.address, &format!("/playground/score/{query}")).await;
        assert_eq!(answer.status, 200, "{query}");
        answer.json()["ssimulacra2"].as_f64()
    };
    let [low, high] =
        [score("china.jpg?width=200&quality=30").await, score("china.jpg?width=200&quality=90").await];
    assert!(low.unwrap() + 10.0 < high.unwrap(), "{low:?} {high:?}");
    assert_eq!(score("mill.gif?width=60").await, None);
    for page in ["explain", "score"] {
        for (target, status, parameter) in
            [("china.jpg?width=x", 400, json!("width")), ("no-such.jpg?width=9", 404, Value::Null)]
        {
            let answer = get(server.address, &format!("/playground/{page}/{target}")).await;
            assert_eq!(
                (answer.status, &answer.json()["error"]["parameter"]),
                (status, &parameter),
                "{target}"
            );
        }
    }
}

/// The pages tell nothing of a picture that a request for it would not get.
#[actix_web::test]
async fn it_honours_signatures_and_the_policy() {
    let signed = serve_samples(|config| {
        config.playground.enabled = true;
        config.params.signing.keys.insert("main".to_owned(), "a key of the tests".into());
    })
    .await;
    let strict = serve_samples(|config| {
        config.playground.enabled = true;
        config.params.allowed = vec!["height".to_owned()];
        config.params.allow_original = false;
    })
    .await;
    for page in ["explain", "score"] {
        let code = async |server: &pixmill::app::Server, query: &str| {
            let answer = get(server.address, &format!("/playground/{page}/{query}")).await;
            answer.json()["error"]["code"].clone()
        };
        assert_eq!(code(&signed, "china.jpg?width=20").await, "signature_missing");
        assert_eq!(code(&strict, "china.jpg?width=20").await, "parameter_refused");
        assert_eq!(code(&strict, "china.jpg").await, "original_refused");
    }
}

#[actix_web::test]
async fn its_requests_have_a_route_of_their_own() {
    let server = serve_samples(|config| config.playground.enabled = true).await;
    get(server.address, "/playground").await;
    get(server.address, "/playground/explain/china.jpg?width=9").await;
    let metrics = get(server.admin_address, "/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    let series = "pixmill_requests_total{route=\"playground\",status=\"2xx\",cache=\"none\"} 2";
    assert!(metrics.contains(series), "{metrics}");
}
