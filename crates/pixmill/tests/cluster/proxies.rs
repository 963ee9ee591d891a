//! Real caching proxies in front of two nodes, with the configurations of `docker/`.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
};

use tempfile::TempDir;

const NGINX: &str = include_str!("../../../../docker/nginx.conf");
const VARNISH: &str = include_str!("../../../../docker/cdn/varnish.vcl");

/// Whether a program is installed; if not, prints that its test is skipped.
fn is_installed(program: &str, version: &str) -> bool {
    let run = Command::new(program).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_installed = run.is_ok_and(|status| status.success());
    if !is_installed {
        eprintln!("skipped: {program} is not installed");
    }
    is_installed
}

fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A configuration in which each text, which occurs once, is replaced.
fn replaced(text: &str, changes: &[(&str, String)]) -> String {
    let mut text = text.to_owned();
    for (theirs, ours) in changes {
        assert_eq!(text.matches(theirs).count(), 1, "{theirs}");
        text = text.replace(theirs, ours);
    }
    text
}

/// nginx with the configuration of the containers, in front of these nodes.
pub struct Nginx {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Nginx {
    /// None, with a message, if nginx is not installed.
    pub fn start(nodes: &[SocketAddr; 2]) -> Option<Self> {
        if !is_installed("nginx", "-v") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
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
    let changes = [
        ("server one:8080 ", format!("server {} ", nodes[0])),
        ("server two:8080 ", format!("server {} ", nodes[1])),
        ("listen 80;", format!("listen {address};")),
        ("/var/cache/nginx ", format!("{folder}/cache ")),
        ("http {", format!("http {{ proxy_temp_path {folder}/proxy; client_body_temp_path {folder}/body;")),
    ];
    replaced(NGINX, &changes)
}

/// Varnish in front of these nodes.
pub struct Varnish {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Varnish {
    /// None, with a message, if Varnish is not installed.
    pub fn start(nodes: &[SocketAddr; 2]) -> Option<Self> {
        if !is_installed("varnishd", "-V") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = free_address();
        let backend = |name: &str, node: SocketAddr| {
            let theirs = format!(".host = \"{name}\";\n    .port = \"8080\";");
            (theirs, format!(".host = \"{}\"; .port = \"{}\";", node.ip(), node.port()))
        };
        let changes = [backend("one", nodes[0]), backend("two", nodes[1])];
        let changes = changes.each_ref().map(|(theirs, ours)| (theirs.as_str(), ours.clone()));
        let file = folder.path().join("pixmill.vcl");
        fs::write(&file, replaced(VARNISH, &changes)).unwrap();
        let mut command = Command::new("varnishd");
        command.args(["-F", "-j", "none", "-T", "none", "-s", "malloc,64m", "-a"]).arg(address.to_string());
        command.arg("-n").arg(folder.path().join("state")).arg("-f").arg(&file);
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let mut varnish = Self { process, address, _folder: folder };
        while TcpStream::connect(address).is_err() {
            assert!(varnish.process.try_wait().unwrap().is_none(), "Varnish ended at once");
            thread::yield_now();
        }
        Some(varnish)
    }
}

impl Drop for Varnish {
    fn drop(&mut self) {
        drop(Command::new("kill").arg(self.process.id().to_string()).status());
        drop(self.process.wait());
    }
}
