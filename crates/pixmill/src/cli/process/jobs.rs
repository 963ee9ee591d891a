//! The files to process, and the paths of their results.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use vips_ops::Media;

use super::naming::{self, Naming};
use crate::cli::Error;

/// The name of standard input and of standard output.
const STREAM: &str = "-";

/// One picture to process.
#[derive(Debug, PartialEq, Eq)]
pub struct Job {
    /// The original.
    pub input: Input,
    /// The folder of its overlays.
    pub folder: PathBuf,
    target: Target,
}

/// Where an original is.
#[derive(Debug, PartialEq, Eq)]
pub enum Input {
    /// In a file.
    File(PathBuf),
    /// On standard input.
    Stream,
}

/// Where a result is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To a file.
    File(PathBuf),
    /// To standard output.
    Stream,
}

/// Where a result is written to, before its format is known.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    File(PathBuf, Naming),
    Stream,
}

/// All pictures to process.
#[derive(Debug, PartialEq, Eq)]
pub struct Jobs {
    /// The pictures, sorted by path.
    pub list: Vec<Job>,
    /// Whether there are several inputs or a folder, which may contain other files too.
    pub is_batch: bool,
}

impl Job {
    /// Where a result of this format is written to.
    pub fn output(&self, format: Media) -> Result<Output, Error> {
        let Target::File(target, naming) = &self.target else { return Ok(Output::Stream) };
        let named = naming.apply(target, format).map(Output::File);
        named.ok_or_else(|| {
            let (name, target) = (format.name(), target.display());
            Error::Usage(format!("the result is a {name}, which the file extension does not match: {target}"))
        })
    }

    /// The format of the file extension of the result; none if the extension follows the format.
    pub fn stated_format(&self) -> Result<Option<Media>, Error> {
        match &self.target {
            Target::File(path, Naming::Given) => naming::stated(path),
            _ => Ok(None),
        }
    }

    /// The name of the original in messages.
    pub fn name(&self) -> String {
        match &self.input {
            Input::File(path) => path.display().to_string(),
            Input::Stream => "standard input".to_owned(),
        }
    }
}

/// Finds the pictures of the inputs, each a file, a folder or `-`. Their results are written to `output`.
pub fn find(inputs: &[PathBuf], output: &Path) -> Result<Jobs, Error> {
    let stream = Path::new(STREAM);
    let [input] = inputs else {
        if inputs.iter().any(|input| input == stream) {
            return Err(Error::Usage("standard input is one picture, expected no other inputs".to_owned()));
        }
        return Ok(Jobs { list: batch(inputs, output)?, is_batch: true });
    };
    if input != stream && fs::metadata(input).map_err(Error::file(input))?.is_dir() {
        return Ok(Jobs { list: batch(inputs, output)?, is_batch: true });
    }
    Ok(Jobs { list: vec![single(input, output)?], is_batch: false })
}

fn single(input: &Path, output: &Path) -> Result<Job, Error> {
    let is_stream = input == Path::new(STREAM);
    let into_folder = output.is_dir() || output.as_os_str().to_string_lossy().ends_with('/');
    let target = match input.file_name() {
        _ if output == Path::new(STREAM) => Target::Stream,
        Some(_) if is_stream && into_folder => {
            let output = output.display();
            return Err(Error::Usage(format!(
                "{output} is a folder, expected a file name for standard input"
            )));
        }
        Some(name) if into_folder => Target::File(output.join(name), Naming::Replaced),
        _ => Target::File(output.to_owned(), Naming::Given),
    };
    let input = if is_stream { Input::Stream } else { Input::File(input.to_owned()) };
    Ok(Job { folder: folder_of(&input), input, target })
}

/// The folder of a file; the current folder if the path has none.
fn folder_of(input: &Input) -> PathBuf {
    match input {
        Input::File(path) => path.parent().map(Path::to_path_buf).unwrap_or_default(),
        Input::Stream => PathBuf::new(),
    }
}

/// A file of a batch.
struct Found {
    path: PathBuf,
    /// The path of its result below the output folder, with the file extension of the original.
    relative: PathBuf,
    /// The folder of its overlays.
    folder: PathBuf,
}

