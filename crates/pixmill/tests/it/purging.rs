//! Purges of originals that are selected by parameters, by a URL in the path, or by `Host`.

use pixmill::{app::Server, config::Config};

use crate::{
    client::{Connection, get},
    fake_origin::{FakeOrigin, Reply},
    nodes::purge,
    setup::{sample, serve},
};

fn china() -> FakeOrigin {
    FakeOrigin::start(Reply::ok(&sample("china.jpg")).with("cache-control", "max-age=600"))
}

/// Checks that a `DELETE` purges the variant of a `GET`, but not the picture of the default origin.
async fn check(server: &Server, other: &FakeOrigin, target: &str, variant: &str) {
    let own = get(server.address, "/a.jpg?width=50").await;
    assert_eq!(own.status, 200);
    let asked = other.request_count();
    let old = get(server.address, variant).await;
    assert_eq!((old.outcome(), other.request_count()), ((200, "miss"), asked + 1), "{target}");
    assert_eq!(get(server.address, variant).await.outcome(), (200, "hit-memory"), "{target}");
    let answer = purge(server, target).await;
    assert_eq!((answer.status, answer.json()["tag"].as_str()), (200, Some(old.header("surrogate-key"))));
    assert_eq!(get(server.address, variant).await.outcome(), (200, "miss"), "{target}");
    assert_eq!(other.request_count(), asked + 2, "{target}: the original is purged too");
    assert_eq!(get(server.address, "/a.jpg?width=50").await.outcome(), (200, "hit-memory"), "{target}");
}

#[actix_web::test]
async fn originals_are_purged_by_every_way_to_select_them() {
    let [default, other] = [china(), china()];
    let authority = other.authority();
    let server = serve(&default.url, |config: &mut Config| {
        config.origin.allow_dynamic = true;
        config.origin.hosts_allowed = vec![authority.clone()];
        config.origin.private_allowed = vec!["127.0.0.1/32".to_owned()];
    })
    .await;
    let encoded = authority.replace(':', "%3A");
    for target in [
        format!("/?source_url=http://{authority}/a.jpg"),
        format!("/?source_url=http://{authority}/a+b%20c.jpg?v=2"),
        format!("/?source_url64={}", base64(&format!("http://{authority}/d.jpg"))),
        format!("/a.jpg?origin=http://{authority}/below"),
        format!("/b.jpg?hostname={authority}"),
        format!("/c.jpg?hostname={authority}&host_header={authority}"),
    ] {
        check(&server, &other, &target, &format!("{target}&width=50")).await;
    }
    let target = format!("/http%3A%2F%2F{encoded}%2Fe.jpg");
    check(&server, &other, &target, &format!("{target}?width=50")).await;
    // parameters of the picture do not select an original
    let target = format!("/f.jpg?origin=http://{authority}&width=50");
    check(&server, &other, &format!("{target}&blur=2"), &target).await;
    let refused = purge(&server, "/?source_url=http://elsewhere.example/a.jpg").await;
    assert_eq!((refused.status, refused.json()["error"]["code"].as_str().is_some()), (401, true));
    // the root of another origin does not purge everything
    let root = purge(&server, &format!("/?origin=http://{authority}")).await;
    assert!(root.status != 200 || root.json()["tag"].is_string());
    assert_eq!(get(server.address, "/a.jpg?width=50").await.outcome(), (200, "hit-memory"));
}

#[actix_web::test]
async fn originals_are_purged_by_the_host_of_their_origin() {
    let [default, blog] = [china(), china()];
    let server = serve(&default.url, |config| {
        let hosts = vec!["blog.example".to_owned()];
        let blog = origin::Config { url: blog.url.clone().into(), hosts, ..origin::Config::default() };
        config.origins = [("blog".to_owned(), blog)].into();
    })
    .await;
    let ask = async |host: &str| {
        let mut connection = Connection::open(server.address).await;
        connection.ask_host(host, "/a.jpg?width=50").await.outcome().1.to_owned()
    };
    assert_eq!((ask("blog.example").await, ask("x.example").await), ("miss".into(), "miss".into()));
    let mut admin = Connection::open(server.admin_address).await;
    admin.write("DELETE /a.jpg HTTP/1.1\r\nHost: blog.example\r\n\r\n").await;
    assert_eq!(admin.read("DELETE").await.status, 200);
    assert_eq!((ask("blog.example").await, ask("x.example").await), ("miss".into(), "hit-memory".into()));
    assert_eq!(purge(&server, "/a.jpg").await.status, 200);
    assert_eq!((ask("blog.example").await, ask("x.example").await), ("hit-memory".into(), "miss".into()));
}

fn base64(text: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(text)
}
