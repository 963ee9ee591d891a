//! The files to process, and the paths of their results.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use vips_ops::Media;

use super::naming::Naming;
use crate::cli::Error;

/// One file to process.
#[derive(Debug, PartialEq, Eq)]
pub struct Job {
    /// The original.
    pub input: PathBuf,
    /// The path of the result, before its format is known.
    target: PathBuf,
    naming: Naming,
}

/// All files to process.
#[derive(Debug, PartialEq, Eq)]
pub struct Jobs {
    /// The files, sorted by path.
    pub list: Vec<Job>,
    /// Whether they were found in a folder, which may contain other files too.
    pub folder: bool,
}

impl Job {
    /// The path of a result of this format.
    pub fn output(&self, format: Media) -> Result<PathBuf, Error> {
        let named = self.naming.apply(&self.target, format);
        named.ok_or_else(|| {
            let (name, target) = (format.name(), self.target.display());
            Error::Usage(format!("the result is a {name}, which the file extension does not match: {target}"))
        })
    }
}

/// Finds the files of `input`, a file or a folder. Their results are written to `output`.
pub fn find(input: &Path, output: &Path) -> Result<Jobs, Error> {
    let kind = fs::metadata(input).map_err(Error::file(input))?;
    if kind.is_dir() {
        return Ok(Jobs { list: in_folder(input, output)?, folder: true });
    }
    let into_folder = output.is_dir() || output.as_os_str().to_string_lossy().ends_with('/');
    let (target, naming) = match input.file_name() {
        Some(name) if into_folder => (output.join(name), Naming::Replaced),
        _ => (output.to_owned(), Naming::Given),
    };
    Ok(Jobs { list: vec![Job { input: input.to_owned(), target, naming }], folder: false })
}

fn in_folder(input: &Path, output: &Path) -> Result<Vec<Job>, Error> {
    let canonical = fs::canonicalize(output).ok();
    if canonical.is_some() && canonical == fs::canonicalize(input).ok() {
        let refused = "the output folder is the input folder, expected another one".to_owned();
        return Err(Error::Usage(refused));
    }
    if output.is_file() {
        let output = output.display();
        return Err(Error::Usage(format!("{output} is a file, expected a folder because the input is one")));
    }
    let mut paths = Vec::new();
    walk(input, canonical.as_deref(), &mut paths)?;
    paths.sort();
    let bare = |path: &Path| path.with_extension("");
    let mut sharers: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for path in &paths {
        *sharers.entry(bare(path)).or_default() += 1;
    }
    let job = |path: PathBuf| {
        let relative = path.strip_prefix(input).unwrap_or(&path);
        let shared = sharers[&bare(&path)] > 1;
        let naming = if shared { Naming::Appended } else { Naming::Replaced };
        Job { target: output.join(relative), naming, input: path }
    };
    Ok(paths.into_iter().map(job).collect())
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

    /// Each file and its result if that is a JPEG, as paths relative to their folders.
    fn outputs(folder: &TempDir, output: &Path) -> Vec<(String, String)> {
        let jobs = find(folder.path(), output).unwrap();
        assert!(jobs.folder);
        let below = |path: &Path, above: &Path| path.strip_prefix(above).unwrap().display().to_string();
        let pair = |job: &Job| {
            (
                below(&job.input, folder.path()),
                below(&job.output(Media::Picture(OutputFormat::Jpeg)).unwrap(), output),
            )
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
            assert!(matches!(find(folder.path(), &output), Err(Error::Usage(_))), "{}", output.display());
        }
    }

    #[test]
    fn the_output_of_a_file_is_a_file_or_a_folder() {
        let (folder, output) = (folder(&["a.png"]), tempfile::tempdir().unwrap());
        let input = folder.path().join("a.png");
        let to =
            |output: &Path| find(&input, output).unwrap().list[0].output(Media::Picture(OutputFormat::Jpeg));
        assert_eq!(to(&output.path().join("x.jpg")).unwrap(), output.path().join("x.jpg"));
        assert_eq!(to(output.path()).unwrap(), output.path().join("a.jpg"));
        assert_eq!(to(&output.path().join("new/")).unwrap(), output.path().join("new/a.jpg"));
        assert!(matches!(to(&output.path().join("x.png")), Err(Error::Usage(_))));
        assert!(matches!(find(&folder.path().join("none"), output.path()), Err(Error::File { .. })));
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
