//! `process`: files and folders of real pictures.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use bytes::Bytes;
use tempfile::TempDir;
use testkit::{Picture, sample, samples};

use crate::run::{Told, err, out, pixmill, refused, told};

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
fn the_file_extension_is_the_format() {
    let folder = tempfile::tempdir().unwrap();
    for (name, query, magic) in [
        ("a.webp", "width=40", &b"RIFF"[..]),
        ("b.PNG", "width=40", b"\x89PNG"),
        ("c.gif", "", b"GIF8"),
        ("d.jpeg", "width=40&format=auto", b"\xff\xd8"),
        ("e", "width=40&format=png", b"\x89PNG"),
    ] {
        let output = folder.path().join(name);
        let told = process(Path::new(&sample_path("china.jpg")), query, &output);
        assert_eq!((told.code, told.out.as_str(), told.err.as_str()), (0, "", ""), "{name}");
        assert!(fs::read(&output).unwrap().starts_with(magic), "{name}");
    }
    let output = folder.path().join("f.webp");
    out(["process", &sample_path("china.jpg"), "-o", output.to_str().unwrap()]);
    assert!(fs::read(&output).unwrap().starts_with(b"RIFF"));
}

#[test]
fn the_extension_of_another_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("small.png");
    let to = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let input = sample_path("china.jpg");
    let told = refused(["process", &input, "width=100&format=jpeg", "-o", output.to_str().unwrap()]);
    assert!(told.contains("the result is a jpeg, which the file extension does not match: "), "{told}");
    let told = refused(["process", &input, "width=100", "-o", &to("small.tiff")]);
    let formats = "jpg, jpeg, jpe, jfif, png, webp, avif, gif, mp4 or json";
    assert!(told.contains(&format!("unknown file extension tiff, expected one of {formats}")), "{told}");
    assert_eq!(files(folder.path()), [""; 0].map(PathBuf::from));
}

#[test]
fn messages_name_the_picture_and_nothing_internal() {
    let input = folder(&["whole.jpg", "other.jpg"]);
    let (cut, text) = (input.path().join("cut.jpg"), input.path().join("notes.txt"));
    fs::write(&cut, &sample("china.jpg")[..20_000]).unwrap();
    fs::write(&text, "no picture").unwrap();
    let output = input.path().join("result.png");
    let told = process(&cut, "width=50", &output).err;
    assert_eq!(told, format!("error: {}: the image cannot be decoded\n", cut.display()));
    let told = process(&text, "width=50", &output).err;
    assert!(told.starts_with(&format!("error: {}: unsupported image format", text.display())), "{told}");
    let whole = input.path().join("whole.jpg");
    let told = process(&whole, "width=50&mark=/none.png", &output);
    let warning = format!("warning: {}: an overlay cannot be read and is left out\n", whole.display());
    assert_eq!((told.code, told.err), (0, warning));
    let other = input.path().join("other.jpg");
    let both = input.path().join("both.jpg");
    let told = process_all(&[&whole, &other], "width=50", &both);
    assert_eq!(told.code, 2);
    assert!(told.err.contains("both.jpg is the name of a picture, expected a folder"), "{}", told.err);
    assert!(!both.exists());
}

fn process_all(inputs: &[&Path], query: &str, output: &Path) -> Told {
    let mut arguments = vec![Path::new("process")];
    arguments.extend(inputs);
    arguments.extend([Path::new(query), Path::new("-o"), output]);
    told(arguments)
}

