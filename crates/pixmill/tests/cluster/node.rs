//! A node: the server as a process, which can be killed, frozen and restarted.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::Arc,
    thread,
};

use parking_lot::Mutex;

/// The environment variables that configure a node.
pub type Settings = Vec<(String, String)>;

/// A node that is killed at the end of the test.
pub struct Node {
    child: Child,
    settings: Settings,
    /// The address of the public listener.
    pub address: SocketAddr,
    /// The address of the admin listener.
    pub admin: SocketAddr,
    log: Arc<Mutex<String>>,
    start_log: String,
}

/// Settings of a node with this origin.
pub fn settings(origin: &str, more: &[(&str, &str)]) -> Settings {
    let own = [
        ("PIXMILL__LISTEN__ADDRESS", "127.0.0.1:0"),
        ("PIXMILL__ADMIN__ADDRESS", "127.0.0.1:0"),
        ("PIXMILL__LISTEN__WORKERS", "1"),
        ("PIXMILL__LISTEN__DRAIN_DELAY", "0s"),
        ("PIXMILL__WORKERS__THREADS", "2"),
        ("PIXMILL__WORKERS__QUEUE", "1000"),
        ("PIXMILL__CACHE__MEMORY__MAX_BYTES", "64MiB"),
        ("PIXMILL__ORIGIN__URL", origin),
    ];
    let all = own.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

impl Node {
    /// Starts a node and waits until it accepts connections.
    pub fn start(settings: Settings) -> Self {
        Self::start_program(Path::new(env!("CARGO_BIN_EXE_pixmill")), settings)
    }

    /// The same with a copy of the program.
    pub fn start_program(program: &Path, settings: Settings) -> Self {
        Self::start_in(None, program, settings)
    }

    /// The same in a network namespace.
    pub fn start_in(namespace: Option<&str>, program: &Path, settings: Settings) -> Self {
        let mut command = match namespace {
            // it executes the program in its own place, so that the process id is that of the node
            Some(namespace) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", namespace]).arg(program);
                command
            }
            None => Command::new(program),
        };
        command.arg("serve").env_clear().envs(settings.iter().cloned()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let (address, admin) = addresses(&mut lines, &log);
        let (kept, start_log) = (Arc::clone(&log), log.lock().clone());
        thread::spawn(move || {
            lines.lines().map_while(Result::ok).for_each(|line| *kept.lock() += &(line + "\n"));
        });
        Self { child, settings, address, admin, log, start_log }
    }

    /// Restarts it on the same addresses, after it has exited.
    pub fn restart(&mut self) {
        let mut settings = self.settings.clone();
        settings.push(("PIXMILL__LISTEN__ADDRESS".to_owned(), self.address.to_string()));
        settings.push(("PIXMILL__ADMIN__ADDRESS".to_owned(), self.admin.to_string()));
        *self = Self::start(settings);
    }

    /// Shuts it down, and waits until it has exited with success.
    pub fn end(&mut self) {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}:\n{}", self.log());
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal, by its name without SIG.
    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    /// The ids of its render workers.
    pub fn workers(&self) -> Vec<u32> {
        let own = self.child.id().to_string();
        let ids = fs::read_dir("/proc").unwrap();
        let ids = ids.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        ids.filter(|id: &u32| parent(*id).is_some_and(|parent| parent == own)).collect()
    }

    /// The log before it listened.
    pub fn start_log(&self) -> &str {
        &self.start_log
    }

    /// The log since it listened.
    pub fn log(&self) -> String {
        self.log.lock().clone()
    }
}

/// The parent of a running process.
fn parent(id: u32) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // the name before it may contain any character, also parentheses
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    (state != "Z").then(|| fields.next().map(str::to_owned)).flatten()
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The addresses of the public and the admin listener, from the log.
fn addresses(lines: &mut BufReader<ChildStderr>, log: &Mutex<String>) -> (SocketAddr, SocketAddr) {
    loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it listened:\n{}", log.lock());
        *log.lock() += &line;
        let Ok(entry) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
        if entry["message"] == "listening" {
            let address = |name: &str| entry[name].as_str().unwrap().parse().unwrap();
            return (address("address"), address("admin"));
        }
    }
}
