//! Originals from a folder, and no other files of this machine.

use std::{
    fs,
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
    time::{Duration, SystemTime},
};

use origin::{ErrorKind, Fetched, Origins, SourcePath, Validators};
use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use crate::{body, config, fetch, open, path, try_open};

/// A folder `photos` with files, inside another folder with secrets.
fn photos() -> (TempDir, Origins) {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("photos");
    fs::create_dir_all(root.join("sub/dir")).unwrap();
    fs::write(root.join("a.jpg"), "picture").unwrap();
    fs::write(root.join("sub/caf\u{e9} %2e.jpg"), "deep").unwrap();
    fs::write(root.join("empty.jpg"), "").unwrap();
    fs::write(root.join(".secret"), "hidden").unwrap();
    fs::create_dir(root.join(".git")).unwrap();
    fs::write(root.join(".git/config"), "hidden").unwrap();
    fs::write(outer.path().join("out.jpg"), "outside").unwrap();
    let origin = open(&config(root.to_str().unwrap()));
    (outer, origin)
}

async fn kind(origin: &Origins, raw: &str) -> ErrorKind {
    fetch(origin, raw).await.map(|original| panic!("{raw}: {:?}", original.body)).unwrap_err().kind()
}

#[actix_rt::test]
async fn files() {
    let (outer, origin) = photos();
    for (raw, expected) in [
        ("/a.jpg", "picture"),
        ("//a.jpg", "picture"),
        ("/a.jpg/", "picture"),
        ("/%61.jpg", "picture"),
        ("/sub//caf%C3%A9%20%252e.jpg", "deep"),
        ("/empty.jpg", ""),
    ] {
        assert_eq!(body(&origin, raw).await, expected, "{raw}");
    }
    let url = format!("file://{}/photos", outer.path().display());
    assert_eq!(body(&open(&config(&url)), "/a.jpg").await, "picture");
    assert_eq!(open(&config(&url)).identity(&path("/a.jpg")), format!("{url}/a.jpg"));
}

#[actix_rt::test]
async fn missing_files() {
    let (_outer, origin) = photos();
    let long = format!("/{}", "x".repeat(300));
    for raw in ["/b.jpg", "/", "//", "/sub", "/sub/", "/sub/dir", "/a.jpg/b", "/no/such/folder", &long] {
        assert_eq!(kind(&origin, raw).await, ErrorKind::NotFound, "{raw}");
    }
    for raw in ["/.secret", "/.git/config", "/%2esecret", "/sub/.", "/..."] {
        let Ok(path) = SourcePath::parse(raw) else { continue };
        assert_eq!(origin.fetch(&path.into(), None).await.unwrap_err().kind(), ErrorKind::NotFound, "{raw}");
    }
}