#[test]
fn failures_do_not_stop_the_rest_of_a_folder() {
    let input = folder(&["a.jpg", "b/c.jpg", "b/d/e.jpg"]);
    fs::write(input.path().join("b/broken.jpg"), &sample("china.jpg")[..2000]).unwrap();
    fs::write(input.path().join("notes.txt"), "no picture").unwrap();
    let output = tempfile::tempdir().unwrap();
    let told = process(input.path(), "width=50&format=webp", output.path());
    assert_eq!(told.code, 1, "{told:?}");
    assert_eq!(told.out, "");
    let (summary, failures) = told.err.split_once('\n').unwrap();
    assert!(summary.starts_with("3 pictures processed, 1 other files skipped, 1 failed: "), "{summary}");
    assert!(summary.ends_with(" % saved"), "{summary}");
    assert!(failures.starts_with("error: 1 of 5 files failed:\n"), "{failures}");
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
    assert_eq!((told.code, told.out.as_str()), (0, ""), "{told:?}");
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
        assert_eq!(told.code, 2, "{input:?} {output:?} {told:?}");
        assert_eq!(fs::read(at("a.jpg")).unwrap(), sample("china.jpg"), "{input:?} {output:?}");
    }
    // results inside the folder are allowed, and are not originals of the next run
    for _ in 0..2 {
        let told = process(folder.path(), "width=10", &at("b/out"));
        assert_eq!(told.code, 0, "{told:?}");
        assert!(told.err.starts_with("2 pictures processed: "), "{told:?}");
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
        told.code == 2 && told.err.starts_with("warning: utm_source is ignored: unknown parameter\n"),
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
    assert_eq!(process(&input, "meta=true", &folder.path().join("china.jpg")).code, 2);
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

/// Runs it with a picture on standard input; exit code, standard output, and standard error.
fn piped(arguments: &[&str], input: &[u8]) -> (i32, Vec<u8>, String) {
    let mut command = pixmill(arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // it may end before it has read everything
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    (output.status.code().unwrap(), output.stdout, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn pictures_go_through_pipes() {
    let (code, bytes, told) =
        piped(&["process", "-", "width=50&format=webp", "-o", "-"], &sample("coffee.png"));
    assert_eq!((code, told.as_str()), (0, ""));
    assert!(bytes.starts_with(b"RIFF"));
    assert_eq!(Picture::decode(&bytes.into()).width, 50);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("a.png");
    let written = piped(&["process", "-", "width=50", "-o", output.to_str().unwrap()], &sample("china.jpg"));
    assert_eq!((written.0, decoded(&output).0), (0, 50));
    let (code, _, told) = piped(&["process", "-", "width=50", "-o", "-"], b"no picture");
    assert_eq!((code, told.as_str()), (1, "error: standard input: unsupported image format\n"));
    assert!(
        refused(["process", "-", "a.jpg", "width=50", "-o", "x/"]).contains("standard input is one picture")
    );
    let folder = folder.path().to_str().unwrap();
    assert!(refused(["process", folder, "width=50", "-o", "-"]).contains("expected a folder"));
}

#[test]
fn standard_input_has_the_limit_of_files() {
    let folder = folder(&[]);
    let config = folder.path().join("pixmill.toml");
    fs::write(&config, "[limits]\nmax_bytes = 50000").unwrap();
    let arguments = ["process", "-", "width=9", "-o", "-", "--config", config.to_str().unwrap()];
    let (code, bytes, told) = piped(&arguments, &sample("china.jpg"));
    assert_eq!((code, bytes.len()), (1, 0));
    assert!(told.contains("the bytes of the original: 50001, limits.max_bytes allows 50000"), "{told}");
}

#[test]
fn several_inputs_have_results_in_one_folder() {
    let (input, output) = (folder(&["a.jpg", "b/c.jpg"]), tempfile::tempdir().unwrap());
    let at = |name: &str| input.path().join(name).to_str().unwrap().to_owned();
    let to = output.path().to_str().unwrap();
    let arguments = ["process", &at("a.jpg"), &at("b"), "width=20&format=png", "-o", to, "--jobs", "2"];
    let told = told(arguments);
    assert_eq!((told.code, told.out.as_str()), (0, ""), "{told:?}");
    assert!(told.err.starts_with("2 pictures processed: "), "{told:?}");
    assert_eq!(files(output.path()), ["a.png", "c.png"].map(|name| output.path().join(name)));
    let twice = refused(["process", &at("a.jpg"), &at("a.jpg"), "width=20", "-o", to]);
    assert!(twice.contains("another input has the same result, a.jpg"), "{twice}");
}

#[test]
fn existing_results_are_kept_if_that_is_wanted() {
    let (input, output) = (folder(&["a.jpg", "b.jpg"]), tempfile::tempdir().unwrap());
    let kept = output.path().join("a.webp");
    fs::write(&kept, "mine").unwrap();
    let run = |more: &[&str]| {
        let paths = [input.path(), output.path()].map(|path| path.to_str().unwrap());
        let arguments = ["process", paths[0], "width=20&format=webp", "-o", paths[1]];
        let told = told([&arguments, more].concat());
        assert_eq!(told.code, 0, "{told:?}");
        told
    };
    let plan = run(&["--dry-run", "--skip-existing"]);
    let line = |from: &str, to: &str, note: &str| {
        format!("{} -> {}{note}\n", input.path().join(from).display(), output.path().join(to).display())
    };
    let expected = line("a.jpg", "a.webp", " (exists, is kept)") + &line("b.jpg", "b.webp", "");
    assert_eq!((plan.out, files(output.path())), (expected, vec![kept.clone()]));
    assert_eq!(plan.err, "0 pictures processed, 1 to process, 1 kept as they exist\n");
    assert!(run(&["--dry-run"]).out.contains("a.webp (exists, is replaced)\n"));
    let told = run(&["--skip-existing"]);
    assert!(told.err.starts_with("1 pictures processed, 1 kept as they exist: "), "{told:?}");
    assert_eq!(fs::read(&kept).unwrap(), b"mine");
    assert_eq!(decoded(&output.path().join("b.webp")).0, 20);
    run(&["--overwrite"]);
    assert_eq!(decoded(&kept).0, 20);
    // no file is left behind
    assert_eq!(files(output.path()), ["a.webp", "b.webp"].map(|name| output.path().join(name)));
}
