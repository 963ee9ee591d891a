//! The runbook in docs/operations.md: its commands run against a real server with a Redis, an origin, a disk and a collector, and
//! before the commands of a section the fault that the section is about is made.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use bytes::Bytes;
use tempfile::TempDir;
use testkit::{
    RedisServer, SmallDisk,
    origin::{FakeOrigin, Reply},
};

use super::{
    page::{Block, all_blocks, root},
    shell::{self, PATIENCE},
    site::Site,
};
use crate::{collector::Collector, run::pixmill};

/// The part of docs/operations.md that is run here.
pub const SECTION: &str = "Runbook";

/// The keys of the section about rotation: the old one and the new one.
const KEYS: [(&str, &str); 2] =
    [("old", "correct horse battery staple"), ("new", "a long and random text of one's own")];

/// Space for a few entries of the disk cache.
const ROOM: u64 = 16 << 20;

/// The server and all that it works with.
struct Scene {
    folder: TempDir,
    redis: Option<RedisServer>,
    origin: FakeOrigin,
    disk: Option<SmallDisk>,
    collector: Collector,
    server: Option<Child>,
    nodes: usize,
}

impl Scene {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["work", "cache"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        let picture: Bytes = fs::read(root().join("samples/china.jpg")).unwrap().into();
        let origin = FakeOrigin::start(Reply::ok(&picture).with("cache-control", "max-age=600"));
        let (redis, disk) = (RedisServer::start(), SmallDisk::mount(ROOM));
        Self { folder, redis, origin, disk, collector: Collector::start(), server: None, nodes: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn disk(&self) -> PathBuf {
        self.disk.as_ref().map_or_else(|| self.path("cache"), |disk| disk.path().to_owned())
    }

    /// The configuration of the server. `keys` are those that signatures may be made with.
    fn configuration(&self, keys: &[(&str, &str)]) -> String {
        let redis = self.redis.as_ref().map_or_else(String::new, RedisServer::url);
        let keys: Vec<_> = keys.iter().map(|(name, key)| format!("{name} = {key:?}")).collect();
        format!(
            "[listen]\naddress = \"127.0.0.1:0\"\ndrain_delay = \"8s\"\n[admin]\naddress = \"127.0.0.1:0\"\n\
             [origin]\nurl = {:?}\n[cache.disk]\npath = {:?}\nmax_bytes = \"256MiB\"\n[cache.redis]\nurl = {redis:?}\n\
             [logs]\nformat = \"json\"\n[telemetry.otlp]\nendpoint = {:?}\n[params.signing.keys]\n{}\n",
            self.origin.url,
            self.disk().to_str().unwrap(),
            self.collector.endpoint(),
            keys.join("\n"),
        )
    }

    /// Starts the server, in place of one that runs, and returns where its parts are.
    fn serve(&mut self, keys: &[(&str, &str)]) -> Site {
        self.stop();
        let (file, log) = (self.path("pixmill.toml"), self.path(&format!("{}.log", self.nodes)));
        fs::write(&file, self.configuration(keys)).unwrap();
        let mut command = pixmill(["serve".as_ref(), "--config".as_ref(), file.as_os_str()]);
        let child = command.stdout(Stdio::null()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        fs::write(self.path("pid"), child.id().to_string()).unwrap();
        self.server = Some(child);
        self.nodes += 1;
        let listening = said(&log, "\"message\":\"listening\"");
        let listening: serde_json::Value = serde_json::from_str(&listening).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let redis = self.redis.as_ref().map(|redis| format!("127.0.0.1:{}", redis.port()));
        let mut places = vec![
            ("127.0.0.1:8080", listening["address"].as_str().unwrap().to_owned()),
            ("127.0.0.1:17006", listening["admin"].as_str().unwrap().to_owned()),
            ("/etc/pixmill/pixmill.toml", text(&file)),
            ("/var/log/pixmill.log", text(&log)),
            ("/run/pixmill.pid", text(&self.path("pid"))),
            ("/var/cache/pixmill", text(&self.disk())),
        ];
        places.extend(redis.map(|address| ("127.0.0.1:6379", address)));
        Site::of_places(self.path("work"), places)
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Makes the fault that a section is about; false: what it needs is not there. Returns the server to be used with it.
    fn prepare(&mut self, heading: &str, site: Site) -> Option<Site> {
        match heading {
            "Redis is down" => self.redis.as_mut()?.kill(),
            "Redis is slow" => self.redis.as_ref()?.freeze(),
            "Scale out" => drop(self.redis.as_ref()?),
            "An origin is down" => self.origin.set_reply(Reply::status(500)),
            "The disk is full" => self.disk.as_ref()?.fill(),
            "Rotate a signing key" => return Some(self.serve(&KEYS)),
            _ => {}
        }
        Some(site)
    }

    /// Ends the fault, and starts the server again if the commands have ended it, or if its configuration was changed.
    fn restore(&mut self, heading: &str, site: Site) -> Site {
        match heading {
            "Redis is down" => self.redis.iter_mut().for_each(RedisServer::start_again),
            "Redis is slow" => self.redis.iter().for_each(RedisServer::thaw),
            "Start a node" | "Is it ready" | "Warm the cache" | "Purge" | "Scale out" => return site,
            _ => {}
        }
        let picture: Bytes = fs::read(root().join("samples/china.jpg")).unwrap().into();
        self.origin.set_reply(Reply::ok(&picture).with("cache-control", "max-age=600"));
        self.serve(&[])
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The first line of a file with this text, once it is there.
fn said(log: &Path, wanted: &str) -> String {
    let began = Instant::now();
    loop {
        let text = fs::read_to_string(log).unwrap();
        if let Some(line) = text.lines().find(|line| line.contains(wanted)) {
            return line.to_owned();
        }
        assert!(began.elapsed() < PATIENCE, "the server did not start: {text}");
        std::thread::yield_now();
    }
}

/// The commands of the runbook, by the heading of their section, in their order.
fn sections() -> Vec<(String, Vec<Block>)> {
    let mut sections: Vec<(String, Vec<Block>)> = Vec::new();
    let commands = all_blocks().into_iter().filter(Block::is_runbook);
    for block in commands.filter(|block| ["sh", "console"].contains(&&*block.language)) {
        match sections.last_mut().filter(|(heading, _)| *heading == block.heading) {
            Some((_, blocks)) => blocks.push(block),
            None => sections.push((block.heading.clone(), vec![block])),
        }
    }
    sections
}

#[expect(clippy::print_stdout, reason = "what is skipped is told")]
fn skip(heading: &str, reason: &str) {
    println!("skipped: \"{heading}\" of the runbook: {reason}");
}

#[test]
fn every_command_of_the_runbook_was_run() {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let mut scene = Scene::start();
    let mut site = scene.serve(&[]);
    let sections = sections();
    assert!(sections.len() >= 12, "{sections:?}");
    for (heading, blocks) in sections {
        let missing = ["pgrep", "redis-cli"]
            .into_iter()
            .find(|program| blocks.iter().any(|block| block.text.contains(program)) && !has(program));
        if let Some(program) = missing {
            skip(&heading, &format!("{program} is not installed"));
            continue;
        }
        let Some(prepared) = scene.prepare(&heading, site.clone()) else {
            skip(&heading, "Redis, or the right to mount a disk, is not there");
            continue;
        };
        for block in &blocks {
            match &*block.language {
                "sh" => shell::run_all(&prepared, block),
                _ => shell::run_and_wait(&prepared, block),
            }
        }
        site = scene.restore(&heading, prepared);
    }
}
