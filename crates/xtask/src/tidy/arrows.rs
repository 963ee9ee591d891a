//! Allowed dependencies between crates, checked in the manifests and in the paths of the product code.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::paths::paths;
use super::problem::Problem;
use super::tree::{File, Tree};

/// Crates of the workspace that a crate uses, and external crates that it must not use (`name*`: all with this prefix).
struct Arrows {
    name: &'static str,
    to: &'static [&'static str],
    never: &'static [&'static str],
}

const ARROWS: &[Arrows] = &[
    Arrows {
        name: "pixmill",
        to: &[
            "config-types",
            "image-api",
            "vips-ops",
            "vision",
            "origin",
            "request-trace",
            "result-cache",
            "shared-memory",
            "http-semantics",
        ],
        never: &[],
    },
    Arrows { name: "config-types", to: &[], never: &["tokio", "actix*", "http", "awc", "libvips*"] },
    Arrows {
        name: "image-api",
        to: &["config-types"],
        never: &["tokio", "actix*", "http", "awc", "redis", "libvips*"],
    },
    Arrows { name: "shared-memory", to: &[], never: &["tokio", "actix*", "http", "awc", "libvips*"] },
    Arrows { name: "codecs", to: &[], never: &["tokio", "actix*", "http", "awc", "libvips*"] },
    Arrows { name: "vips", to: &[], never: &["tokio", "actix*", "http", "awc"] },
    Arrows {
        name: "vips-ops",
        to: &["codecs", "image-api", "vips"],
        never: &["tokio", "actix*", "http", "redis", "awc"],
    },
    Arrows { name: "vision", to: &["vips"], never: &["tokio", "actix*", "http", "awc"] },
    Arrows {
        name: "origin",
        to: &["config-types", "http-semantics", "circuit-breaker", "request-trace"],
        never: &["libvips*"],
    },
    Arrows {
        name: "result-cache",
        to: &["config-types", "http-semantics", "circuit-breaker", "request-trace"],
        never: &["actix*", "http", "awc", "libvips*"],
    },
    Arrows {
        name: "http-semantics",
        to: &[],
        never: &["tokio", "actix*", "http", "awc", "redis", "libvips*"],
    },
    Arrows { name: "request-trace", to: &[], never: &["actix*", "http", "awc", "redis", "libvips*"] },
    Arrows {
        name: "circuit-breaker",
        to: &[],
        never: &["tokio", "actix*", "http", "awc", "redis", "libvips*"],
    },
];

/// Development crates: they may use everything, and are used in tests only.
const DEV: [&str; 4] = ["instruction-counts", "simulation", "testkit", "xtask"];

/// Only development crates may use the binary, not even tests of other crates.
const BINARY: &str = "pixmill";

pub fn check(tree: &Tree) -> Vec<Problem> {
    let manifests = tree.files.iter().filter_map(Manifest::parse);
    let manifests: Vec<_> = manifests.collect();
    let members: BTreeSet<&str> =
        manifests.iter().filter_map(|manifest| Some(manifest.as_ref().ok()?.name.as_str())).collect();
    manifests
        .iter()
        .flat_map(|manifest| match manifest {
            Ok(manifest) => {
                let used = Used::of(tree, manifest, &members);
                manifest.problems(&members).into_iter().chain(used.problems()).collect()
            }
            Err(problem) => vec![Problem::of_file(&problem.path, problem.rule.clone())],
        })
        .collect()
}

/// The workspace members that the product code of a crate names, each with the places.
struct Used<'a> {
    manifest: &'a Manifest<'a>,
    members: &'a BTreeSet<&'a str>,
    places: BTreeMap<&'a str, Vec<(&'a str, usize)>>,
}

impl<'a> Used<'a> {
    fn of(tree: &'a Tree, manifest: &'a Manifest<'a>, members: &'a BTreeSet<&'a str>) -> Self {
        let source = manifest.path.replace("Cargo.toml", "src");
        let mut places: BTreeMap<&str, Vec<(&str, usize)>> = BTreeMap::new();
        for file in tree.rust().filter(|file| file.lies_in(&source) && !file.is_test()) {
            let paths = paths(&file.product);
            // `vips` in `use vips_ops::vips;` is a name of this file, not the crate
            let names = paths.iter().filter(|path| path.segments.len() > 1);
            let names: BTreeSet<&str> = names.filter_map(|path| path.known_as.as_deref()).collect();
            for path in paths.iter().filter(|path| !names.contains(path.segments[0].as_str())) {
                let first = path.segments[0].replace('_', "-");
                let member = members.get(first.as_str()).filter(|member| **member != manifest.name);
                if let Some(member) = member {
                    places.entry(member).or_default().push((file.path.as_str(), path.line));
                }
            }
        }
        Self { manifest, members, places }
    }

