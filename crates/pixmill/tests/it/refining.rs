//! The second pass: results that are requested often are encoded again, to fewer bytes of at least the same quality.

use std::time::Duration;

use bytes::Bytes;
use image_api::params::output::quality_method::QualityMethod;
use pixmill::{app::Server, config::Config};
use testkit::Picture;
use vips_ops::{encode::auto_quality::Metric, vips::Image};

use crate::{
    client::{Connection, Response, get},
    fake_origin::{FakeOrigin, Reply},
    nodes::{Nodes, purge},
    setup::{sample, serve, serve_samples, until},
};

fn refining(config: &mut Config) {
    config.refine.enabled = true;
    config.refine.after = 3;
    config.refine.first_max_age = Duration::from_secs(9);
    config.refine.cpu_percent = 100;
}

/// Asks until another entity tag is served, which takes at least `after` requests.
async fn refined(server: &Server, target: &str) -> [Response; 2] {
    let first = get(server.address, target).await;
    assert_eq!(first.status, 200);
    for _ in 0..2 {
        assert_eq!(get(server.address, target).await.status, 200);
    }
    until(async || get(server.address, target).await.header("etag") != first.header("etag")).await;
    [first, get(server.address, target).await]
}

fn decoded(bytes: &[u8]) -> Image {
    let Picture { width, height, rgba, .. } = Picture::decode(&Bytes::copy_from_slice(bytes));
    let image = Image::from_pixels(&rgba, width, height, 4).unwrap();
    image.extract_bands(0, 3).unwrap().copy_memory().unwrap()
}

#[actix_web::test]
async fn a_result_becomes_smaller_and_looks_no_worse() {
    let server = serve_samples(refining).await;
    let lossless = get(server.address, "/chelsea.png?width=300&format=png&quality=80").await.body;
    let reference = Metric::new(QualityMethod::Ssimulacra2, &decoded(&lossless)).unwrap();
    for format in ["webp", "avif"] {
        let target = format!("/chelsea.png?width=300&quality=80&format={format}");
        let [first, second] = refined(&server, &target).await;
        let [before, after] = [&first, &second].map(|answer| answer.body.len());
        assert!(after * 100 <= before * 95, "{format}: {before} to {after}");
        let [one, two] = [&first, &second].map(|answer| decoded(&answer.body));
        assert_eq!((one.width(), one.height()), (two.width(), two.height()));
        let [one, two] = [one, two].map(|image| reference.compare(&image).unwrap());
        // another decoder than the server's: scores differ in the second decimal
        assert!(two >= one - 0.1, "{format}: {one} to {two}");
        assert_eq!(first.header("content-type"), second.header("content-type"));
    }
}

#[actix_web::test]
async fn png_stays_lossless() {
    let server = serve_samples(|config| {
        refining(config);
        config.refine.min_saving_percent = 1;
    })
    .await;
    let [first, second] = refined(&server, "/chelsea.png?width=300&format=png").await;
    assert!(second.body.len() * 100 <= first.body.len() * 99);
    let [one, two] = [first, second].map(|answer| Picture::decode(&answer.body.into()).rgba);
    assert_eq!(one, two);
}

#[actix_web::test]
async fn http_caches_come_back_for_the_second_encoding() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"));
    let server = serve(&origin.url, refining).await;
    let target = "/a.jpg?width=100&format=webp";
    let [first, second] = refined(&server, target).await;
    assert!(first.header("cache-control").contains("max-age=9"), "{}", first.header("cache-control"));
    assert!(second.header("cache-control").contains("max-age=1000"), "{}", second.header("cache-control"));
    for (etag, status) in [(first.header("etag"), 200), (second.header("etag"), 304)] {
        let mut connection = Connection::open(server.address).await;
        let answer = connection.ask("GET", target, &[("if-none-match", etag)]).await;
        assert_eq!(answer.status, status, "{etag}");
        let range = [("range", "bytes=0-9"), ("if-range", etag)];
        let part = Connection::open(server.address).await.ask("GET", target, &range).await;
        assert_eq!(part.status == 206, status == 304, "{etag}");
    }
    assert_eq!(origin.request_count(), 1);
}

#[actix_web::test]
async fn other_nodes_get_the_second_encoding_and_a_purge_removes_it_everywhere() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=1000"));
    let Some(nodes) = Nodes::start(origin, refining).await else { return };
    let target = "/a.jpg?width=100&format=webp";
    let made = nodes.make_on_one(target).await;
    // the other node has a copy of the first encoding in memory
    assert_eq!(get(nodes.two.address, target).await.header("etag"), made.header("etag"));
    let [_, second] = refined(&nodes.one, target).await;
    until(async || get(nodes.two.address, target).await.header("etag") == second.header("etag")).await;
    assert_eq!(get(nodes.two.address, target).await.body, second.body);
    assert_eq!(nodes.renders(), 2, "one render and one second pass, on both nodes together");
    assert_eq!(purge(&nodes.two, "/a.jpg").await.status, 200);
    // the purge reaches the other node a moment later
    until(async || {
        let again = get(nodes.one.address, target).await;
        let is_old = again.header("etag") == second.header("etag");
        assert!(is_old || again.header("etag") == made.header("etag"));
        assert!(is_old || again.body == made.body);
        !is_old
    })
    .await;
}

#[actix_web::test]
async fn metrics_say_what_was_saved() {
    let server = serve_samples(refining).await;
    let [first, second] = refined(&server, "/china.jpg?width=100&format=webp").await;
    let saved = first.body.len() - second.body.len();
    let page = Connection::open(server.admin_address).await.ask("GET", "/metrics", &[]).await;
    let page = String::from_utf8(page.body).unwrap();
    for line in [
        "pixmill_refinements_total{outcome=\"saved\"} 1".to_owned(),
        "pixmill_refinements_total{outcome=\"failed\"} 0".to_owned(),
        format!("pixmill_refined_bytes_saved_total {saved}"),
        "pixmill_refine_queue 0".to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}
