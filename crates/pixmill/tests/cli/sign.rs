//! `pixmill sign`.

use std::fs;

use crate::run::{out, refused};

#[test]
fn a_url_is_signed_with_a_key_of_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixmill.toml");
    fs::write(&file, "[params.signing.keys]\nmain = 'correct horse battery staple'\n").unwrap();
    let file = file.to_str().unwrap();
    let told = out(["sign", "--config", file, "--key", "main", "http://a.example/a.jpg?width=3"]);
    let signature = told.trim().strip_prefix("http://a.example/a.jpg?width=3&signature=").unwrap();
    assert_eq!(signature.len(), 64, "{told}");
    let ending = out(["sign", "--config", file, "--expires", "1h", "/a.jpg"]);
    assert!(ending.starts_with("/a.jpg?expires=") && ending.contains("&signature="), "{ending}");
    let signed = refused(["sign", "--config", file, told.trim()]);
    assert!(signed.contains("already signed"), "{signed}");
    assert!(refused(["sign", "/a.jpg"]).contains("params.signing.keys is empty"));
    let short = folder.path().join("short.toml");
    fs::write(&short, "params.signing.keys.main = 'hunter2'\n").unwrap();
    let problem = refused(["sign", "--config", short.to_str().unwrap(), "/a.jpg"]);
    assert!(
        problem.contains("main: expected at least 16 bytes, got 7") && !problem.contains("hunter2"),
        "{problem}"
    );
}