fn batch(inputs: &[PathBuf], output: &Path) -> Result<Vec<Job>, Error> {
    if output == Path::new(STREAM) || output.is_file() {
        let (output, why) = (
            output.display(),
            if inputs.len() > 1 { "there are several inputs" } else { "the input is one" },
        );
        return Err(Error::Usage(format!("{output} is a file, expected a folder because {why}")));
    }
    if !output.exists() && naming::stated(output).is_ok_and(|format| format.is_some()) {
        let output = output.display();
        return Err(Error::Usage(format!(
            "{output} is the name of a picture, expected a folder for the results of several; create it if it is meant"
        )));
    }
    let canonical = fs::canonicalize(output).ok();
    let mut found = Vec::new();
    for input in inputs {
        found.extend(files_of(input, canonical.as_deref())?);
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    let mut sharers: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut results = BTreeSet::new();
    for Found { path, relative, .. } in &found {
        if !results.insert(relative) {
            let (path, relative) = (path.display(), relative.display());
            return Err(Error::Usage(format!("{path}: another input has the same result, {relative}")));
        }
        *sharers.entry(relative.with_extension("")).or_default() += 1;
    }
    let job = |Found { path, relative, folder }: Found| {
        let shared = sharers[&relative.with_extension("")] > 1;
        let naming = if shared { Naming::Appended } else { Naming::Replaced };
        Job { target: Target::File(output.join(relative), naming), folder, input: Input::File(path) }
    };
    Ok(found.into_iter().map(job).collect())
}

/// A file, or all files of a folder. `output` is the folder of the results.
fn files_of(input: &Path, output: Option<&Path>) -> Result<Vec<Found>, Error> {
    if !fs::metadata(input).map_err(Error::file(input))?.is_dir() {
        let relative = input.file_name().map(PathBuf::from).unwrap_or_default();
        let folder = input.parent().map(Path::to_path_buf).unwrap_or_default();
        return Ok(vec![Found { path: input.to_owned(), relative, folder }]);
    }
    if output.is_some() && output == fs::canonicalize(input).ok().as_deref() {
        let refused = "the output folder is the input folder, expected another one".to_owned();
        return Err(Error::Usage(refused));
    }
    let mut paths = Vec::new();
    walk(input, output, &mut paths)?;
    let found = |path: PathBuf| {
        let relative = path.strip_prefix(input).unwrap_or(&path).to_owned();
        Found { path, relative, folder: input.to_owned() }
    };
    Ok(paths.into_iter().map(found).collect())
}

/// All files in a folder and its subfolders, except for the folder `except`. Symbolic links to files are followed, those to
/// folders are not, since they may form a cycle.
fn walk(folder: &Path, except: Option<&Path>, paths: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(Error::file(folder))? {
        let entry = entry.map_err(Error::file(folder))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(Error::file(&path))?;
        if kind.is_dir() {
            let excluded = except.is_some() && fs::canonicalize(&path).ok().as_deref() == except;
            if !excluded {
                walk(&path, except, paths)?;
            }
        } else if kind.is_file() || path.is_file() {
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use image_api::OutputFormat;
    use tempfile::TempDir;

    use super::*;

    /// A folder with these files.
    fn folder(files: &[&str]) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    /// The file of a result if that is a JPEG.
    fn jpeg(job: &Job) -> Result<PathBuf, Error> {
        match job.output(Media::Picture(OutputFormat::Jpeg))? {
            Output::File(path) => Ok(path),
            Output::Stream => panic!("{job:?}"),
        }
    }

    /// Each file and its result if that is a JPEG, as paths relative to their folders.
    fn outputs(folder: &TempDir, output: &Path) -> Vec<(String, String)> {
        let jobs = find(&[folder.path().to_owned()], output).unwrap();
        assert!(jobs.is_batch);
        let below = |path: &Path, above: &Path| path.strip_prefix(above).unwrap().display().to_string();
        let pair = |job: &Job| {
            let Input::File(input) = &job.input else { panic!("{job:?}") };
            (below(input, folder.path()), below(&jpeg(job).unwrap(), output))
        };
        jobs.list.iter().map(pair).collect()
    }

    #[track_caller]
    fn check(files: &[&str], expected: &[(&str, &str)]) {
        let (folder, output) = (folder(files), tempfile::tempdir().unwrap());
        let expected: Vec<_> = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        assert_eq!(outputs(&folder, output.path()), expected);
    }

    #[test]
    fn the_folder_structure_is_kept() {
        check(
            &["b.jpg", "a/c.png", "a/d/e"],
            &[("a/c.png", "a/c.jpg"), ("a/d/e", "a/d/e.jpg"), ("b.jpg", "b.jpg")],
        );
        check(&[], &[]);
    }

    #[test]
    fn files_that_differ_only_in_their_extension_have_different_results() {
        check(
            &["a.gif", "a.jpg", "a.png", "b.png", "c/a.png"],
            &[
                ("a.gif", "a.gif.jpg"),
                ("a.jpg", "a.jpg"),
                ("a.png", "a.png.jpg"),
                ("b.png", "b.jpg"),
                ("c/a.png", "c/a.jpg"),
            ],
        );
    }

    #[test]
    fn results_inside_the_input_folder_are_not_processed() {
        let folder = folder(&["a.png", "out/a.jpg"]);
        let output = folder.path().join("out");
        assert_eq!(outputs(&folder, &output), [("a.png".to_owned(), "a.jpg".to_owned())]);
    }

    #[test]
    fn the_output_of_a_folder_must_be_another_folder() {
        let folder = folder(&["a.png", "b"]);
        for output in [folder.path().to_owned(), folder.path().join("."), folder.path().join("b")] {
            assert!(
                matches!(find(&[folder.path().to_owned()], &output), Err(Error::Usage(_))),
                "{}",
                output.display()
            );
        }
    }

    #[test]
    fn the_output_of_a_file_is_a_file_or_a_folder() {
        let (folder, output) = (folder(&["a.png"]), tempfile::tempdir().unwrap());
        let input = folder.path().join("a.png");
        let to = |output: &Path| jpeg(&find(std::slice::from_ref(&input), output).unwrap().list[0]);
        assert_eq!(to(&output.path().join("x.jpg")).unwrap(), output.path().join("x.jpg"));
        assert_eq!(to(output.path()).unwrap(), output.path().join("a.jpg"));
        assert_eq!(to(&output.path().join("new/")).unwrap(), output.path().join("new/a.jpg"));
        assert!(matches!(to(&output.path().join("x.png")), Err(Error::Usage(_))));
        assert!(matches!(find(&[folder.path().join("none")], output.path()), Err(Error::File { .. })));
    }

    #[test]
    fn several_inputs_have_their_results_in_one_folder() {
        let (folder, output) =
            (folder(&["a.png", "b/c.png", "b/d/e.png", "f/a.png"]), tempfile::tempdir().unwrap());
        let of = |names: &[&str]| names.iter().map(|name| folder.path().join(name)).collect::<Vec<_>>();
        let jobs = find(&of(&["b", "a.png"]), output.path()).unwrap();
        let results: Vec<_> = jobs.list.iter().map(|job| jpeg(job).unwrap()).collect();
        assert_eq!(results, ["a.jpg", "c.jpg", "d/e.jpg"].map(|name| output.path().join(name)));
        assert_eq!(jobs.list[1].folder, folder.path().join("b"));
        let same = find(&of(&["a.png", "f/a.png"]), output.path()).unwrap_err().to_string();
        assert!(same.contains("another input has the same result, a.png"), "{same}");
    }

    #[test]
    fn streams_are_one_picture() {
        let [stream, file, folder] = ["-", "x.png", "new/"].map(PathBuf::from);
        let job =
            |output: &Path| find(std::slice::from_ref(&stream), output).map(|mut jobs| jobs.list.remove(0));
        assert_eq!(
            job(&stream).unwrap(),
            Job { input: Input::Stream, folder: PathBuf::new(), target: Target::Stream }
        );
        assert_eq!(job(&file).unwrap().stated_format().unwrap(), Some(Media::Picture(OutputFormat::Png)));
        assert!(matches!(job(&folder), Err(Error::Usage(_))));
        for (inputs, output) in [(vec![stream.clone(), file], &folder), (vec![PathBuf::from(".")], &stream)] {
            assert!(matches!(find(&inputs, output), Err(Error::Usage(_))), "{inputs:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_not_followed() {
        let folder = folder(&["a/b.jpg"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/up")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a/b.jpg"), folder.path().join("c.jpg")).unwrap();
        let output = tempfile::tempdir().unwrap();
        let inputs: Vec<_> = outputs(&folder, output.path()).into_iter().map(|(input, _)| input).collect();
        assert_eq!(inputs, ["a/b.jpg", "c.jpg"]);
    }
}
