//! `serve` and `health`: the server as a process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::run::{err, out, pixmill, told};

/// A server that is killed at the end of the test.
pub struct Server {
    child: Child,
    pub url: String,
    lines: Box<dyn BufRead>,
    said: Vec<String>,
}

impl Server {
    /// The first line on standard error that contains this.
    pub fn says(&mut self, wanted: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(wanted)) {
            return line.clone();
        }
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "it ended before it said {wanted}");
            self.said.push(line.clone());
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// The lines that were read.
    pub fn said(&self) -> String {
        self.said.concat()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve() -> Server {
    serve_with(&[], &[])
}

/// A server with the sample pictures.
pub fn serve_samples() -> Server {
    serve_with(&["--origin", concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")], &[])
}

/// A server with these variables in its environment, and no others.
pub fn serve_in(environment: &[(&str, &str)]) -> Server {
    serve_with(&[], environment)
}

/// A server with these arguments, and these variables in its environment and no others.
pub fn serve_with(more: &[&str], environment: &[(&str, &str)]) -> Server {
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
    let mut command = pixmill([&arguments, more].concat());
    let mut child = command.envs(environment.iter().copied()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = Vec::new();
    let url = loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it listened");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.trim_end().to_owned();
        }
        said.push(line);
    };
    Server { child, url, lines: Box::new(lines), said }
}

#[test]
fn a_server_is_healthy_until_it_shuts_down() {
    let mut server = serve();
    assert_eq!(out(["health", &server.url]), "healthy\n");
    let kill = format!("kill -TERM {}", server.child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let mut rest = String::new();
    server.lines.read_to_string(&mut rest).unwrap();
    assert!(server.child.wait().unwrap().success(), "{rest}");
    let told = err(["health", &server.url]);
    assert!(told.contains(&format!("{}/ is not healthy: ", server.url)), "{told}");
}

#[test]
fn a_closed_port_is_not_healthy() {
    // a privileged port that is not in use
    let refused = err(["health", "http://127.0.0.1:1"]);
    assert!(refused.contains("is not healthy: Connection refused"), "{refused}");
    assert!(err(["health", "https://127.0.0.1"]).contains("expected a URL such as http://127.0.0.1:8080"));
    assert_eq!(told(["health"]).code, 2);
}

#[test]
fn a_server_does_not_start_with_problems() {
    let told =
        told(["serve", "--listen", "here", "--admin-listen", "there", "--origin", "ftp://images.example"]);
    assert_eq!((told.code, told.out.as_str()), (1, ""));
    assert!(told.err.starts_with("error: the configuration has 3 problems:\n"), "{}", told.err);
    for flag in ["--listen", "--admin-listen", "--origin"] {
        assert!(told.err.contains(&format!("(from {flag})")), "{flag}: {}", told.err);
    }
}

#[test]
fn every_request_is_in_the_access_log() {
    let mut server = serve_with(
        &["--origin", concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")],
        &[("PIXMILL__LISTEN__TRUSTED_PROXIES", "1"), ("PIXMILL__LOGS__FORMAT", "json")],
    );
    let address = server.url.strip_prefix("http://").unwrap().to_owned();
    for target in ["/health", "/china.jpg?width=30&token=hunter2", "/async/0123456789abcdef0123456789abcdef"]
    {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Request-Id: one\r\nUser-Agent: curl/8 \"x\"\r\n\
             Referer: https://site.example/page?token=hunter2\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        let (path, _) = target.split_once('?').unwrap_or((target, ""));
        let line: Value = serde_json::from_str(&server.says(&format!("\"path\":\"{path}\""))).unwrap();
        for (key, expected) in [
            ("target", "access"),
            ("method", "GET"),
            ("path", path),
            ("request_id", "one"),
            ("client", "203.0.113.7"),
            ("user_agent", "curl/8 \"x\""),
            ("referer", "https://site.example/page"),
        ] {
            assert_eq!(line[key], expected, "{line}");
        }
        assert!(line["status"].is_u64() && line["elapsed_ms"].is_number(), "{line}");
    }
    assert!(!server.said().contains("hunter2"), "{}", server.said());
}
