//! `warm`: lists of URLs, and their outcome.

use std::fs;

use testkit::{
    origin::{FakeOrigin, Reply},
    sample,
};

use crate::{
    run::{err, out, told},
    serve::{Server, serve_samples, serve_with},
};

fn list(lines: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("urls.txt");
    fs::write(&path, lines).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[test]
fn a_list_is_warmed() {
    let Server { url, .. } = &serve_samples();
    let (_folder, path) = list("# the front page\n/china.jpg?width=50\n\n/chelsea.png?width=50\n");
    assert_eq!(out(["warm", &path, "--server", url]), "2 of 2 URLs warmed\n");
    let (_folder, path) = list(&format!("{url}/china.jpg?width=60\n"));
    assert_eq!(out(["warm", &path]), "1 of 1 URLs warmed\n");
}

#[test]
fn a_list_of_sizes_fetches_its_original_once() {
    let origin = FakeOrigin::start(Reply::ok(&sample("chelsea.png")));
    let server = serve_with(&["--origin", &origin.url], &[]);
    let widths =
        [320, 300, 280, 260, 240, 220, 200, 180].map(|width| format!("/chelsea.png?width={width}\n"));
    let (_folder, path) = list(&widths.concat());
    assert_eq!(out(["warm", &path, "--server", &server.url, "--concurrency", "8"]), "8 of 8 URLs warmed\n");
    assert_eq!(origin.request_count(), 1);
}

#[test]
fn failures_are_summarized() {
    let Server { url, .. } = &serve_samples();
    let (_folder, path) = list("/none.jpg\n/china.jpg?width=50\n/china.jpg?width=x\n");
    let told = told(["warm", &path, "--server", url, "--concurrency", "2"]);
    assert_eq!((told.code, told.out.as_str()), (1, "1 of 3 URLs warmed\n"));
    let expected = format!(
        "error: 2 of 3 URLs failed:\n  {url}/none.jpg: status 404\n  {url}/china.jpg?width=x: status 400\n"
    );
    assert_eq!(told.err, expected);
}

#[test]
fn invalid_lists_are_refused() {
    let (_folder, path) = list("/china.jpg\n");
    assert!(err(["warm", &path]).contains("invalid URL \"/china.jpg\": expected an absolute URL"));
    assert!(err(["warm", "no-such-file"]).contains("no-such-file"));
}
