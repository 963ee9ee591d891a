//! The arguments of `pixmill process`: inputs, then the query string if there is one.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Separates the inputs from the query string: the last of several arguments, if it has the form of one and is no file.
pub fn split(arguments: &[OsString]) -> (Vec<PathBuf>, &str) {
    let paths = |arguments: &[OsString]| arguments.iter().map(PathBuf::from).collect();
    if let [inputs @ .., last] = arguments
        && !inputs.is_empty()
        && let Some(query) = last.to_str()
        && is_query(query)
        && !Path::new(query).exists()
    {
        return (paths(inputs), query);
    }
    (paths(arguments), "")
}

fn is_query(text: &str) -> bool {
    text.is_empty() || text.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &[&str], inputs: &[&str], query: &str) {
        let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
        let inputs = inputs.iter().map(PathBuf::from).collect();
        assert_eq!(split(&arguments), (inputs, query));
    }

    #[test]
    fn the_query_comes_last() {
        check(&["a.jpg", "width=3"], &["a.jpg"], "width=3");
        check(&["a.jpg", "b", "/c.jpg?width=3"], &["a.jpg", "b"], "/c.jpg?width=3");
        check(&["a.jpg", ""], &["a.jpg"], "");
        check(&["a.jpg", "b.jpg"], &["a.jpg", "b.jpg"], "");
        check(&["a=b.jpg"], &["a=b.jpg"], "");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a=b.jpg");
        std::fs::write(&file, "").unwrap();
        let file = file.to_str().unwrap();
        check(&["a.jpg", file], &["a.jpg", file], "");
    }
}
