//! The topology of `docker/compose.yaml` without containers: two nodes, Redis, and nginx in place of a CDN.

use std::path::Path;

use testkit::RedisServer;

use crate::{
    load::{self, Load, until},
    node::{Node, Settings},
    pictures::{samples, variants},
    proxies::Nginx,
};

const COMPOSE: &str = include_str!("../../../../docker/compose.yaml");

/// Number of requests completed between restarts. No picture is requested twice before the last restart, so that requests reach
/// the nodes and are not all nginx cache hits.
const REQUESTS: usize = 60;

/// The environment of both nodes in the file, with local addresses and paths.
fn environment(redis: &RedisServer, disk: &Path) -> Settings {
    let lines = COMPOSE.lines().filter_map(|line| line.trim().split_once(": "));
    let mut settings: Settings = lines
        .filter(|(name, _)| name.starts_with("PIXMILL__"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for (name, theirs, ours) in [
        ("PIXMILL__LISTEN__ADDRESS", "0.0.0.0:8080", "127.0.0.1:0".to_owned()),
        ("PIXMILL__ADMIN__ADDRESS", "0.0.0.0:17006", "127.0.0.1:0".to_owned()),
        ("PIXMILL__ORIGIN__URL", "/pictures", samples()),
        ("PIXMILL__CACHE__REDIS__URL", "redis://redis:6379", redis.url()),
        ("PIXMILL__CACHE__DISK__PATH", "/var/cache/pixmill", disk.display().to_string()),
    ] {
        let (_, value) = settings.iter_mut().find(|(known, _)| known == name).expect(name);
        assert_eq!(value, theirs);
        *value = ours;
    }
    settings
}

#[actix_web::test]
async fn a_rolling_restart_behind_nginx_costs_no_request() {
    let Some(redis) = RedisServer::start() else { return };
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut nodes = folders.each_ref().map(|folder| Node::start(environment(&redis, folder.path())));
    let Some(nginx) = Nginx::start(&nodes.each_ref().map(|node| node.address)) else { return };
    let pictures = variants(REQUESTS as u32 * 6).await;
    let client = load::client();
    until("nginx has it", async || {
        let target = "/china.jpg?width=100&format=auto";
        let response = client.get(format!("http://{}{target}", nginx.address)).send().await.unwrap();
        response.headers().get("x-cdn-cache").is_some_and(|found| found == "HIT")
    })
    .await;
    let load = Load::put(&[nginx.address], &pictures, 8);
    for node in &mut nodes {
        load.answered(REQUESTS).await;
        node.end();
        load.answered(REQUESTS).await;
        node.restart();
    }
    load.answered(REQUESTS).await;
    load.end().await;
}
