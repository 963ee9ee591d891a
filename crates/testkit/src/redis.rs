//! Redis servers for tests: real processes on free ports of this machine, which can be killed, paused and restarted.

use std::{
    io::{self, BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use ::redis::{Client, FromRedisValue, RedisResult, cmd};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PROGRAM: &str = "redis-server";
const HOST: &str = "127.0.0.1";
/// Timeout of all waiting; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_mins(1);
/// Hash slots of a cluster.
const SLOTS: usize = 16_384;

/// A running server, killed when dropped.
#[derive(Debug)]
pub struct RedisServer {
    process: Child,
    port: u16,
    tls_port: Option<u16>,
    args: Vec<String>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts an empty server. Returns `None`, and prints a line, if Redis is not installed.
    pub fn start() -> Option<Self> {
        Self::with(&[])
    }

    /// Starts a server with these command line arguments, for example `["--maxmemory", "1mb"]`.
    pub fn with(args: &[&str]) -> Option<Self> {
        if !is_installed() {
            return None;
        }
        let args = args.iter().map(|arg| (*arg).to_owned()).collect();
        Some(Self::begin(args, None))
    }

    /// Starts a server that also accepts TLS as `localhost`. Also returns the path of its certificate.
    pub fn with_tls() -> Option<(Self, PathBuf)> {
        if !is_installed() {
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let path = |name| folder.path().join(name).to_str().expect("a path in UTF-8").to_owned();
        let (certificate, key) = (path("certificate.pem"), path("key.pem"));
        std::fs::write(&certificate, pem("CERTIFICATE", authority.cert.der())).expect("a file");
        std::fs::write(&key, pem("PRIVATE KEY", &authority.signing_key.serialize_der())).expect("a file");
        let port = free_port();
        let tls_port = port.to_string();
        let mut args = vec!["--tls-port", &tls_port, "--tls-cert-file", &certificate, "--tls-key-file", &key];
        args.extend(["--tls-ca-cert-file", &certificate, "--tls-auth-clients", "no"]);
        let mut server = Self::begin(args.into_iter().map(str::to_owned).collect(), Some(folder));
        server.tls_port = Some(port);
        Some((server, certificate.into()))
    }

    fn begin(args: Vec<String>, folder: Option<TempDir>) -> Self {
        let folder = folder.unwrap_or_else(|| tempfile::tempdir().expect("a temporary folder"));
        let port = free_port();
        let process = launch(port, &args, folder.path());
        Self { process, port, tls_port: None, args, folder }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://{HOST}:{}", self.port)
    }

    /// Its URL with TLS.
    pub fn tls_url(&self) -> String {
        format!("rediss://localhost:{}", self.tls_port.expect("a server with TLS"))
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it like a crash; its data is lost.
    pub fn kill(&mut self) {
        // the process may have ended already
        drop(self.process.kill());
        drop(self.process.wait());
    }

    /// Restarts it after [`Self::kill`], empty, on the same port.
    pub fn start_again(&mut self) {
        self.kill();
        self.process = launch(self.port, &self.args, self.folder.path());
    }

    /// Pauses it (SIGSTOP): connections stay open without responses.
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Resumes it (SIGCONT) after [`Self::freeze`].
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Changes a setting of the running server (CONFIG SET).
    pub fn configure(&self, key: &str, value: &str) {
        self.ask::<()>(&["CONFIG", "SET", key, value]);
    }

    /// Runs a command on a new connection.
    pub fn ask<T: FromRedisValue>(&self, words: &[&str]) -> T {
        self.try_to(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// Runs a command with binary arguments.
    pub fn ask_bytes(&self, words: &[&[u8]]) {
        let client = Client::open(self.url()).expect("an address");
        let mut connection = client.get_connection().expect("a running server");
        let mut command = redis::Cmd::new();
        command.arg(words);
        command.query::<()>(&mut connection).expect("a right command");
    }

    fn try_to<T: FromRedisValue>(&self, words: &[&str]) -> RedisResult<T> {
        let client = Client::open(self.url()).expect("an address");
        let mut connection = client.get_connection()?;
        let mut command = cmd(words[0]);
        command.arg(&words[1..]);
        command.query(&mut connection)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).expect("a running process");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A Redis Cluster of three masters.
#[derive(Debug)]
pub struct RedisCluster {
    /// Its servers.
    pub servers: Vec<RedisServer>,
}

impl RedisCluster {
    /// Starts three servers and waits until they form a cluster.
    pub fn start() -> Option<Self> {
        let server = || {
            let bus = free_port().to_string();
            RedisServer::with(&["--cluster-enabled", "yes", "--cluster-port", &bus])
        };
        let servers = vec![server()?, server()?, server()?];
        let share = SLOTS.div_ceil(servers.len());
        for (number, server) in servers.iter().enumerate() {
            let (first, last) = (number * share, ((number + 1) * share).min(SLOTS) - 1);
            server.ask::<()>(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
            server.ask::<()>(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
        }
        for other in &servers[1..] {
            let bus = other.args[3].as_str();
            servers[0].ask::<()>(&["CLUSTER", "MEET", HOST, &other.port.to_string(), bus]);
        }
        until("the cluster is complete", || {
            servers.iter().all(|server| {
                let info: String = server.ask(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            })
        });
        Some(Self { servers })
    }

    /// The URLs of all servers, separated by commas.
    pub fn url(&self) -> String {
        self.servers.iter().map(RedisServer::url).collect::<Vec<_>>().join(",")
    }
}

/// A master named `main`, a replica, and a sentinel that monitors them.
#[derive(Debug)]
pub struct RedisSentinel {
    /// The master and the replica.
    pub servers: [RedisServer; 2],
    sentinel: RedisServer,
}

impl RedisSentinel {
    /// Starts all three and waits until they are connected.
    pub fn start() -> Option<Self> {
        let master = RedisServer::start()?;
        let port = master.port.to_string();
        let replica = RedisServer::with(&["--replicaof", HOST, &port])?;
        // the sentinel discovers a replica that is connected already at once, otherwise only 10 seconds later
        until("the replica is synchronised", || {
            let info: String = replica.ask(&["INFO", "replication"]);
            info.contains("master_link_status:up")
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("sentinel.conf");
        std::fs::write(&file, format!("sentinel monitor main {HOST} {port} 1\n")).expect("a file");
        let args = vec![file.to_str().expect("a path in UTF-8").to_owned(), "--sentinel".to_owned()];
        let sentinel = RedisServer::begin(args, Some(folder));
        until("the sentinel knows the replica", || {
            let master: Vec<String> = sentinel.ask(&["SENTINEL", "MASTER", "main"]);
            let replicas = master.iter().position(|word| word == "num-slaves").map(|at| &master[at + 1]);
            replicas.is_some_and(|replicas| replicas == "1")
        });
        Some(Self { servers: [master, replica], sentinel })
    }

    /// The URL of the sentinel.
    pub fn url(&self) -> String {
        self.sentinel.url()
    }

    /// Promotes the replica to master, and waits until it is.
    pub fn fail_over(&self) {
        // the sentinel accepts the replica only after a while
        until("the sentinel begins", || {
            self.sentinel.try_to::<()>(&["SENTINEL", "FAILOVER", "main"]).is_ok()
        });
        until("the replica is the master", || {
            // a server drops its connections when its role changes
            let is = |server: usize, role: &str| {
                let said = self.servers[server].try_to::<String>(&["INFO", "replication"]);
                said.is_ok_and(|said| said.contains(role))
            };
            is(1, "role:master") && is(0, "role:slave")
        });
    }
}

fn is_installed() -> bool {
    let found = Command::new(PROGRAM).arg("--version").stdout(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        eprintln!("skipped: {PROGRAM} is not installed");
    }
    found
}

/// Starts the program and waits until it accepts connections.
fn launch(port: u16, args: &[String], folder: &Path) -> Child {
    let (file, args) = args.split_at(usize::from(args.first().is_some_and(|arg| !arg.starts_with('-'))));
    let mut process = Command::new(PROGRAM)
        .args(file)
        .args(["--port", &port.to_string(), "--bind", HOST, "--save", "", "--appendonly", "no"])
        .args(["--repl-diskless-sync-delay", "0", "--dir"])
        .arg(folder)
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-server starts");
    let mut lines = BufReader::new(process.stdout.take().expect("a pipe"));
    let mut said = String::new();
    while !said.contains("Ready to accept connections") && !said.contains("Sentinel ID is") {
        let read = lines.read_line(&mut said).expect("lines of text");
        assert!(read > 0, "redis-server ended at once: {said}");
    }
    // a full pipe would block the server
    thread::spawn(move || io::copy(&mut lines, &mut io::sink()));
    process
}

fn pem(what: &str, der: &[u8]) -> String {
    let lines = BASE64.encode(der).into_bytes();
    let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

/// A currently free port.
fn free_port() -> u16 {
    let listener = TcpListener::bind((HOST, 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < PATIENCE, "timeout waiting until {what}");
        thread::park_timeout(Duration::from_millis(10));
    }
}