    fn problems(&self) -> Vec<Problem> {
        let name = self.manifest.name.as_str();
        let Some(arrows) = ARROWS.iter().find(|arrows| arrows.name == name) else { return Vec::new() };
        let mut found = Vec::new();
        for (member, places) in &self.places {
            if !arrows.to.contains(member) {
                let rule = format!("'{name}' must not use '{member}'");
                found.extend(places.iter().map(|(path, line)| Problem::at_line(path, *line, rule.clone())));
            }
        }
        // an unused entry in the list of dependencies is an error too
        for to in arrows.to.iter().filter(|to| self.members.contains(*to) && !self.places.contains_key(*to)) {
            let rule = format!("'{name}' does not use '{to}'; remove the dependency from {}", file!());
            found.push(Problem::of_file(self.manifest.path, rule));
        }
        found
    }
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
    /// `None`: not the manifest of a member.
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
            let rule = format!("crate '{}' has no entry in crates/xtask/src/tidy/arrows.rs", self.name);
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

/// The packages in a section of dependencies, by their own names.
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

    /// Code that names these crates.
    fn library(name: &str, uses: &[&str]) -> (String, String) {
        let paths: Vec<String> =
            uses.iter().map(|to| format!("use {}::X;\n", to.replace('-', "_"))).collect();
        (format!("crates/{name}/src/lib.rs"), paths.concat())
    }

    /// Problems of one crate among all members, each of which uses what it may.
    fn rules(name: &str, rest: &str) -> Vec<String> {
        let arrows = ARROWS.iter().find(|arrows| arrows.name == name);
        rules_with(library(name, arrows.map_or(&[], |arrows| arrows.to)), name, rest)
    }

    fn rules_with(code: (String, String), name: &str, rest: &str) -> Vec<String> {
        let others = ARROWS.iter().filter(|arrows| arrows.name != name);
        let mut files: Vec<(String, String)> =
            others.flat_map(|arrows| [manifest(arrows.name, ""), library(arrows.name, arrows.to)]).collect();
        files.push(manifest("testkit", "[dependencies]\npixmill.workspace = true\n"));
        files.extend([manifest(name, rest), code]);
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        check(&Tree::of(&files)).into_iter().map(|problem| problem.rule).collect()
    }

    #[test]
    fn allowed_dependencies_pass() {
        assert!(
            rules("pixmill", "[dependencies]\nvips-ops.workspace = true\nactix-web = \"4\"\n").is_empty()
        );
        assert!(rules("vips-ops", "[dependencies]\nvips.workspace = true\n").is_empty());
        assert!(
            rules("vips-ops", "[dev-dependencies]\ntestkit.workspace = true\ntokio = \"1\"\n").is_empty()
        );
    }

    #[test]
    fn forbidden_dependencies_are_named() {
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
    fn dependencies_in_code_count_too() {
        let used = |uses: &[&str]| rules_with(library("vips-ops", uses), "vips-ops", "");
        assert!(used(&["codecs", "image-api", "vips", "std"]).is_empty());
        assert_eq!(
            used(&["codecs", "image-api", "vips", "result-cache"]),
            ["'vips-ops' must not use 'result-cache'"]
        );
        let needless = used(&["codecs", "vips"]);
        assert!(
            needless.len() == 1 && needless[0].starts_with("'vips-ops' does not use 'image-api'"),
            "{needless:?}"
        );
        let renamed =
            "use codecs::C;\nuse image_api::A;\nuse vips::B;\nuse vips_ops::origin;\nfn a() { origin::b() }";
        let code = ("crates/vips-ops/src/lib.rs".to_owned(), renamed.to_owned());
        assert!(rules_with(code, "vips-ops", "").is_empty());
        let path = "crates/vips/src/lib.rs".to_owned();
        let code = "fn a() { pixmill::b() }\n#[cfg(test)]\nmod tests { use testkit::c; }";
        assert_eq!(rules_with((path, code.to_owned()), "vips", ""), ["'vips' must not use 'pixmill'"]);
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
    fn a_new_crate_needs_an_entry() {
        assert_eq!(rules("newcomer", "").len(), 1);
        assert_eq!(check(&Tree::of(&[("crates/a/Cargo.toml", "nonsense")])).len(), 1);
        assert!(check(&Tree::of(&[("crates/a/fuzz/Cargo.toml", "nonsense")])).is_empty());
    }
}
