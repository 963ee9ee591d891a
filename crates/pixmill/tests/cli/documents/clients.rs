//! The programs in docs/clients.md run with the client libraries, and print what the comments after `prints:` say.

use std::{fs, path::Path, process::Command};

use super::{
    page::{Block, blocks, root},
    programs::is_there,
};

/// The page.
const PAGE: &str = "docs/clients.md:";

/// The start of a comment with a line that the program prints.
const PRINTS: &str = "prints: ";

/// Runs the programs of a language in a folder of their own each; `command` prepares the folder. At least one is there.
#[track_caller]
fn each(language: &str, program: &str, version: &str, command: impl Fn(&Block, &Path) -> Command) {
    let programs: Vec<_> =
        blocks(language).into_iter().filter(|block| block.place.starts_with(PAGE)).collect();
    assert!(!programs.is_empty(), "no program in {language}");
    if !is_there(program, version) {
        return;
    }
    for block in programs {
        let folder = tempfile::tempdir().unwrap();
        let output = command(&block, folder.path()).current_dir(folder.path()).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {told}", block.place);
        let printed = String::from_utf8(output.stdout).unwrap();
        let expected: Vec<_> =
            block.text.lines().filter_map(|line| Some(line.split_once(PRINTS)?.1)).collect();
        assert_eq!(printed.lines().collect::<Vec<_>>(), expected, "{}", block.place);
    }
}

fn library(language: &str) -> String {
    root().join("clients").join(language).to_str().unwrap().to_owned()
}

/// A command with its program in this file.
fn with_file(program: &str, folder: &Path, name: &str, text: &str) -> Command {
    fs::write(folder.join(name), text).unwrap();
    Command::new(program)
}

#[test]
fn javascript_prints_what_the_page_says() {
    each("js", "node", "--version", |block, folder| {
        let scope = folder.join("node_modules/@pixmill");
        fs::create_dir_all(&scope).unwrap();
        std::os::unix::fs::symlink(library("js"), scope.join("url")).unwrap();
        let mut command = with_file("node", folder, "example.mjs", &block.text);
        command.arg("example.mjs");
        command
    });
}

#[test]
fn python_prints_what_the_page_says() {
    each("python", "python3", "--version", |block, folder| {
        let mut command = with_file("python3", folder, "example.py", &block.text);
        command.arg("example.py").env("PYTHONPATH", library("python")).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    });
}

#[test]
fn ruby_prints_what_the_page_says() {
    each("ruby", "ruby", "--version", |block, folder| {
        let mut command = with_file("ruby", folder, "example.rb", &block.text);
        command.args(["-I", &library("ruby"), "example.rb"]);
        command
    });
}

#[test]
fn php_prints_what_the_page_says() {
    each("php", "php", "--version", |block, folder| {
        let mut command = with_file("php", folder, "example.php", &block.text);
        command.args(["-d", &format!("include_path={}", library("php")), "example.php"]);
        command
    });
}

#[test]
fn go_prints_what_the_page_says() {
    each("go", "go", "version", |block, folder| {
        let module = format!(
            "module example\n\nrequire pixmill.example/url v0.0.0\n\nreplace pixmill.example/url => {}\n",
            library("go")
        );
        fs::write(folder.join("go.mod"), module).unwrap();
        let mut command = with_file("go", folder, "main.go", &block.text);
        command.args(["run", "."]).env("GOFLAGS", "-mod=mod").env("GOPROXY", "off");
        command
    });
}

#[test]
fn java_prints_what_the_page_says() {
    each("java", "javac", "--version", |block, folder| {
        let library = format!("{}/PixmillUrl.java", library("java"));
        fs::write(folder.join("Example.java"), &block.text).unwrap();
        let compiler =
            Command::new("javac").args(["-d", ".", &library, "Example.java"]).current_dir(folder).output();
        let compiler = compiler.unwrap();
        assert!(compiler.status.success(), "{}: {}", block.place, String::from_utf8_lossy(&compiler.stderr));
        let mut command = Command::new("java");
        command.args(["-cp", ".", "Example"]);
        command
    });
}
