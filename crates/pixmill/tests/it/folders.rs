//! Folder origins: files that are replaced while the server runs.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use pixmill::app::Server;
use tempfile::TempDir;

use crate::{
    client::{Response, ask, get},
    setup::{sample, serve},
};

/// Variants of `a.jpg`, and one of `b.jpg` with `a.jpg` as its overlay.
const SHOWN: [&str; 6] = [
    "/a.jpg",
    "/a.jpg?width=100",
    "/a.jpg?width=60&format=webp",
    "/a.jpg?meta=true",
    "/b.jpg?width=200&mark=/a.jpg",
    "/b.jpg?width=200&mark=/a.jpg%3Fwidth=20",
];

async fn serve_folder(folder: &TempDir, check: Duration) -> Server {
    serve(folder.path().to_str().unwrap(), |config| {
        config.origin.folder_check = check;
        config.cache.negative_ttl = Duration::from_hours(1);
    })
    .await
}

fn photos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.jpg"), sample("china.jpg")).unwrap();
    fs::write(folder.path().join("b.jpg"), sample("flower.jpg")).unwrap();
    folder
}

async fn all(server: &Server) -> Vec<Response> {
    let mut answers = Vec::new();
    for target in SHOWN {
        answers.push(get(server.address, target).await);
    }
    answers
}

/// Replaces a file by one with the same length and modification time.
fn replace(path: &Path, with: &[u8], by_another: bool) {
    let then = fs::metadata(path).map_or(SystemTime::UNIX_EPOCH, |old| old.modified().unwrap());
    let new = if by_another { path.with_extension("new") } else { path.to_owned() };
    fs::write(&new, with).unwrap();
    fs::File::options().write(true).open(&new).unwrap().set_modified(then).unwrap();
    if by_another {
        fs::rename(&new, path).unwrap();
    }
}

/// A picture padded to this length: decoders ignore bytes after the end of a JPEG.
fn of_length(name: &str, length: usize) -> Vec<u8> {
    let mut bytes = sample(name).to_vec();
    assert!(bytes.len() <= length, "{name} is {} bytes", bytes.len());
    bytes.resize(length, 0);
    bytes
}

#[actix_web::test]
async fn a_replaced_file_changes_all_variants() {
    let folder = photos();
    let file = folder.path().join("a.jpg");
    let length = ["china.jpg", "flower.jpg"].map(|name| sample(name).len()).into_iter().max().unwrap();
    replace(&file, &of_length("china.jpg", length), false);
    let server = serve_folder(&folder, Duration::ZERO).await;
    let mut before = all(&server).await;
    for (name, by_another) in
        [("flower.jpg", false), ("china.jpg", true), ("flower.jpg", true), ("china.jpg", false)]
    {
        replace(&file, &of_length(name, length), by_another);
        let after = all(&server).await;
        for ((target, old), new) in SHOWN.iter().zip(&before).zip(&after) {
            assert_eq!((old.status, new.status), (200, 200), "{target}");
            assert_ne!(old.header("etag"), new.header("etag"), "{target}: {name}");
            assert_ne!(old.body, new.body, "{target}: {name}");
            let told = ask(server.address, target, &[("if-none-match", old.header("etag"))]).await;
            assert_eq!(told.status, 200, "{target}: {name}");
            let told = ask(server.address, target, &[("if-none-match", new.header("etag"))]).await;
            assert_eq!(told.status, 304, "{target}: {name}");
        }
        before = after;
    }
}

#[actix_web::test]
async fn a_file_that_is_created_and_removed() {
    let folder = photos();
    let file = folder.path().join("a.jpg");
    let server = serve_folder(&folder, Duration::ZERO).await;
    let there = all(&server).await;
    for _ in 0..2 {
        fs::remove_file(&file).unwrap();
        for (target, answer) in SHOWN.iter().zip(all(&server).await) {
            // a missing overlay is omitted
            assert_eq!(answer.status, if target.starts_with("/a") { 404 } else { 200 }, "{target}");
        }
        fs::write(&file, sample("china.jpg")).unwrap();
        let another = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        fs::File::options().write(true).open(&file).unwrap().set_modified(another).unwrap();
        for ((target, old), new) in SHOWN.iter().zip(&there).zip(all(&server).await) {
            assert_eq!((new.status, new.header("etag")), (200, old.header("etag")), "{target}");
        }
    }
}

#[actix_web::test]
async fn the_same_bytes_are_not_rendered_again() {
    let folder = photos();
    let server = serve_folder(&folder, Duration::ZERO).await;
    let before = all(&server).await;
    let begun = server.pool().load().begun;
    fs::write(folder.path().join("a.jpg"), sample("china.jpg")).unwrap();
    for ((target, old), new) in SHOWN.iter().zip(&before).zip(all(&server).await) {
        assert_eq!((new.status, new.header("etag")), (200, old.header("etag")), "{target}");
    }
    assert_eq!(server.pool().load().begun, begun);
}

#[actix_web::test]
async fn a_check_of_a_file_holds_for_a_while() {
    let folder = photos();
    let server = serve_folder(&folder, Duration::from_hours(1)).await;
    let before = all(&server).await;
    fs::write(folder.path().join("a.jpg"), sample("flower.jpg")).unwrap();
    for ((target, old), new) in SHOWN.iter().zip(&before).zip(all(&server).await) {
        assert_eq!(
            (new.outcome(), new.header("etag")),
            ((200, "hit-memory"), old.header("etag")),
            "{target}"
        );
    }
    assert!(before[0].header("cache-control").starts_with("public, max-age=86400"));
}

#[actix_web::test]
async fn cached_variants_are_served_without_their_folder() {
    let folder = photos();
    let server = serve_folder(&folder, Duration::ZERO).await;
    let before = all(&server).await;
    let away = folder.path().with_extension("away");
    fs::rename(folder.path(), &away).unwrap();
    for ((target, old), new) in SHOWN.iter().zip(&before).zip(all(&server).await) {
        assert_eq!((new.status, &new.body), (200, &old.body), "{target}");
    }
    fs::rename(&away, folder.path()).unwrap();
}
