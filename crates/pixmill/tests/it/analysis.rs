//! Analyses by models: faces, red eyes, nudity and labels, with models and without.

use std::{fs, path::PathBuf};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    client::{Response, get},
    fake_origin::{FakeOrigin, Reply},
    setup::{sample, serve, serve_origin, serve_samples},
};

/// Names of the labels of a response.
#[track_caller]
fn labels(answer: &Response) -> Vec<String> {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let json = answer.json();
    let labels = json["labels"].as_array().unwrap();
    labels.iter().map(|label| label["Name"].as_str().unwrap().to_owned()).collect()
}

#[actix_web::test]
async fn recognition_returns_labels_and_nudity() {
    let server = serve_samples(|_| ()).await;
    let cat = labels(&get(server.address, "/chelsea.png?recognition=labels").await);
    assert!(cat.contains(&"Cat".to_owned()) && !cat.contains(&"Person".to_owned()), "{cat:?}");
    let portrait = get(server.address, "/grace_hopper.jpg?recognition=nsfw,labels").await;
    assert!(labels(&portrait).contains(&"Person".to_owned()));
    let verdict = portrait.json()["nsfw"]["nudity"].clone();
    assert_eq!(verdict["value"], json!(false));
    assert!(verdict["confidence"].as_f64().unwrap() > 80.0, "{verdict}");
    let only = get(server.address, "/chelsea.png?recognition=nsfw").await.json();
    assert!(only.get("labels").is_none(), "{only}");
}

/// The example in the documentation: the same labels, with confidences that are equal except for rounding.
#[actix_web::test]
async fn the_documented_response_is_returned() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../vips-ops/tests/golden/recognition-1.json");
    let golden: Value = serde_json::from_slice(&fs::read(golden).unwrap()).unwrap();
    let server = serve_samples(|_| ()).await;
    let answer = get(server.address, "/chelsea.png?recognition=labels").await.json();
    let labels = |answer: &Value| answer["labels"].as_array().unwrap().clone();
    assert_eq!(labels(&answer).len(), labels(&golden).len(), "{answer}");
    for (found, expected) in labels(&answer).iter().zip(labels(&golden)) {
        assert_eq!(found["Name"], expected["Name"]);
        let percent = |label: &Value| label["Confidence"].as_f64().unwrap();
        assert!((percent(found) - percent(&expected)).abs() < 1.0, "{found} {expected}");
    }
}

#[actix_web::test]
async fn thresholds_are_configurable() {
    let server = serve_samples(|config| {
        config.vision.nsfw_threshold = 0.0;
        config.vision.min_confidence = 90.0;
    })
    .await;
    let answer = get(server.address, "/chelsea.png?recognition=nsfw,labels").await;
    assert_eq!(answer.json()["nsfw"]["nudity"]["value"], json!(true));
    assert_eq!(labels(&answer), ["Animal", "Mammal", "Cat"]);
}

#[actix_web::test]
async fn an_original_is_analysed_once_for_all_variants() {
    let origin = FakeOrigin::start(Reply::ok(&sample("astronaut.png")).with("cache-control", "max-age=600"));
    let server = serve_origin(&origin).await;
    for (query, begun) in [
        ("crop=face&width=60&height=60", 2),
        ("crop=face&width=50", 3),
        ("redeye=true&width=50&blur=3", 4),
        ("width=50", 5),
        // faces are cached, labels are not, and JSON needs no render
        ("recognition=labels", 6),
        ("recognition=labels,nsfw", 7),
    ] {
        assert_eq!(get(server.address, &format!("/a.png?{query}")).await.status, 200, "{query}");
        assert_eq!(server.pool().load().begun, begun, "{query}");
    }
}

#[actix_web::test]
async fn a_new_version_is_analysed_again() {
    let origin = FakeOrigin::start(
        Reply::ok(&sample("astronaut.png")).with("cache-control", "max-age=0, stale-while-revalidate=0"),
    );
    let server = serve_origin(&origin).await;
    let people = async || {
        let answer = get(server.address, "/a?recognition=labels").await;
        labels(&answer).contains(&"Person".to_owned())
    };
    assert!(people().await);
    origin.set_reply(Reply::ok(&sample("chelsea.png")));
    assert!(!people().await);
}

#[actix_web::test]
async fn without_models_everything_else_is_served() {
    let server = serve_samples(|config| config.vision.models = "nowhere".into()).await;
    for query in ["crop=face", "crop=face&width=20&height=20", "redeye=true", "recognition=labels"] {
        let answer = get(server.address, &format!("/astronaut.png?{query}")).await;
        assert_eq!(answer.status, 501, "{query}");
        let error = answer.json()["error"].clone();
        assert_eq!(error["code"], "models_missing", "{query}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("make vendor") && !message.contains("nowhere"), "{message}");
    }
    assert_eq!(get(server.address, "/astronaut.png?width=20&crop=entropy").await.status, 200);
    let ready = get(server.address, "/ready").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &json!(true)));
    assert!(ready.json()["limits"][0].as_str().unwrap().contains("make vendor"));
}

#[actix_web::test]
async fn models_installed_later_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve_samples(|config| config.vision.models = folder.path().to_owned()).await;
    assert_eq!(get(server.address, "/chelsea.png?recognition=nsfw").await.status, 501);
    let vendor = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../vendor/models"));
    fs::copy(vendor.join("nsfw.onnx"), folder.path().join("nsfw.onnx")).unwrap();
    assert_eq!(get(server.address, "/chelsea.png?recognition=nsfw").await.status, 200);
}

#[actix_web::test]
async fn analyses_beyond_the_limit_are_refused() {
    let server = serve_samples(|config| config.vision.queue = 0).await;
    let answer = get(server.address, "/astronaut.png?crop=face").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    assert_eq!(get(server.address, "/astronaut.png?width=20").await.status, 200);
}

#[actix_web::test]
async fn an_undecodable_original_cannot_be_analysed() {
    let cut: Bytes = sample("china.jpg").slice(..3000);
    let origin = FakeOrigin::start(Reply::ok(&cut));
    let server = serve(&origin.url, |_| ()).await;
    for query in ["recognition=nsfw", "crop=face", "redeye=1"] {
        let answer = get(server.address, &format!("/a.jpg?{query}")).await;
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (400, &json!("undecodable_image")),
            "{query}"
        );
    }
}
