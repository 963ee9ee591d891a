//! Faults of an origin behind two nodes that have its pictures cached.

use std::{net::TcpListener, rc::Rc, time::Duration};

use bytes::Bytes;
use testkit::{
    RedisServer,
    origin::{FakeOrigin, Fault, Reply},
};

use crate::{
    load::{self, Load, until},
    node::{Node, settings},
    pictures::{Picture, samples},
};

/// Number of requests completed with each fault.
const REQUESTS: usize = 60;

/// A photograph that is revalidated each time, and may be served stale if that fails.
pub fn photograph(body: &Bytes) -> Reply {
    let reply = Reply::ok(body).with("ETag", "\"1\"");
    reply.with("Cache-Control", "max-age=0, stale-while-revalidate=0, stale-if-error=3600")
}

fn faults(body: &Bytes, private: &str) -> Vec<(&'static str, Reply)> {
    let but = |fault| photograph(body).with_fault(fault);
    let second = Duration::from_secs(1);
    vec![
        ("silence", but(Fault::Silence)),
        ("hang up", but(Fault::HangUp)),
        ("reset", but(Fault::Reset)),
        ("slow", but(Fault::Slow(second))),
        ("stall", but(Fault::Stall(1000))),
        ("drip", but(Fault::Drip(second / 10))),
        ("truncate", but(Fault::Truncate(1000))),
        ("reset in the body", but(Fault::ResetAfter(1000))),
        ("claim more", but(Fault::ClaimMore(1000))),
        ("unfinished chunks", but(Fault::UnfinishedChunks)),
        ("endless head", but(Fault::EndlessHead)),
        ("500", Reply::status(500)),
        ("503", Reply::status(503)),
        ("redirect to a private address", Reply::redirect(&format!("http://{private}/secret.jpg"))),
        ("redirect to itself", Reply::redirect("/a.jpg")),
    ]
}

#[actix_web::test]
async fn a_failing_origin_costs_no_request_for_cached_pictures() {
    let Some(redis) = RedisServer::start() else { return };
    let body: Bytes = std::fs::read(format!("{}/china.jpg", samples())).unwrap().into();
    let private = TcpListener::bind("127.0.0.2:0").unwrap();
    private.set_nonblocking(true).unwrap();
    let origin = FakeOrigin::start(photograph(&body));
    let url = redis.url();
    let quick = [
        ("PIXMILL__CACHE__REDIS__URL", url.as_str()),
        ("PIXMILL__ORIGIN__RESPONSE_TIMEOUT", "200ms"),
        ("PIXMILL__ORIGIN__TIMEOUT", "400ms"),
        ("PIXMILL__ORIGIN__BREAKER_PAUSE", "100ms"),
        ("PIXMILL__CACHE__ORIGIN_PAUSE", "100ms"),
        ("PIXMILL__LIMITS__MAX_BYTES", "2MiB"),
    ];
    let nodes = [(); 2].map(|()| Node::start(settings(&origin.url, &quick)));
    let pictures = known(&nodes).await;
    let load = Load::put(&nodes.each_ref().map(|node| node.address), &pictures, 4);
    for (name, reply) in faults(&body, &private.local_addr().unwrap().to_string()) {
        eprintln!("{name}");
        origin.set_reply(reply);
        load.answered(REQUESTS).await;
        origin.set_reply(photograph(&body));
        recovers(&nodes).await;
    }
    origin.stop().await;
    load.answered(REQUESTS).await;
    origin.restart().await;
    recovers(&nodes).await;
    load.end().await;
    let seen = private.accept().unwrap_err();
    assert_eq!(seen.kind(), std::io::ErrorKind::WouldBlock, "nobody may connect to a private address");
}

/// Variants that both nodes have cached.
pub async fn known(nodes: &[Node; 2]) -> Rc<Vec<Picture>> {
    let client = load::client();
    let mut pictures = Vec::new();
    for width in 20..30 {
        let target = format!("/a.jpg?width={width}&format=png");
        let [one, two] = [&nodes[0], &nodes[1]].map(|node| load::fetch(&client, node.address, &target));
        let (one, two) = (one.await.unwrap(), two.await.unwrap());
        assert!(one == two);
        pictures.push(Picture { target, body: blake3::hash(&one) });
    }
    Rc::new(pictures)
}

/// Waits until both nodes get responses from the origin again.
pub async fn recovers(nodes: &[Node; 2]) {
    let client = load::client();
    for node in nodes {
        until("the origin is asked again", async || {
            let answer = load::ask(&client, node.address, "/a.jpg?width=20&format=png").await.unwrap();
            answer.status == 200 && answer.source != "stale"
        })
        .await;
    }
}
