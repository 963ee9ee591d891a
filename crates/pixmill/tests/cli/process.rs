//! `process`: files and folders of real pictures.

use std::{
    fs,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use tempfile::TempDir;
use testkit::{Picture, sample, samples};

use crate::run::{Told, err, out, told};

fn sample_path(name: &str) -> String {
    samples().join(name).to_str().unwrap().to_owned()
}

fn decoded(path: &Path) -> (u32, u32) {
    let picture = Picture::decode(&Bytes::from(fs::read(path).unwrap()));
    (picture.width, picture.height)
}

/// A folder with `china.jpg` under these names.
fn folder(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, sample("china.jpg")).unwrap();
    }
    folder
}

fn process(input: &Path, query: &str, output: &Path) -> Told {
    told([Path::new("process"), input, Path::new(query), Path::new("-o"), output])
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn one_picture() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("new/small.jpg");
    let told = out(["process", &sample_path("china.jpg"), "width=100", "-o", output.to_str().unwrap()]);
    assert_eq!(told, "");
    assert_eq!(decoded(&output).0, 100);
}

#[test]
fn one_picture_into_a_folder_with_the_extension_of_its_format() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["process", &sample_path("coffee.png"), "width=40&format=auto", "--accept", "webp", "-o"];
    out(arguments.into_iter().chain([folder.path().to_str().unwrap()]));
    assert_eq!(files(folder.path()), [folder.path().join("coffee.webp")]);
    assert!(fs::read(folder.path().join("coffee.webp")).unwrap().starts_with(b"RIFF"));
}

#[test]
fn the_extension_of_another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("small.png");
    let told = err(["process", &sample_path("china.jpg"), "width=100", "-o", output.to_str().unwrap()]);
    assert!(told.contains("the result is a jpeg, which the file extension does not match: "), "{told}");
    assert_eq!(files(folder.path()), [""; 0].map(PathBuf::from));
}

#[test]
fn failures_do_not_stop_the_rest_of_a_folder() {
    let input = folder(&["a.jpg", "b/c.jpg", "b/d/e.jpg"]);
    fs::write(input.path().join("b/broken.jpg"), &sample("china.jpg")[..2000]).unwrap();
    fs::write(input.path().join("notes.txt"), "no picture").unwrap();
    let output = tempfile::tempdir().unwrap();
    let told = process(input.path(), "width=50&format=webp", output.path());
    assert_eq!(told.code, 1, "{told:?}");
    assert_eq!(told.out, "3 pictures processed, 1 other files skipped\n");
    assert!(told.err.starts_with("error: 1 of 5 files failed:\n"), "{}", told.err);
    assert!(told.err.contains("b/broken.jpg: the image cannot be decoded"), "{}", told.err);
    let expected = ["a.webp", "b/c.webp", "b/d/e.webp"].map(|name| output.path().join(name));
    assert_eq!(files(output.path()), expected);
    for path in expected {
        assert_eq!(decoded(&path).0, 50);
    }
}

#[test]
fn a_folder_without_failures_is_a_success() {
    let (input, output) = (folder(&["a.jpg", "a.png"]), tempfile::tempdir().unwrap());
    let told = process(input.path(), "width=20", output.path());
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    // the second is a JPEG by its bytes, and has the same name without extension as the first
    assert_eq!(files(output.path()), ["a.jpg", "a.png.jpg"].map(|name| output.path().join(name)));
}

#[test]
fn originals_are_never_overwritten() {
    let folder = folder(&["a.jpg", "b/a.jpg"]);
    let at = |name: &str| folder.path().join(name);
    for (input, output) in
        [("a.jpg", "a.jpg"), ("a.jpg", "b/../a.jpg"), ("a.jpg", ""), ("", ""), ("", "b/..")]
    {
        let told = process(&at(input), "width=10", &at(output));
        assert_eq!(told.code, 1, "{input:?} {output:?} {told:?}");
        assert_eq!(fs::read(at("a.jpg")).unwrap(), sample("china.jpg"), "{input:?} {output:?}");
    }
    // results inside the folder are allowed, and are not originals of the next run
    for _ in 0..2 {
        let told = process(folder.path(), "width=10", &at("b/out"));
        assert_eq!((told.code, told.out.as_str()), (0, "2 pictures processed, 0 other files skipped\n"));
    }
}

