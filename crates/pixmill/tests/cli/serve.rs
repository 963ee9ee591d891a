//! `serve` and `health`: the server as a process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::run::{Told, err, out, pixmill, told};

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
    command.envs(environment.iter().copied()).stderr(Stdio::piped());
    let mut child = command.process_group(0).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut said = Vec::new();
    let url = loop {
        let mut line = String::new();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it listened");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.trim_end().to_owned();
        }
        let url = address_in(&line).map(|address| format!("http://{address}"));
        said.push(line);
        if let Some(url) = url {
            break url;
        }
    };
    Server { child, url, lines: Box::new(lines), said }
}

/// The address in the event that tells it, whatever the format of the log.
fn address_in(line: &str) -> Option<&str> {
    let is_event =
        ["\"message\":\"listening\"", "msg=listening"].iter().any(|message| line.contains(message));
    let names = ["\"address\":\"", "\"pixmill.address\":\"", " address="];
    let start = names.iter().find_map(|name| Some(line.find(name)? + name.len())).filter(|_| is_event)?;
    line[start..].split(['"', ' ', '\n']).next()
}

/// From start to end, with requests, a wrong configuration and a shutdown in between.
#[test]
fn structured_logs_have_no_other_lines() {
    for format in ["json", "ecs", "gcp", "logfmt"] {
        let samples = ["--origin", concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples"), "--playground"];
        let variables = [
            ("PIXMILL__LOGS__FORMAT", format),
            ("PIXMILL__LISTEN__DRAIN_DELAY", "0s"),
            ("PIXMILL__UPLOADS__ENABLED", "true"),
            ("PIXMILL__UPLOADS__ADDRESS", "127.0.0.1:0"),
            ("PIXMILL__UPLOADS__TOKENS", "a-long-random-text"),
            ("NO_COLOR", "1"),
        ];
        let mut server = serve_with(&samples, &variables);
        for path in ["/china.jpg?width=20", "/none.jpg", "/china.jpg?width=x"] {
            assert!(status(&server.url, path).is_ok());
        }
        signal(&server.child, "HUP");
        server.says("SIGHUP");
        signal(&server.child, "TERM");
        let mut rest = String::new();
        server.lines.read_to_string(&mut rest).unwrap();
        assert!(server.child.wait().unwrap().success(), "{rest}");
        let said = server.said() + &rest;
        assert!(said.contains("/none.jpg"), "{format}: {said}");
        for line in said.lines() {
            let is_structured = match format {
                "logfmt" => line.starts_with("ts=") || line.starts_with("time="),
                _ => serde_json::from_str::<serde_json::Map<String, Value>>(line).is_ok(),
            };
            assert!(is_structured, "{format}: {line}");
        }
    }
}

#[test]
fn a_failure_after_the_start_of_the_log_is_structured_too() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let variables = [("PIXMILL__LOGS__FORMAT", "json"), ("PIXMILL__LISTEN__ADDRESS", &address)];
    let told: Told = pixmill(["serve"]).envs(variables).output().unwrap().into();
    assert_eq!((told.code, told.out.as_str()), (1, ""));
    let mut events = told.err.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let last = events.next_back().unwrap();
    assert_eq!((&last["level"], &last["message"]), (&"ERROR".into(), &"the server failed".into()));
    assert!(last["error"].as_str().unwrap().contains("in use"), "{last}");
}

#[test]
fn a_server_is_healthy_until_it_shuts_down() {
    let mut server = serve_with(&[], &[("PIXMILL__LISTEN__DRAIN_DELAY", "0s")]);
    assert_eq!(out(["health", &server.url]), "healthy\n");
    signal(&server.child, "TERM");
    let mut rest = String::new();
    server.lines.read_to_string(&mut rest).unwrap();
    assert!(server.child.wait().unwrap().success(), "{rest}");
    let told = err(["health", &server.url]);
    assert!(told.contains(&format!("{}/ is not healthy: ", server.url)), "{told}");
}

/// The status of `GET`, on a connection of its own.
fn status(url: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap())?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let head = String::from_utf8_lossy(&answer);
    head.split_whitespace().nth(1).map(str::to_owned).ok_or_else(|| std::io::ErrorKind::UnexpectedEof.into())
}

