//! Follows docs/tutorial.md: all its commands in their order, in one shell.

use std::{
    fs,
    net::TcpListener,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
};

use super::{
    page::{blocks, root},
    programs::is_there,
};

/// The page.
pub const PAGE: &str = "docs/tutorial.md:";

/// The addresses on the page, which are replaced by free ones.
const ADDRESSES: [&str; 3] = ["127.0.0.1:8080", "127.0.0.1:8000", "127.0.0.1:17006"];

#[test]
fn the_tutorial_can_be_followed() {
    if !is_there("nginx", "-v") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    fs::create_dir(&pictures).unwrap();
    for (sample, name) in [("china.jpg", "photo.jpg"), ("flower.jpg", "a.jpg")] {
        fs::copy(root().join("samples").join(sample), pictures.join(name)).unwrap();
    }
    let blocks = blocks("sh");
    let steps = blocks.iter().filter(|block| block.place.starts_with(PAGE));
    let script: String = steps.map(|block| block.text.as_str()).collect();
    let script = script.replace("/srv/pictures", pictures.to_str().unwrap());
    // all of them are bound at the same time, so that they differ
    let free = ADDRESSES.map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    let script = ADDRESSES
        .iter()
        .zip(&free)
        .fold(script, |script, (page, free)| script.replace(page, &free.local_addr().unwrap().to_string()));
    drop(free);
    follow(&script, folder.path());
}

/// Runs the script; nothing that it started is left behind.
#[expect(clippy::disallowed_methods, reason = "commands are found as the developer's shell finds them")]
fn follow(script: &str, folder: &std::path::Path) {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_pixmill")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    // job control, for `kill %1`; nginx is a daemon in a session of its own
    let script = format!(
        "set -euo pipefail -m\ntrap '[ -s nginx.pid ] && kill \"$(cat nginx.pid)\"; kill $(jobs -p) || true' EXIT\nset -x\n{script}\ntrap - EXIT\n"
    );
    let mut command = Command::new("bash");
    command.arg("-c").arg(script).env_clear().env("PATH", path).current_dir(folder).process_group(0);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let logs = ["pixmill.log", "nginx.log"].map(|log| fs::read_to_string(folder.join("tutorial").join(log)));
    assert!(
        output.status.success(),
        "{}\n{}\n{logs:?}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
