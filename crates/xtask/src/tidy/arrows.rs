//! Which crate may depend on which, read from the manifests.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::Problem;
use super::tree::{File, Tree};

/// What a crate may use of the workspace, and what it must not use of the world (`name*`: all that begin so).
struct Arrows {
    name: &'static str,
    to: &'static [&'static str],
    never: &'static [&'static str],
}

const ARROWS: &[Arrows] = &[
    Arrows {
        name: "pixmill",
        to: &["vips-ops", "vision", "origin", "result-cache", "shared-memory"],
        never: &[],
    },
    Arrows { name: "shared-memory", to: &[], never: &["tokio", "actix*", "http", "awc", "libvips*"] },
    Arrows { name: "vips", to: &[], never: &["tokio", "actix*", "http", "awc"] },
    Arrows { name: "vips-ops", to: &["vips"], never: &["tokio", "actix*", "http", "redis", "awc"] },
    Arrows { name: "vision", to: &["vips"], never: &["tokio", "actix*", "http", "awc"] },
    Arrows { name: "origin", to: &[], never: &["libvips*"] },
    Arrows { name: "result-cache", to: &[], never: &["actix*", "http", "awc", "libvips*"] },
];

/// Crates of the workshop: they may use everything, and only tests may use them.
const DEV: [&str; 2] = ["testkit", "xtask"];

/// Nothing but the crates of the workshop may use the binary, not even in tests.
const BINARY: &str = "pixmill";

pub fn check(tree: &Tree) -> Vec<Problem> {
    let manifests = tree.files.iter().filter_map(Manifest::parse);
    let manifests: Vec<_> = manifests.collect();
    let members: BTreeSet<&str> =
        manifests.iter().filter_map(|manifest| Some(manifest.as_ref().ok()?.name.as_str())).collect();
    manifests
        .iter()
        .flat_map(|manifest| match manifest {
            Ok(manifest) => manifest.problems(&members),
            Err(problem) => vec![Problem::of_file(&problem.path, problem.rule.clone())],
        })
        .collect()
}

struct Manifest<'a> {
    path: &'a str,
    name: String,
    /// Normal and build dependencies, by the package's own name.
    uses: BTreeSet<String>,
    /// Dependencies of tests and benchmarks.
    tests_use: BTreeSet<String>,
}

impl<'a> Manifest<'a> {
    /// None: not the manifest of a member.
    fn parse(file: &'a File) -> Option<Result<Self, Problem>> {
        let folder = file.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        if folder.contains('/') {
            return None;
        }
        let name = |table: &Table| Some(table.get("package")?.get("name")?.as_str()?.to_owned());
        let manifest = match file.text.parse::<Table>() {
            Ok(table) => name(&table).map(|name| Self::of(&file.path, name, &table)),
            Err(_) => None,
        };
        Some(manifest.ok_or_else(|| Problem::of_file(&file.path, "expected a manifest with a package name")))
    }

    fn of(path: &'a str, name: String, table: &Table) -> Self {
        let targets = table.get("target").and_then(Value::as_table);
        let mut sections: Vec<&Table> = vec![table];
        sections.extend(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
        let all =
            |kind: &str| sections.iter().flat_map(|section| packages(section, kind)).collect::<BTreeSet<_>>();
        let mut uses = all("dependencies");
        uses.extend(all("build-dependencies"));
        Self { path, name, uses, tests_use: all("dev-dependencies") }
    }

    fn problems(&self, members: &BTreeSet<&str>) -> Vec<Problem> {
        if DEV.contains(&self.name.as_str()) {
            return Vec::new();
        }
        let Some(arrows) = ARROWS.iter().find(|arrows| arrows.name == self.name) else {
            let rule =
                format!("crate '{}' has no line in the arrows of crates/xtask/src/tidy/arrows.rs", self.name);
            return vec![Problem::of_file(self.path, rule)];
        };
        let strays = self.uses.iter().filter(|package| {
            let member = members.contains(package.as_str());
            (member && !arrows.to.contains(&package.as_str()))
                || arrows.never.iter().any(|never| fits(never, package))
        });
        let strays = strays.chain(self.tests_use.iter().filter(|package| *package == BINARY));
        let rule = |package: &String| format!("'{}' must not depend on '{package}'", self.name);
        strays.map(|package| Problem::of_file(self.path, rule(package))).collect()
    }
}

/// The packages that a section of dependencies names, by their own names.
fn packages(section: &Table, kind: &str) -> Vec<String> {
    let dependencies = section.get(kind).and_then(Value::as_table);
    let own_name = |(key, value): (&String, &Value)| {
        let renamed = value.get("package").and_then(Value::as_str);
        renamed.unwrap_or(key).to_owned()
    };
    dependencies.into_iter().flatten().map(own_name).collect()
}

fn fits(pattern: &str, package: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == package, |start| package.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, rest: &str) -> (String, String) {
        (format!("crates/{name}/Cargo.toml"), format!("[package]\nname = \"{name}\"\n{rest}"))
    }

    /// Problems of one crate among all members.
    fn rules(name: &str, rest: &str) -> Vec<String> {
        let mut files: Vec<(String, String)> = ARROWS
            .iter()
            .filter(|arrows| arrows.name != name)
            .map(|arrows| manifest(arrows.name, ""))
            .collect();
        files.push(manifest("testkit", "[dependencies]\npixmill.workspace = true\n"));
        files.push(manifest(name, rest));
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        check(&Tree::of(&files)).into_iter().map(|problem| problem.rule).collect()
    }

    #[test]
    fn allowed_arrows_pass() {
        assert!(
            rules("pixmill", "[dependencies]\nvips-ops.workspace = true\nactix-web = \"4\"\n").is_empty()
        );
        assert!(rules("vips-ops", "[dependencies]\nvips.workspace = true\n").is_empty());
        assert!(
            rules("vips-ops", "[dev-dependencies]\ntestkit.workspace = true\ntokio = \"1\"\n").is_empty()
        );
    }

    #[test]
    fn forbidden_arrows_are_named() {
        let found = rules("result-cache", "[dependencies]\nvips-ops.workspace = true\nactix-rt = \"2\"\n");
        assert_eq!(
            found,
            ["'result-cache' must not depend on 'actix-rt'", "'result-cache' must not depend on 'vips-ops'"]
        );
        assert_eq!(rules("pixmill", "[dependencies]\nvips.workspace = true\n").len(), 1);
        assert_eq!(rules("vips-ops", "[dependencies]\ntokio = \"1\"\nhttparse = \"1\"\n").len(), 1);
        assert_eq!(rules("origin", "[dependencies]\ntestkit.workspace = true\n").len(), 1);
        assert_eq!(rules("origin", "[dev-dependencies]\npixmill.workspace = true\n").len(), 1);
    }

    #[test]
    fn renamed_build_and_target_dependencies_count() {
        assert_eq!(
            rules("vips-ops", "[dependencies]\nweb = { package = \"actix-web\", version = \"4\" }\n").len(),
            1
        );
        assert_eq!(rules("vips-ops", "[build-dependencies]\nredis = \"1\"\n").len(), 1);
        assert_eq!(rules("vips-ops", "[target.'cfg(unix)'.dependencies]\nredis = \"1\"\n").len(), 1);
    }

    #[test]
    fn a_new_crate_must_be_given_its_arrows() {
        assert_eq!(rules("newcomer", "").len(), 1);
        assert_eq!(check(&Tree::of(&[("crates/a/Cargo.toml", "nonsense")])).len(), 1);
        assert!(check(&Tree::of(&[("crates/a/fuzz/Cargo.toml", "nonsense")])).is_empty());
    }
}
