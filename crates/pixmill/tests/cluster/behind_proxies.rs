//! Nodes behind real caching proxies: one variant per format, ranges, purges by tag, and stale responses.

use std::net::SocketAddr;

use awc::Client;
use bytes::Bytes;
use serde_json::Value;

use crate::{
    load::{self, until},
    node::{Node, settings},
    pictures::samples,
    proxies::{Nginx, Varnish},
};

/// A response through a proxy.
struct Answer {
    status: u16,
    body: Bytes,
    headers: awc::http::header::HeaderMap,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Sends a request to a proxy with these headers.
async fn send(client: &Client, method: &str, url: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(method.parse().unwrap(), url).no_decompress();
    for (name, value) in headers {
        request = request.insert_header((*name, *value));
    }
    let mut response = request.send().await.unwrap();
    let body = response.body().limit(100_000_000).await.unwrap();
    Answer { status: response.status().as_u16(), body, headers: response.headers().clone() }
}

/// Two nodes whose responses are fresh for this long.
fn nodes(lifetime: &str) -> [Node; 2] {
    [(); 2].map(|()| Node::start(settings(&samples(), &[("PIXMILL__CACHE__DEFAULT_TTL", lifetime)])))
}

/// A proxy keeps one variant per format, and answers ranges from what it keeps.
async fn formats_and_ranges_are_cached(proxy: SocketAddr, normalises_accept: bool) {
    let client = load::client();
    let url = format!("http://{proxy}/china.jpg?width=90&format=auto");
    let get = async |accept| send(&client, "GET", &url, &[("accept", accept)]).await;
    let first = get("image/avif,image/webp").await;
    assert_eq!((first.status, first.header("content-type")), (200, "image/avif"));
    assert!(first.header("vary").contains("Accept"), "{}", first.header("vary"));
    assert_eq!(first.header("x-cdn-cache"), "MISS");
    assert_eq!(get("image/avif,image/webp").await.header("x-cdn-cache"), "HIT");
    if normalises_accept {
        let spelled = get("image/avif, image/webp, image/apng, */*;q=0.8").await;
        assert_eq!((spelled.header("x-cdn-cache"), &spelled.body), ("HIT", &first.body));
    }
    let other = get("image/webp,*/*").await;
    assert_eq!((other.header("content-type"), other.header("x-cdn-cache")), ("image/webp", "MISS"));
    let part =
        send(&client, "GET", &url, &[("accept", "image/avif,image/webp"), ("range", "bytes=10-29")]).await;
    assert_eq!((part.status, &part.body), (206, &first.body.slice(10..30)));
    let etag = first.header("etag").to_owned();
    let known =
        send(&client, "GET", &url, &[("accept", "image/avif,image/webp"), ("if-none-match", &etag)]).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
}

/// A response that is no longer fresh is served while no node answers.
async fn stale_responses_are_served(proxy: SocketAddr, nodes: &mut [Node; 2]) {
    let client = load::client();
    let url = format!("http://{proxy}/flower.jpg?width=90");
    let first = send(&client, "GET", &url, &[]).await;
    assert_eq!(first.status, 200);
    nodes.iter_mut().for_each(Node::kill);
    let lifetime = first.header("cache-control").split("max-age=").nth(1).unwrap();
    let lifetime: u64 = lifetime.split(',').next().unwrap().parse().unwrap();
    let begun = std::time::Instant::now();
    let mut is_stale = false;
    until("the response is stale", async || {
        is_stale |= begun.elapsed().as_secs() > lifetime + 1;
        let stale = send(&client, "GET", &url, &[]).await;
        assert_eq!((stale.status, &stale.body), (200, &first.body), "after {:?}", begun.elapsed());
        is_stale
    })
    .await;
}

#[actix_web::test]
async fn nginx_caches_formats_ranges_and_stale_responses() {
    let mut nodes = nodes("1s");
    let Some(nginx) = Nginx::start(&nodes.each_ref().map(|node| node.address)) else { return };
    stale_responses_are_served(nginx.address, &mut nodes).await;
    drop(nginx);
    let mut nodes = self::nodes("1day");
    let Some(nginx) = Nginx::start(&nodes.each_ref().map(|node| node.address)) else { return };
    formats_and_ranges_are_cached(nginx.address, false).await;
    nodes.iter_mut().for_each(Node::end);
}

#[actix_web::test]
async fn varnish_caches_formats_ranges_and_stale_responses() {
    let mut nodes = nodes("1s");
    let Some(varnish) = Varnish::start(&nodes.each_ref().map(|node| node.address)) else { return };
    stale_responses_are_served(varnish.address, &mut nodes).await;
    drop(varnish);
    let mut nodes = self::nodes("1day");
    let Some(varnish) = Varnish::start(&nodes.each_ref().map(|node| node.address)) else { return };
    formats_and_ranges_are_cached(varnish.address, true).await;
    nodes.iter_mut().for_each(Node::end);
}

#[actix_web::test]
async fn a_purge_reaches_varnish_by_its_tag() {
    let mut nodes = nodes("1day");
    let Some(varnish) = Varnish::start(&nodes.each_ref().map(|node| node.address)) else { return };
    let client = load::client();
    let urls = ["china.jpg?width=70", "china.jpg?width=80&format=webp", "flower.jpg?width=70"]
        .map(|target| format!("http://{}/{target}", varnish.address));
    let found = async || {
        let mut found = Vec::new();
        for url in &urls {
            found.push(send(&client, "GET", url, &[]).await.header("x-cdn-cache").to_owned());
        }
        found
    };
    assert_eq!(found().await, ["MISS", "MISS", "MISS"]);
    assert_eq!(found().await, ["HIT", "HIT", "HIT"]);
    let mut tag = String::new();
    for node in &nodes {
        let purged = send(&client, "DELETE", &format!("http://{}/china.jpg", node.admin), &[]).await;
        let purged: Value = serde_json::from_slice(&purged.body).unwrap();
        purged["tag"].as_str().unwrap().clone_into(&mut tag);
    }
    let purge = async |tag: &str| send(&client, "PURGE", &urls[0], &[("surrogate-key", tag)]).await.status;
    assert_eq!(purge("no tag").await, 400);
    assert_eq!(purge(&tag).await, 200);
    assert_eq!(found().await, ["MISS", "MISS", "HIT"]);
    nodes.iter_mut().for_each(Node::end);
}

/// `Accept` of current browsers, and what of it the recipes keep.
const REDUCED: [(&str, &str); 5] = [
    ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", "image/avif,image/webp"),
    ("image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "image/avif,image/webp"),
    ("image/webp,image/png,image/svg+xml,image/*;q=0.8", "image/webp"),
    ("image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5", "*/*"),
    ("", "*/*"),
];

/// What a module prints in Node.js; nothing if that is not installed.
fn node(module: &str) -> Option<String> {
    let Ok(run) = std::process::Command::new("node").args(["--input-type=module", "-e", module]).output()
    else {
        eprintln!("skipped: Node.js is not installed");
        return None;
    };
    assert!(run.status.success(), "{run:?}");
    Some(String::from_utf8_lossy(&run.stdout).trim().to_owned())
}

/// The function that signs, with `key` in its key value store.
fn signing_function() -> String {
    let store = "const cf = { kvs: () => ({ get: async () => key }) };";
    include_str!("../../../../docker/cdn/cloudfront-sign.js").replace("import cf from 'cloudfront';", store)
}

#[test]
fn the_functions_of_cloudfront_reduce_accept() {
    let signing = signing_function() + "\nconst key = 'any';";
    for function in [include_str!("../../../../docker/cdn/cloudfront-accept.js"), &signing] {
        for (accept, expected) in REDUCED {
            let printed = node(&format!(
                "{function}\nconst headers = {{ accept: {{ value: {accept:?} }} }};\n\
                 const request = {{ method: 'GET', uri: '/', headers, rawQueryString: () => undefined }};\n\
                 console.log((await handler({{ request }})).headers.accept.value);"
            ));
            let Some(printed) = printed else { return };
            assert_eq!(printed, expected, "{accept}");
        }
    }
}

/// The signature at the end of a URL.
fn signature(url: &str) -> &str {
    url.rsplit_once("signature=").unwrap_or_default().1
}

#[test]
fn the_function_of_cloudfront_signs_like_the_clients() {
    let function = signing_function();
    let vectors: Value = serde_json::from_str(include_str!("../../../../clients/vectors.json")).unwrap();
    let vectors = vectors["sign"].as_array().unwrap().iter();
    for vector in vectors.filter(|vector| vector["upload"] == false && vector["strip_prefix"] == "") {
        let url = vector["url"].as_str().unwrap().split('#').next().unwrap();
        let host = url.strip_prefix("https://");
        let target = host.map_or(url, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let signed = node(&format!(
            "{function}\nconst key = {};\n\
             const request = {{ method: 'GET', uri: {path:?}, headers: {{}}, rawQueryString: () => {query:?} }};\n\
             console.log((await handler({{ request }})).querystring);",
            vector["key"]
        ));
        let Some(signed) = signed else { return };
        assert_eq!(signature(&signed), signature(vector["signed"].as_str().unwrap()), "{url}");
    }
}

#[test]
fn the_program_for_fastly_reduces_accept() {
    let program = include_str!("../../../../docker/cdn/fastly-compute.js")
        .replace("import { CacheOverride } from 'fastly:cache-override';", "class CacheOverride {}");
    for (accept, expected) in REDUCED {
        let printed = node(&format!(
            "let listener;\nconst addEventListener = (_, added) => listener = added;\n\
             globalThis.fetch = async (request, {{ backend }}) => new Response([backend, request.url, \
             request.headers.get('accept'), request.headers.get('cookie')].join(' '));\n{program}\n\
             const headers = {{ accept: {accept:?}, cookie: 'a=b' }};\n\
             const request = new Request('https://img.example/a.jpg?width=3', {{ headers }});\n\
             listener({{ request, respondWith: async (answer) => console.log(await (await answer).text()) }});"
        ));
        let Some(printed) = printed else { return };
        let expected = format!("pixmill https://img.example/a.jpg?width=3 {expected}");
        assert_eq!(printed, expected, "{accept}");
    }
}
