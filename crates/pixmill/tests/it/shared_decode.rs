//! One decode, many outputs: several sizes of one cold original at once share its fetch and its decode.

use bytes::Bytes;
use futures_util::future::join_all;
use pixmill::app::Server;
use testkit::sample;

use crate::{
    client::{Connection, Response, ask, get},
    fake_origin::{FakeOrigin, Reply},
    form::{Form, post},
    setup::{occupy, samples, serve, serve_origin, serve_uploads, until},
};

/// The widths of a page, for an original of 640 px.
const WIDTHS: [u32; 8] = [80, 100, 120, 160, 200, 240, 300, 320];

/// A server with one render thread.
async fn narrow(origin: &FakeOrigin) -> Server {
    serve(&origin.url, |config| config.workers.threads = 1).await
}

/// The responses to these targets, all of which wait for a render thread at the same time.
async fn together(server: &Server, targets: &[String]) -> Vec<Response> {
    let (job, release) = occupy(server).await;
    let accept = [("accept", "image/avif,image/webp,*/*")];
    let requests = join_all(targets.iter().map(|target| ask(server.address, target, &accept)));
    let start = async {
        until(async || server.pool().load().waiting == targets.len()).await;
        drop(release);
        job.await;
    };
    tokio::join!(requests, start).0
}

fn targets(query: &str) -> Vec<String> {
    WIDTHS.iter().map(|width| format!("/a?width={width}{query}")).collect()
}

/// The original in a format.
async fn original(format: &str) -> Bytes {
    let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")));
    let server = serve_origin(&origin).await;
    get(server.address, &format!("/a?width=640&format={format}&quality=90")).await.body.into()
}

#[actix_web::test]
async fn a_page_shares_fetch_and_decode() {
    // 80 to 200 px are decoded at half of the size of a JPEG, wider ones as a whole
    for (format, query, reused) in [
        ("jpeg", "", 4 + 2),
        ("png", "", 7),
        ("webp", "", 7),
        ("avif", "", 7),
        ("png", "&format=auto", 7),
        ("jpeg", "&crop=fit&height=50&format=webp", 4 + 2),
    ] {
        let origin = FakeOrigin::start(Reply::ok(&original(format).await));
        let targets = targets(query);
        let server = narrow(&origin).await;
        let page = together(&server, &targets).await;
        assert_eq!(origin.request_count(), 1, "{format} {query}");
        let load = server.pool().load();
        assert_eq!((load.begun, load.shared_decodes), (9, reused), "{format} {query}");
        assert_eq!(load.running_bytes, 0, "no pixels are kept");
        let other = narrow(&origin).await;
        let accept = [("accept", "image/avif,image/webp,*/*")];
        for (target, shared) in targets.iter().zip(page) {
            assert_eq!(shared.outcome(), (200, "miss"), "{target}");
            let alone = ask(other.address, target, &accept).await;
            assert!(alone.body == shared.body, "{format} {target}");
            assert_eq!(alone.header("etag"), shared.header("etag"), "{format} {target}");
        }
        assert_eq!(other.pool().load().shared_decodes, 0);
    }
}

#[actix_web::test]
async fn others_render_after_a_client_has_left() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")));
    let server = narrow(&origin).await;
    let (job, release) = occupy(&server).await;
    let mut clients = Vec::new();
    for (index, target) in targets("").iter().enumerate() {
        let mut client = Connection::open(server.address).await;
        client.send("GET", target, &[]).await;
        until(async || server.pool().load().waiting == index + 1).await;
        clients.push(client);
    }
    // the one that would have decoded, and one that would have waited
    drop((clients.remove(0), clients.pop()));
    until(async || server.pool().load().waiting == 6).await;
    drop(release);
    job.await;
    for mut client in clients {
        assert_eq!(client.read("GET").await.outcome(), (200, "miss"));
    }
    assert_eq!(server.pool().load().shared_decodes, 5);
}

#[actix_web::test]
async fn a_broken_original_fails_for_all() {
    let whole = sample("chelsea.png");
    let origin = FakeOrigin::start(Reply::ok(&whole.slice(..whole.len() / 2)));
    let server = narrow(&origin).await;
    let alone = get(server.address, "/a?width=99").await;
    assert_eq!((alone.status, alone.json()["error"]["code"].as_str()), (400, Some("undecodable_image")));
    for answer in together(&server, &targets("")).await {
        let (failure, of_alone) = (answer.json(), alone.json());
        assert_eq!(answer.status, 400);
        for field in ["code", "message"] {
            assert_eq!(failure["error"][field], of_alone["error"][field], "{field}");
        }
    }
    assert_eq!(server.pool().load().shared_decodes, 0);
}

#[actix_web::test]
async fn cache_queries_share_a_decode() {
    let (server, uploads) = serve_uploads(samples().to_str().unwrap(), |config| {
        config.workers.threads = 1;
    })
    .await;
    let (job, release) = occupy(&server).await;
    let queries: Vec<_> = WIDTHS.iter().map(|width| format!("\"width={width}\"")).collect();
    let form = Form::default()
        .file(&sample("chelsea.png"))
        .field("cache_queries", &format!("[{}]", queries.join(",")));
    let start = async {
        until(async || server.pool().load().waiting == WIDTHS.len()).await;
        drop(release);
        job.await;
    };
    let (answer, ()) = tokio::join!(post(uploads, "/new.png", form), start);
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    assert_eq!(server.pool().load().shared_decodes, 7);
    assert_eq!(get(uploads, "/new.png?width=320").await.outcome(), (200, "hit-memory"));
}
