//! The names of the files in the folder of an origin.

use std::fs;

use super::folder_origin::{is_folder, parse_url};

/// Most entries of a folder that are looked at: a folder of originals may be very large.
const MOST: usize = 10_000;

/// The names of the regular files in a folder that is configured as an origin, without subfolders, hidden files and names that
/// are not UTF-8, in alphabetical order. Empty for other kinds of origin, and for a folder that cannot be listed.
///
/// It blocks.
pub fn folder_files(url: &str) -> Vec<String> {
    let Some(entries) =
        is_folder(url).then(|| parse_url(url).ok()).flatten().and_then(|path| fs::read_dir(path).ok())
    else {
        return Vec::new();
    };
    let is_file = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
    let files = entries.take(MOST).filter_map(Result::ok).filter(is_file);
    let names = files.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_files_of_a_folder_are_listed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.jpg", "a b.png", ".hidden.jpg"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("c.jpg")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("d.jpg")).unwrap();
        let path = folder.path().to_str().unwrap();
        assert_eq!(folder_files(path), ["a b.png", "b.jpg"]);
        assert_eq!(folder_files(&format!("file://{path}")), ["a b.png", "b.jpg"]);
        for other in ["", "http://a.example", "s3://bucket", "/no/such/folder"] {
            assert_eq!(folder_files(other), [""; 0], "{other}");
        }
    }
}
