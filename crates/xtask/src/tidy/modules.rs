//! The modules of one crate and their files: resolves a path such as `crate::plan::Plan` to a file, following
//! re-exports.

use std::collections::BTreeMap;

use super::paths::{Path, paths};
use super::product::test_modules;
use super::tree::{File, Tree};

/// Re-exports of re-exports that are followed.
const MAX_DEPTH: usize = 10;

/// A module in a file of its own.
pub struct Module<'a> {
    pub file: &'a File,
    /// Every path that its code names, without its tests.
    pub paths: Vec<Path>,
}

/// The library of one crate, by module path: `["plan", "geometry"]`.
pub struct Modules<'a> {
    all: BTreeMap<Vec<String>, Module<'a>>,
}

impl<'a> Modules<'a> {
    /// The modules of a crate in this folder, tests left out.
    pub fn of(tree: &'a Tree, folder: &str) -> Self {
        let source = format!("{folder}/src");
        let files: Vec<&File> = tree.rust().filter(|file| file.lies_in(&source)).collect();
        let has_library = files.iter().any(|file| file.path == format!("{source}/lib.rs"));
        let mut all = BTreeMap::new();
        let mut of_tests: Vec<Vec<String>> = Vec::new();
        for file in files {
            if has_library && file.path == format!("{source}/main.rs") {
                continue;
            }
            let name = module_path(&file.path[source.len() + 1..]);
            of_tests.extend(test_modules(&file.code).into_iter().map(|test| child(&name, test)));
            all.insert(name, Module { file, paths: paths(&file.product) });
        }
        all.retain(|name, module| {
            !module.file.is_test() && !of_tests.iter().any(|test| name.starts_with(test))
        });
        Self { all }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[String], &Module<'a>)> {
        self.all.iter().map(|(name, module)| (name.as_slice(), module))
    }

    /// The file that declares the item at the path, relative to a module; `None` if it is outside of the crate, or
    /// a module itself.
    pub fn file_of(&self, from: &[String], path: &Path) -> Option<&'a File> {
        let module = self.resolve(from, &path.segments, MAX_DEPTH)?;
        Some(self.all.get(&module)?.file)
    }

    /// The module that declares the item.
    fn resolve(&self, from: &[String], segments: &[String], depth: usize) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        let depth = depth.checked_sub(1)?;
        match first.as_str() {
            "crate" => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(from.to_vec(), rest, depth),
            "super" => {
                let mut parent = from.to_vec();
                parent.pop()?;
                let again = rest.first().is_some_and(|next| next == "super");
                if again { self.resolve(&parent, rest, depth) } else { self.walk(parent, rest, depth) }
            }
            // a child, or an imported name
            name => {
                let is_known = self.all.contains_key(&child(from, name)) || self.import(from, name).is_some();
                if is_known { self.walk(from.to_vec(), segments, depth) } else { None }
            }
        }
    }

    /// Resolves the parts from a module downwards.
    fn walk(&self, mut module: Vec<String>, segments: &[String], depth: usize) -> Option<Vec<String>> {
        let mut rest = segments;
        while let Some((name, after)) = rest.split_first() {
            let below = child(&module, name);
            if self.all.contains_key(&below) {
                (module, rest) = (below, after);
                continue;
            }
            return match self.import(&module, name) {
                Some(import) => {
                    let leads_on: Vec<String> = import.segments.iter().chain(after).cloned().collect();
                    self.resolve(&module, &leads_on, depth)
                }
                // an item, or a module within the file
                None => self.all.contains_key(&module).then_some(module),
            };
        }
        None
    }

    /// The `use` declaration that imports a name into a module, unless it is that name itself.
    fn import(&self, module: &[String], name: &str) -> Option<&Path> {
        let of_module = self.all.get(module)?;
        of_module.paths.iter().find(|path| {
            path.known_as.as_deref() == Some(name) && path.segments.first().is_some_and(|first| first != name)
        })
    }
}

fn child(module: &[String], name: &str) -> Vec<String> {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}

/// `plan/geometry.rs` is `["plan", "geometry"]`.
fn module_path(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut parts: Vec<String> = stem.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") || ["lib", "main"].contains(&stem) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn leads(from: &str, path: &str, expected: Option<&str>) {
        let tree = Tree::of(&[
            (
                "crates/a/src/lib.rs",
                "mod b;\nmod e;\npub use b::{C, D};\npub use other::X;\n#[cfg(test)]\nmod f;",
            ),
            ("crates/a/src/main.rs", "use a::C;"),
            ("crates/a/src/f.rs", "struct F;"),
            ("crates/a/src/b/mod.rs", "mod c;\nmod c_tests;\npub use c::C;\npub struct D;"),
            ("crates/a/src/b/c.rs", "pub struct C;"),
            ("crates/a/src/b/c_tests.rs", ""),
            ("crates/a/src/e.rs", "use crate::b;\nuse b::Z as Y;"),
        ]);
        let modules = Modules::of(&tree, "crates/a");
        let from: Vec<String> = from.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        let path = paths(&format!("use {path};")).remove(0);
        let found = modules.file_of(&from, &path).map(|file| file.path.as_str());
        assert_eq!(found, expected, "{path:?} from {from:?}");
    }

    #[test]
    fn paths_lead_to_files() {
        leads("e", "crate::b::c::C", Some("crates/a/src/b/c.rs"));
        leads("e", "crate::b::c::C::new", Some("crates/a/src/b/c.rs"));
        leads("b/c", "super::D", Some("crates/a/src/b/mod.rs"));
        leads("b/c", "super::super::e::E", Some("crates/a/src/e.rs"));
        leads("b", "c::C", Some("crates/a/src/b/c.rs"));
        leads("b", "self::D", Some("crates/a/src/b/mod.rs"));
        leads("e", "b::D", Some("crates/a/src/b/mod.rs"));
    }

    #[test]
    fn re_exports_are_followed() {
        leads("e", "crate::C", Some("crates/a/src/b/c.rs"));
        leads("e", "crate::b::C", Some("crates/a/src/b/c.rs"));
        leads("e", "crate::D", Some("crates/a/src/b/mod.rs"));
        leads("b", "crate::e::Y", Some("crates/a/src/b/mod.rs"));
    }

    #[test]
    fn what_is_no_item_of_the_crate_leads_nowhere() {
        leads("e", "std::fs::File", None);
        leads("e", "crate::b", None);
        leads("e", "crate::X", None);
    }

    #[test]
    fn tests_and_the_binary_are_no_modules() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "#[cfg(test)]\nmod f;"),
            ("crates/a/src/f.rs", ""),
            ("crates/a/src/main.rs", ""),
            ("crates/a/src/tests.rs", ""),
            ("crates/a/src/geometry_tests.rs", ""),
        ]);
        assert_eq!(Modules::of(&tree, "crates/a").iter().count(), 1);
    }
}