#[actix_rt::test]
async fn path_traversal() {
    let (outer, origin) = photos();
    let root = outer.path().join("photos");
    symlink("../out.jpg", root.join("up.jpg")).unwrap();
    symlink(outer.path().join("out.jpg"), root.join("absolute.jpg")).unwrap();
    symlink("..", root.join("parent")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    symlink("loop.jpg", root.join("loop.jpg")).unwrap();
    symlink("nothing.jpg", root.join("dangling.jpg")).unwrap();
    for raw in
        ["/up.jpg", "/absolute.jpg", "/parent/out.jpg", "/magic/etc/passwd", "/loop.jpg", "/dangling.jpg"]
    {
        assert_eq!(kind(&origin, raw).await, ErrorKind::NotFound, "{raw}");
    }
    for raw in [
        "/../out.jpg",
        "/%2e%2e/out.jpg",
        "/..%2fout.jpg",
        "/sub/../../out.jpg",
        "/..;/out.jpg",
        "/%252e%252e/out.jpg",
        "/a.jpg%00",
    ] {
        assert_eq!(SourcePath::parse(raw).unwrap_err().kind(), ErrorKind::InvalidPath, "{raw}");
    }
    let absolute = format!("/{}", outer.path().join("out.jpg").display());
    assert_eq!(kind(&origin, &absolute).await, ErrorKind::NotFound);
}

#[actix_rt::test]
async fn links_that_stay_inside_are_followed() {
    let (outer, origin) = photos();
    let root = outer.path().join("photos");
    symlink("a.jpg", root.join("link.jpg")).unwrap();
    symlink("../a.jpg", root.join("sub/up.jpg")).unwrap();
    assert_eq!(body(&origin, "/link.jpg").await, "picture");
    assert_eq!(body(&origin, "/sub/up.jpg").await, "picture");
}

#[actix_rt::test]
async fn only_regular_files() {
    let (outer, origin) = photos();
    let root = outer.path().join("photos");
    // nobody ever writes to it: opening it in the usual way would block for ever
    rustix::fs::mknodat(CWD, root.join("pipe.jpg"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _socket = UnixListener::bind(root.join("socket.jpg")).unwrap();
    for raw in ["/pipe.jpg", "/socket.jpg", "/sub"] {
        assert_eq!(kind(&origin, raw).await, ErrorKind::NotFound, "{raw}");
    }
    assert_eq!(kind(&open(&config("/dev")), "/null").await, ErrorKind::NotFound);
}

#[actix_rt::test]
async fn the_limit_holds() {
    let (outer, _) = photos();
    let config = config(outer.path().join("photos").to_str().unwrap());
    let exact = try_open(&config, 7).unwrap();
    assert_eq!(body(&exact, "/a.jpg").await, "picture");
    let small = try_open(&config, 6).unwrap();
    assert_eq!(kind(&small, "/a.jpg").await, ErrorKind::TooLarge);
}

/// Returns the file once enough time has passed since its last change that a further change has a different time.
async fn settled(origin: &Origins, raw: &str) -> origin::Original {
    loop {
        let original = fetch(origin, raw).await.unwrap();
        if !original.validators.etag.as_ref().unwrap().contains('~') {
            return original;
        }
    }
}

#[actix_rt::test]
async fn a_replaced_file_is_another_version() {
    let (outer, origin) = photos();
    let root = outer.path().join("photos");
    let (file, other) = (root.join("a.jpg"), root.join("new.jpg"));
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    let write = |path: &Path, text: &str| {
        fs::write(path, text).unwrap();
        fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
    };
    let name = origin.file_name(&path("//%61.jpg")).unwrap();
    let version = async || origin.file_version(&name).await.unwrap();
    write(&file, "picture");
    let old = settled(&origin, "/a.jpg").await.validators.etag;
    assert_eq!(version().await, old);
    // the same length, the same time of modification: in place, and by another file
    write(&file, "PICTURE");
    assert_ne!(version().await, old);
    let old = settled(&origin, "/a.jpg").await.validators.etag;
    write(&other, "pICTURE");
    fs::rename(&other, &file).unwrap();
    assert_ne!(version().await, old);
    let known = Validators { etag: old, last_modified: None };
    let fetched = origin.fetch(&path("/a.jpg"), Some(&known)).await.unwrap();
    assert!(matches!(fetched, Fetched::Modified(new) if new.body == "pICTURE"));
    fs::remove_file(&file).unwrap();
    assert_eq!(version().await, None);
    fs::rename(&root, outer.path().join("old")).unwrap();
    assert_eq!(origin.file_version(&name).await.unwrap_err().kind(), ErrorKind::Unreachable);
    assert_eq!(origin.file_check(&name), Duration::from_secs(1));
}

#[actix_rt::test]
async fn conditional() {
    let (outer, origin) = photos();
    let file = outer.path().join("photos/a.jpg");
    let at = |nanoseconds| SystemTime::UNIX_EPOCH + Duration::new(784_111_777, nanoseconds);
    let set = |time| fs::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
    set(at(1));
    let original = settled(&origin, "/a.jpg").await;
    let Validators { etag: Some(etag), last_modified: Some(date) } = original.validators.clone() else {
        panic!("expected both validators, got {:?}", original.validators)
    };
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag}");
    assert_eq!(date, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(original.cache_policy, origin::CachePolicy::default());

    let ask = async |known: Validators| origin.fetch(&path("/a.jpg"), Some(&known)).await.unwrap();
    let by_tag = Validators { etag: Some(etag.clone()), last_modified: None };
    let by_date = Validators { etag: None, last_modified: Some(date.clone()) };
    for known in [original.validators.clone(), by_tag.clone(), by_date.clone()] {
        let Fetched::NotModified(unchanged) = ask(known).await else { panic!("expected not modified") };
        assert_eq!(unchanged.validators, original.validators);
    }
    // a change within the same second, of the same length
    fs::write(&file, "PICTURE").unwrap();
    set(at(2));
    for known in [original.validators.clone(), by_tag] {
        let Fetched::Modified(new) = ask(known).await else { panic!("expected the new version") };
        assert_eq!(new.body, "PICTURE");
        assert_ne!(new.validators.etag, Some(etag.clone()));
    }
}

#[actix_rt::test]
async fn a_folder_may_be_replaced_but_not_be_missing() {
    let (outer, origin) = photos();
    let root = outer.path().join("photos");
    fs::rename(&root, outer.path().join("old")).unwrap();
    // an unmounted disk must not look like so many missing images
    assert_eq!(kind(&origin, "/a.jpg").await, ErrorKind::Unreachable);
    fs::create_dir(&root).unwrap();
    fs::write(root.join("a.jpg"), "new").unwrap();
    assert_eq!(body(&origin, "/a.jpg").await, "new");
}

#[test]
fn a_folder_must_exist() {
    for url in ["/no/such/folder", "file:///no/such/folder", "/dev/null"] {
        assert!(!Path::new(url).is_dir());
        let problems = config(url).problems();
        assert!(matches!(problems.as_slice(), [problem] if problem.key == "origin.url"), "{problems:?}");
    }
}
