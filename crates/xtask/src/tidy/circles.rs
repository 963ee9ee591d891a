//! Cyclic dependencies between files: pairs are allowed, for a module and its parent or sibling; longer cycles are not.

use std::collections::{BTreeMap, BTreeSet};

use super::modules::Modules;
use super::problem::Problem;
use super::tree::Tree;

pub fn check(tree: &Tree) -> Vec<Problem> {
    let crates: BTreeSet<&str> = tree.rust().filter_map(|file| crate_folder(&file.path)).collect();
    crates.into_iter().flat_map(|folder| circles(&uses(tree, folder))).collect()
}

/// The folder of the crate whose library a file belongs to.
fn crate_folder(path: &str) -> Option<&str> {
    let (folder, rest) = path.split_once("/src/")?;
    (folder.starts_with("crates/") && !rest.is_empty()).then_some(folder)
}

/// The dependencies between the files of a crate.
type Uses<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

fn uses<'a>(tree: &'a Tree, folder: &str) -> Uses<'a> {
    let modules = Modules::of(tree, folder);
    let mut uses = Uses::new();
    for (name, module) in modules.iter() {
        let own = module.file.path.as_str();
        let others = module.paths.iter().filter_map(|path| modules.file_of(name, path));
        let others = others.map(|file| file.path.as_str()).filter(|path| *path != own).collect();
        uses.insert(own, others);
    }
    uses
}

/// A problem for each file on a cycle of three or more.
fn circles(uses: &Uses) -> Vec<Problem> {
    let mut found = Vec::new();
    for (&file, others) in uses {
        let shortest = others.iter().filter_map(|&next| way(uses, next, file)).min_by_key(Vec::len);
        if let Some(circle) = shortest {
            let names: Vec<&str> = circle.iter().map(|path| short(path)).collect();
            let rule = format!("a cycle of files: {} → {}", short(file), names.join(" → "));
            found.push(Problem::of_file(file, rule));
        }
    }
    found
}

/// The shortest path between two files that forms a cycle of at least three with the step back, including the start and
/// the end.
fn way<'a>(uses: &Uses<'a>, from: &'a str, to: &'a str) -> Option<Vec<&'a str>> {
    let mut reached: BTreeMap<&str, &str> = BTreeMap::new();
    let mut front = vec![from];
    while !front.is_empty() {
        let mut next_front = Vec::new();
        for file in front {
            for &next in uses.get(file).into_iter().flatten() {
                let is_direct = file == from && next == to;
                if is_direct || next == from || reached.contains_key(next) {
                    continue;
                }
                reached.insert(next, file);
                if next == to {
                    return Some(back(&reached, from, to));
                }
                next_front.push(next);
            }
        }
        front = next_front;
    }
    None
}

/// The path that was found, from its end.
fn back<'a>(reached: &BTreeMap<&'a str, &'a str>, from: &'a str, to: &'a str) -> Vec<&'a str> {
    let mut way = vec![to];
    while let Some(&before) = way.last().and_then(|last| reached.get(last)) {
        way.push(before);
        if before == from {
            break;
        }
    }
    way.reverse();
    way
}

fn short(path: &str) -> &str {
    path.split_once("/src/").map_or(path, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> =
            files.iter().map(|(name, text)| (format!("crates/a/src/{name}.rs"), *text)).collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        check(&Tree::of(&files)).iter().map(Problem::to_string).collect()
    }

    #[test]
    fn three_files_in_a_cycle_are_named() {
        let circle =
            [("a", "use crate::b::B;"), ("b", "use super::c::C;"), ("c", "fn f(a: &crate::a::A) {}")];
        let problems = found(&circle);
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert_eq!(problems[0], "crates/a/src/a.rs: a cycle of files: a.rs → b.rs → c.rs → a.rs");
    }

    #[test]
    fn a_cycle_through_re_exports_counts() {
        let parent = ("a/mod", "mod b;\npub use b::B;\nuse crate::c::C;");
        assert!(found(&[parent, ("a/b", ""), ("c", "use crate::a::B;")]).is_empty());
        assert_eq!(found(&[parent, ("a/b", "use super::A;"), ("c", "use crate::a::B;")]).len(), 3);
    }

    #[test]
    fn pairs_and_stars_of_pairs_pass() {
        assert!(found(&[("a", "use crate::b::B;"), ("b", "use crate::a::A;")]).is_empty());
        let children =
            [("p/mod", "use self::{a::A, b::B};"), ("p/a", "use super::P;"), ("p/b", "use super::P;")];
        assert!(found(&children).is_empty());
    }

    #[test]
    fn tests_form_no_cycle() {
        let back = "#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}";
        assert!(found(&[("a", "use crate::b::B;"), ("b", "use crate::c::C;"), ("c", back)]).is_empty());
    }
}
