//! Asynchronous requests: admission, status, expiry, and shutdown.

use std::net::SocketAddr;

use actix_web::rt;
use pixmill::render::Class;
use serde_json::Value;
use testkit::Picture;

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post},
    setup::{occupy, sample, samples, serve, serve_samples, serve_uploads, until},
};

/// The status of a job, once it has ended.
pub async fn ended(address: SocketAddr, location: &str) -> Value {
    until(async || {
        let told = get(address, location).await;
        assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
        ["done", "failed"].contains(&told.json()["status"].as_str().unwrap())
    })
    .await;
    get(address, location).await.json()
}

#[actix_web::test]
async fn an_asynchronous_get() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    origin.hold();
    let server = serve(&origin.url, |_| ()).await;
    let taken = get(server.address, "/a.jpg?width=100&async=true").await;
    let told = taken.json();
    assert_eq!((taken.status, &told["status"]), (202, &"pending".into()));
    let location = told["location"].as_str().unwrap();
    assert_eq!(taken.header("location"), location);
    assert_eq!(location, format!("/async/{}", told["id"].as_str().unwrap()));
    origin.wait_for_requests(1).await;
    assert_eq!(get(server.address, location).await.json()["status"], "processing");
    origin.release();
    let told = ended(server.address, location).await;
    assert_eq!((&told["status"], &told["result"]), (&"done".into(), &"/a.jpg?width=100".into()), "{told}");
    assert_eq!(get(server.address, told["result"].as_str().unwrap()).await.outcome(), (200, "hit-memory"));
    let head = Connection::open(server.address).await.ask("HEAD", "/a.jpg?width=9&async=1", &[]).await;
    assert_eq!(head.outcome(), (200, "miss"), "a HEAD is answered now");
}

#[actix_web::test]
async fn several_pictures_in_one_job() {
    let (server, uploads) = serve_uploads(samples().to_str().unwrap(), |_| ()).await;
    let queries = "cache_queries=%5B%22width%3D20%22%2C%22width%3D30%22%5D";
    let taken = get(uploads, &format!("/china.jpg?width=10&async=1&{queries}")).await.json();
    let told = ended(uploads, taken["location"].as_str().unwrap()).await;
    let made: Vec<_> = told["stored"].as_array().unwrap().iter().map(|entry| &entry["location"]).collect();
    assert_eq!(made, ["/china.jpg?width=10", "/china.jpg?width=20", "/china.jpg?width=30"]);
    for target in made {
        assert_eq!(get(uploads, target.as_str().unwrap()).await.outcome(), (200, "hit-memory"));
    }
    let rendered = |class| server.pool().ratios()[class].count();
    let by_class = [Class::Picture, Class::Async, Class::Warming].map(rendered);
    assert_eq!(by_class, [0, 1, 2], "requested pictures and cache warming");
    // without `async` they are ignored
    let now = get(uploads, &format!("/china.jpg?width=11&{queries}&cache_processed=1")).await;
    assert_eq!(now.outcome(), (200, "miss"));
    assert_eq!(rendered(Class::Picture), 1);
}

#[actix_web::test]
async fn a_job_has_one_deadline_for_all_pictures() {
    let (server, uploads) = serve_uploads(samples().to_str().unwrap(), |config| {
        config.workers.threads = 1;
        config.uploads.job_timeout = std::time::Duration::from_millis(300);
    })
    .await;
    let (_job, _release) = occupy(&server).await;
    let queries = "cache_queries=%5B%22width%3D20%22%2C%22width%3D30%22%5D";
    let of_origin = get(uploads, &format!("/china.jpg?async=1&{queries}")).await;
    let form = Form::default().file(&sample("china.jpg"));
    let of_upload = post(uploads, &format!("/new.jpg?async=1&{queries}"), form).await;
    for taken in [of_origin, of_upload] {
        let told = ended(uploads, taken.header("location")).await;
        assert_eq!(
            (&told["status"], &told["stored"][0]["content_type"]),
            (&"done".into(), &"image/jpeg".into())
        );
        for entry in &told["stored"].as_array().unwrap()[1..] {
            assert_eq!(entry["error"]["code"], "deadline_passed", "{told}");
        }
    }
    let taken = get(uploads, "/china.jpg?async=1&width=9").await;
    let told = ended(uploads, taken.header("location")).await;
    assert_eq!((&told["status"], &told["error"]["code"]), (&"failed".into(), &"deadline_passed".into()));
}

#[actix_web::test]
async fn cache_queries_need_upload_permission() {
    let server = serve_samples(|_| ()).await;
    let answer = get(server.address, "/china.jpg?async=1&cache_queries=width%3D20").await;
    assert_eq!((answer.status, &answer.json()["error"]["parameter"]), (401, &"cache_queries".into()));
}

