//! The topology of `docker/compose.yaml` without containers: two nodes, Redis, and nginx in place of a CDN.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;
use testkit::RedisServer;

use crate::{
    load::{self, Load, until},
    node::{Node, Settings},
    pictures::{samples, variants},
};

const COMPOSE: &str = include_str!("../../../../docker/compose.yaml");
const NGINX: &str = include_str!("../../../../docker/nginx.conf");

/// Number of requests completed between restarts. No picture is requested twice before the last restart, so that requests reach
/// the nodes and are not all nginx cache hits.
const REQUESTS: usize = 60;

/// nginx with the configuration of the containers, in front of these nodes.
struct Nginx {
    process: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// None, with a message, if nginx is not installed.
    fn start(nodes: &[SocketAddr; 2]) -> Option<Self> {
        let version = Command::new("nginx").arg("-v").stderr(Stdio::null()).status();
        if !version.is_ok_and(|status| status.success()) {
            eprintln!("skipped: nginx is not installed");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let configuration = folder.path().join("nginx.conf");
        fs::write(&configuration, configured(nodes, address, folder.path())).unwrap();
        let own =
            format!("daemon off; user root; pid {0}/pid; error_log stderr notice;", folder.path().display());
        let mut command = Command::new("nginx");
        command.arg("-p").arg(folder.path()).arg("-c").arg(&configuration).args(["-g", &own]);
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map_while(Result::ok);
        let started = lines.find(|line| line.contains("start worker process "));
        assert!(started.is_some(), "nginx ended at once");
        // a full pipe would block it
        thread::spawn(move || lines.for_each(drop));
        Some(Self { process, address, _folder: folder })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // with this signal, its workers exit too
        drop(Command::new("kill").arg(self.process.id().to_string()).status());
        drop(self.process.wait());
    }
}

/// The configuration of the containers, with local addresses and paths.
fn configured(nodes: &[SocketAddr; 2], address: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    let mut text = NGINX.to_owned();
    for (theirs, ours) in [
        ("server one:8080 ", format!("server {} ", nodes[0])),
        ("server two:8080 ", format!("server {} ", nodes[1])),
        ("listen 80;", format!("listen {address};")),
        ("/var/cache/nginx ", format!("{folder}/cache ")),
        ("http {", format!("http {{ proxy_temp_path {folder}/proxy; client_body_temp_path {folder}/body;")),
    ] {
        assert_eq!(text.matches(theirs).count(), 1, "{theirs}");
        text = text.replace(theirs, &ours);
    }
    text
}

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