#[test]
fn results_in_a_parent_folder_do_not_overwrite_originals() {
    let folder = folder(&["in/a.jpg", "in/in/a.jpg"]);
    let told = process(&folder.path().join("in"), "width=10", folder.path());
    assert_eq!(told.code, 1, "{told:?}");
    assert!(
        told.err.contains("1 of 2 files failed") && told.err.contains("would overwrite the original"),
        "{told:?}"
    );
    assert_eq!(fs::read(folder.path().join("in/a.jpg")).unwrap(), sample("china.jpg"));
    assert_eq!(decoded(&folder.path().join("a.jpg")).0, 10);
}

#[test]
fn usage_errors_are_reported_first() {
    let (input, output) = (folder(&["a.jpg"]), tempfile::tempdir().unwrap());
    let refused = |query: &str| process(input.path(), query, output.path());
    assert!(refused("width=px").err.starts_with("error: width: expected "));
    assert!(refused("").err.contains("the query has no parameters"));
    let told = refused("utm_source=x");
    assert!(
        told.code == 1 && told.err.starts_with("warning: utm_source is ignored: unknown parameter\n"),
        "{told:?}"
    );
    assert_eq!(files(output.path()), [""; 0].map(PathBuf::from));
    assert!(process(Path::new("no/such"), "width=1", output.path()).err.starts_with("error: no/such: "));
    let text = input.path().join("text.jpg");
    fs::write(&text, "no picture").unwrap();
    assert!(process(&text, "width=1", output.path()).err.contains("unsupported image format"));
}

#[test]
fn limits_come_from_the_configuration() {
    let folder = folder(&["a.jpg"]);
    let config = folder.path().join("pixmill.toml");
    fs::write(&config, "[limits]\nmax_bytes = 1000").unwrap();
    let input = folder.path().join("a.jpg");
    let arguments = ["process", input.to_str().unwrap(), "width=9", "-o", "unused.jpg", "--config"];
    let told = err(arguments.into_iter().chain([config.to_str().unwrap()]));
    let length = sample("china.jpg").len();
    assert!(
        told.contains(&format!("the bytes of the original: {length}, limits.max_bytes allows 1000")),
        "{told}"
    );
}

#[test]
fn a_description_is_json() {
    let folder = tempfile::tempdir().unwrap();
    let input = samples().join("china.jpg");
    let output = folder.path().join("china.json");
    assert_eq!(process(&input, "meta=true&width=60", &output).code, 0);
    let found: serde_json::Value = serde_json::from_slice(&fs::read(&output).unwrap()).unwrap();
    assert_eq!((&found["width"], &found["fileType"]), (&60.into(), &"jpeg".into()));
    assert_eq!(process(&input, "meta=true", &folder.path().join("china.jpg")).code, 1);
}

#[test]
fn overlays_are_read_from_the_folder_of_the_picture() {
    let folder = folder(&["a.jpg"]);
    fs::write(folder.path().join("logo.png"), sample("pixmill-logo.png")).unwrap();
    let made = |query: &str| {
        let (input, output) = (folder.path().join("a.jpg"), folder.path().join("out.jpg"));
        let told = process(&input, query, &output);
        assert_eq!(told.code, 0, "{told:?}");
        fs::read(output).unwrap()
    };
    let plain = made("width=90");
    assert_ne!(made("width=90&mark=/logo.png"), plain);
    assert_ne!(made("width=90&mark=logo.png?width=20"), plain);
    assert_eq!(made("width=90&mark=/none.png"), plain);
    let refused =
        |query: &str| process(&folder.path().join("a.jpg"), query, &folder.path().join("x.jpg")).err;
    assert!(refused("mark=/none.png&mark_required=1").contains("a required overlay cannot be rendered"));
    assert!(refused("mark=http://a.example/x.png").contains("expected a file in the folder of the picture"));
    assert!(refused("mark=/../x.png").contains("invalid overlay path"));
}