#[test]
fn no_connection_is_refused_until_the_drain_delay_is_over() {
    const DELAY: Duration = Duration::from_secs(2);
    let samples = ["--origin", concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples")];
    let mut server =
        serve_with(&samples, &[("PIXMILL__LISTEN__DRAIN_DELAY", "2s"), ("PIXMILL__LOGS__FILTER", "error")]);
    assert_eq!(status(&server.url, "/ready").unwrap(), "200");
    let url = &server.url;
    let begun = Instant::now();
    // to the render workers too, as a service manager may do
    signal_group(&server.child, "TERM");
    let width = AtomicUsize::new(30);
    let load = || {
        let mut answered = 0;
        let mut was_unready = false;
        loop {
            let picture = format!("/china.jpg?width={}", width.fetch_add(1, Relaxed));
            let (asked, path) = (Instant::now(), [&*picture, "/ready"][answered % 2]);
            match status(url, path) {
                Ok(status) if path == "/ready" => was_unready |= status == "503",
                Ok(status) => assert_eq!(status, "200"),
                Err(error) => {
                    assert!(asked - begun >= DELAY, "refused after {:?}: {error}", asked - begun);
                    assert!(was_unready);
                    return answered;
                }
            }
            answered += 1;
        }
    };
    let answered =
        std::thread::scope(|scope| [(); 4].map(|()| scope.spawn(load)).map(|thread| thread.join().unwrap()));
    assert!(answered.iter().all(|count| *count > 2), "{answered:?}");
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn sighup_checks_the_configuration_and_kills_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    std::fs::write(&file, "").unwrap();
    let mut server = serve_with(&["--config", file.to_str().unwrap()], &[]);
    assert!(server.said().contains("no origin is configured"), "{}", server.said());
    for (text, expected) in [
        ("", "the configuration is unchanged"),
        ("[listen]\ndrain_delay = '1s'", "has changed: restart to apply it"),
        ("[listen]\ndrain_delay = '11m'\nkeep_alive = '1s'", "the running one stays"),
    ] {
        std::fs::write(&file, text).unwrap();
        signal(&server.child, "HUP");
        server.says(expected);
    }
    assert!(server.says("listen.keep_alive").contains("listen.drain_delay"));
    assert_eq!(status(&server.url, "/health").unwrap(), "200");
}

impl Server {
    /// Ends it, and returns all that it said.
    pub fn stop(mut self) -> String {
        signal(&self.child, "INT");
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success(), "{rest}");
        self.said() + &rest
    }

    /// The address of the admin listener.
    pub fn admin(&mut self) -> String {
        let line = self.says("\"admin\":\"");
        let (_, address) = line.split_once("\"admin\":\"").unwrap();
        address.split('"').next().unwrap().to_owned()
    }
}

/// The response to `GET` with these header lines, each with its line feed.
pub fn response(url: &str, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn memory_of_the_allocator_and_of_workers_is_measured() {
    let mut server = serve_samples();
    let page = response(&server.admin(), "/metrics", "");
    let value = |series: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(series));
        line.unwrap_or_else(|| panic!("no {series} in {page}")).trim().parse::<f64>().unwrap()
    };
    let allocated = value("pixmill_allocator_bytes{state=\"allocated\"}");
    let resident = value("pixmill_allocator_bytes{state=\"resident\"}");
    assert!(allocated > 1e5 && allocated < resident, "{allocated} {resident}");
    assert!(resident < 2.0 * value("process_resident_memory_bytes"), "{resident}");
    // two at least, of some megabytes each
    assert!(value("pixmill_render_workers_memory_bytes") > 1e6);
}

/// Sends a signal to a server.
fn signal(child: &Child, name: &str) {
    send(name, &child.id().to_string());
}

/// Sends a signal to a server and all of its processes.
fn signal_group(child: &Child, name: &str) {
    send(name, &format!("-{}", child.id()));
}

fn send(name: &str, to: &str) {
    let kill = format!("kill -{name} {to}");
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

#[test]
fn a_closed_port_is_not_healthy() {
    // a privileged port that is not in use
    let refused = err(["health", "http://127.0.0.1:1"]);
    assert!(refused.contains("is not healthy: Connection refused"), "{refused}");
    assert!(err(["health", "https://127.0.0.1"]).contains("expected a URL such as http://127.0.0.1:8080"));
    let configured = pixmill(["health"]).env("PIXMILL__LISTEN__ADDRESS", "0.0.0.0:1").output().unwrap();
    let told = Told::from(configured);
    assert!(told.err.contains("http://127.0.0.1:1/ is not healthy"), "{}", told.err);
}

#[test]
fn a_server_does_not_start_with_problems() {
    let told =
        told(["serve", "--listen", "here", "--admin-listen", "there", "--origin", "ftp://images.example"]);
    assert_eq!((told.code, told.out.as_str()), (2, ""));
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
