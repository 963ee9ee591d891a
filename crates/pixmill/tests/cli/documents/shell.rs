//! Runs the commands of a block.

use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

use super::{
    page::{Block, root},
    pattern::{matches, with_id},
    site::Site,
};
use crate::serve::serve_with;

/// How long a command is repeated until it prints the output in the page, for work in the background.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a block of commands one by one; each must succeed.
pub fn run_all(site: &Site, block: &Block) {
    for command in commands(&block.text) {
        run(site, &block.place, &command);
    }
}

/// Runs the commands after `$ `, and compares what they print with the lines that follow.
pub fn run_and_compare(site: &Site, block: &Block) {
    compare(site, block, |command| command.contains("/async/"));
}

/// The same, and each command is repeated until it prints what the page shows: the server needs a moment to notice a fault.
pub fn run_and_wait(site: &Site, block: &Block) {
    compare(site, block, |_| true);
}

fn compare(site: &Site, block: &Block, is_repeated: impl Fn(&str) -> bool) {
    let mut id = None;
    for part in format!("\n{}", block.text).split("\n$ ").skip(1) {
        let (command, expected) = part.split_once('\n').unwrap_or((part, ""));
        let command = with_id(command, id.as_deref());
        let (begin, is_repeated) = (Instant::now(), is_repeated(&command));
        id = loop {
            let output = output_of(site, &block.place, &command);
            let printed = String::from_utf8_lossy(&output.stdout).into_owned();
            let told = String::from_utf8_lossy(&output.stderr);
            let matched = if output.status.success() {
                matches(expected, &printed, id.as_deref())
            } else {
                Err(format!("success, not {}: {told}", output.status))
            };
            match matched {
                Ok(id) => break id,
                Err(_) if begin.elapsed() < PATIENCE && is_repeated => {}
                Err(missing) => panic!("{}: {command}\nprinted {printed}\nexpected {missing}", block.place),
            }
        };
    }
}

fn run(site: &Site, place: &str, command: &str) -> Output {
    let output = output_of(site, place, command);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{place}: {command}\n{told}");
    output
}

fn output_of(site: &Site, place: &str, command: &str) -> Output {
    let words: Vec<&str> = command.split_whitespace().collect();
    match words.as_slice() {
        // commands that build and test the project itself are only checked to exist
        ["make", targets @ ..] => {
            Command::new("make").arg("-n").args(targets).current_dir(root()).output().unwrap()
        }
        ["pixmill", "serve", options @ ..] => serves(site, place, options),
        _ => site.bash(command),
    }
}

/// Checks that a server starts with these options, on a free port in place of that in the page.
fn serves(site: &Site, place: &str, options: &[&str]) -> Output {
    let file = site.local("[listen]\naddress = \"127.0.0.1:0\"\n");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pixmill.toml");
    std::fs::write(&path, file).unwrap();
    let options = options.iter().map(|option| match *option {
        "pixmill.toml" => path.to_str().unwrap().to_owned(),
        option => site.local(option),
    });
    let options: Vec<_> = options.collect();
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    let server = serve_with(&options, &[]);
    let health = site.bash(&format!("pixmill health {}", server.url));
    assert!(health.status.success(), "{place}: {options:?}: {}", server.said());
    health
}

/// The commands of a block without comments: one per line, unless the line ends with a backslash.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

#[test]
fn commands_are_lines() {
    assert_eq!(commands("a 1  # b\n\n# c\nd \\\n  e\n"), ["a 1", "d    e"]);
}