#[actix_web::test]
async fn an_asynchronous_upload() {
    let (server, uploads) = serve_uploads("", |_| ()).await;
    let form = || Form::default().file(&sample("china.jpg")).field("width", "50");
    let taken = post(uploads, "/?async=true", form()).await;
    assert_eq!(taken.status, 202);
    let told = ended(uploads, taken.header("location")).await;
    assert_eq!(told["status"], "done", "{told}");
    // the status and the result are available on all listeners that serve pictures
    assert_eq!(get(server.address, taken.header("location")).await.json(), told);
    let result = get(server.address, told["result"].as_str().unwrap()).await;
    assert_eq!((result.outcome(), result.header("content-type")), ((200, "hit-memory"), "image/jpeg"));
    assert_eq!(Picture::decode(&result.body.into()).width, 50);
    let kept = post(uploads, "/b.jpg?cache_processed=1&async=1", form()).await;
    let told = ended(uploads, kept.header("location")).await;
    assert_eq!((&told["result"], &told["stored"][0]["location"]), (&"/b.jpg".into(), &"/b.jpg".into()));
    assert_eq!(Picture::decode(&get(server.address, "/b.jpg").await.body.into()).width, 50);
}

#[actix_web::test]
async fn failed_jobs_report_the_error_of_a_synchronous_request() {
    let origin = FakeOrigin::start(Reply::status(404));
    let (server, uploads) = serve_uploads(&origin.url, |_| ()).await;
    let taken = get(server.address, "/a.jpg?async=1").await;
    let told = ended(server.address, taken.header("location")).await;
    assert_eq!((&told["status"], &told["error"]["code"]), (&"failed".into(), &"not_found".into()));
    assert_eq!(told["error"]["request_id"], taken.header("x-request-id"), "of the request that queued it");
    let broken = sample("china.jpg").slice(..900);
    let taken = post(uploads, "/?width=5&async=1", Form::default().file(&broken)).await;
    let told = ended(uploads, taken.header("location")).await;
    assert_eq!((&told["status"], &told["error"]["code"]), (&"failed".into(), &"undecodable_image".into()));
    // invalid requests are refused at once
    assert_eq!(get(server.address, "/a.jpg?async=1&width=x").await.status, 400);
    assert_eq!(get(server.address, "/a.jpg?async=perhaps").await.status, 400);
}

#[actix_web::test]
async fn unknown_job_ids_and_other_paths() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve(&origin.url, |_| ()).await;
    let nobody = format!("/async/{}", "0".repeat(32));
    for target in [&nobody, &format!("{nobody}/result")] {
        let answer = get(server.address, target).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (404, &"no_such_job".into()));
    }
    assert_eq!(get(server.address, "/async/a.jpg?width=5").await.status, 200);
}

#[actix_web::test]
async fn the_queue_is_bounded() {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    origin.hold();
    let server = serve(&origin.url, |config| config.uploads.queue = 2).await;
    let first = get(server.address, "/a.jpg?width=1&async=1").await;
    assert_eq!((first.status, get(server.address, "/a.jpg?width=2&async=1").await.status), (202, 202));
    let third = get(server.address, "/a.jpg?width=3&async=1").await;
    assert_eq!((third.status, third.header("retry-after")), (503, "1"));
    origin.release();
    ended(server.address, first.header("location")).await;
    until(async || get(server.address, "/a.jpg?width=3&async=1").await.status == 202).await;
    let server = serve(&origin.url, |config| config.uploads.queue = 0).await;
    let off = get(server.address, "/a.jpg?width=3&async=1").await;
    assert_eq!((off.status, &off.json()["error"]["parameter"]), (401, &"async".into()));
}

#[actix_web::test]
async fn shutdown_completes_queued_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().to_owned();
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    origin.hold();
    let server = serve(&origin.url, |config| {
        config.workers.threads = 1;
        config.cache.disk.path.clone_from(&disk);
    })
    .await;
    let admin = server.admin_address;
    let taken = get(server.address, "/a.jpg?width=10&async=1").await;
    let next = get(server.address, "/a.jpg?width=20&async=1").await;
    origin.wait_for_requests(1).await;
    let stopping = rt::spawn(server.stop());
    until(async || get(admin, "/ready").await.status == 503).await;
    origin.release();
    stopping.await.unwrap();
    let server = serve(&origin.url, |config| config.cache.disk.path = disk).await;
    for taken in [taken, next] {
        let told = get(server.address, taken.header("location")).await.json();
        assert_eq!(told["status"], "done", "status after a restart: {told}");
    }
}

#[actix_web::test]
async fn jobs_that_outlast_the_shutdown_fail() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().to_owned();
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    origin.hold();
    let server = serve(&origin.url, |config| {
        config.workers.threads = 1;
        config.listen.shutdown_timeout = std::time::Duration::ZERO;
        config.cache.disk.path.clone_from(&disk);
    })
    .await;
    let begun = get(server.address, "/a.jpg?width=10&async=1").await;
    origin.wait_for_requests(1).await;
    let waiting = get(server.address, "/b.jpg?width=10&async=1").await;
    server.stop().await;
    let server = serve(&origin.url, |config| config.cache.disk.path = disk).await;
    for taken in [begun, waiting] {
        let told = get(server.address, taken.header("location")).await.json();
        let found = (&told["status"], &told["error"]["code"]);
        assert_eq!(found, (&"failed".into(), &"interrupted".into()), "after a restart: {told}");
    }
}
