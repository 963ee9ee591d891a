//! Forbidden imports between parts of the project, by the paths in their product code.

use super::paths::{Path, paths};
use super::problem::Problem;
use super::tree::{File, Tree};

/// A rule about the paths in files.
struct Rule {
    /// Files and folders to which the rule applies.
    of: &'static [&'static str],
    /// Exceptions among them.
    but: &'static [&'static str],
    /// Forbidden prefixes of paths; also matched after `::`, such as re-exports of a crate.
    never: &'static [&'static str],
    /// Paths that are allowed nevertheless.
    fine: &'static [&'static str],
    /// The problem, and what was expected.
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        of: &["crates/image-api/src"],
        but: &[],
        never: &["vips"],
        fine: &[],
        why: "queries and plans never import libvips: they are pure, and fuzzed without it",
    },
    Rule {
        of: &["crates/image-api/src"],
        but: &[],
        never: &[
            "tokio",
            "actix_web",
            "http",
            "std::time::Instant",
            "std::time::SystemTime",
            "std::env",
            "std::fs",
        ],
        fine: &[],
        why: "image-api is pure: no runtime, network, clock, environment or files",
    },
    Rule {
        of: &["crates/vips-ops/src/steps"],
        but: &[],
        never: &["crate::params::Params", "crate::Params", "image_api::Params", "image_api::params::Params"],
        fine: &[],
        why: "steps never import `Params`: what a step needs is in the plan",
    },
    Rule {
        of: &["crates/pixmill/src"],
        but: &[
            "crates/pixmill/src/app.rs",
            "crates/pixmill/src/cli",
            "crates/pixmill/src/http",
            "crates/pixmill/src/listener",
        ],
        never: &["crate::http"],
        fine: &[],
        why: "the core never imports `http`: it is used and tested without a server",
    },
    Rule {
        of: &["crates/pixmill/src/telemetry"],
        but: &[],
        never: &[
            "crate::analysis",
            "crate::app",
            "crate::coalescing",
            "crate::http",
            "crate::jobs",
            "crate::originals",
            "crate::overlays",
            "crate::render",
            "crate::service",
            "crate::state",
            "crate::uploads",
            "crate::variants",
        ],
        fine: &[],
        why: "telemetry never imports the service: what is counted is passed to it",
    },
    Rule {
        of: &["crates/pixmill/src"],
        but: &[],
        never: &["vips"],
        fine: &[
            "vips::Deadline",
            "vips::Error",
            "vips::Image",
            "vips::Settings",
            "vips::Vips",
            "vips::thread_shutdown",
            "vips::tracked_memory",
            "vips::version",
        ],
        why: "the server starts libvips, passes images on and calls no operation: operations belong in vips-ops",
    },
];

pub fn check(tree: &Tree) -> Vec<Problem> {
    RULES.iter().flat_map(|rule| rule.problems(tree)).collect()
}

impl Rule {
    fn problems(&self, tree: &Tree) -> Vec<Problem> {
        let lies = |file: &File, places: &[&str]| {
            places.iter().any(|place| file.path == *place || file.lies_in(place))
        };
        let files = tree.rust().filter(|file| lies(file, self.of) && !lies(file, self.but));
        files.filter(|file| !file.is_test()).flat_map(|file| self.problems_of(file)).collect()
    }

    fn problems_of(&self, file: &File) -> Vec<Problem> {
        let broken = paths(&file.product).into_iter().filter(|path| self.is_broken_by(path));
        let rule = |path: &Path| format!("`{}`: {}", path.text(), self.why);
        broken.map(|path| Problem::at_line(&file.path, path.line, rule(&path))).collect()
    }

    fn is_broken_by(&self, path: &Path) -> bool {
        // a crate may be named through the re-export of another one: `vips_ops::vips::Image`
        let inner = path.after_first();
        let names = |start: &&str| {
            let is_crate = !start.starts_with("crate::");
            path.begins_with(start)
                || (is_crate && inner.as_ref().is_some_and(|path| path.begins_with(start)))
        };
        // `use vips_ops::vips;` alone: what is used of it is named elsewhere
        let is_crate_alone = !self.fine.is_empty() && self.never.iter().any(|never| path.ends_with(never));
        self.never.iter().any(names) && !self.fine.iter().any(names) && !is_crate_alone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(path: &str, text: &str, expected: usize) {
        let tree = Tree::of(&[(path, text)]);
        let found = check(&tree);
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }

    #[test]
    fn plans_and_parameters_never_import_libvips() {
        for folder in ["image-api/src", "image-api/src/plan"] {
            finds(&format!("crates/{folder}/a.rs"), "use vips::Image;", 1);
            finds(&format!("crates/{folder}/a.rs"), "fn a(x: &crate::vips::Image) {}", 1);
            finds(
                &format!("crates/{folder}/a.rs"),
                "#[cfg(test)]\nuse vips::Image;\nuse crate::size::Size;",
                0,
            );
        }
        finds("crates/vips-ops/src/steps/a.rs", "use vips::Image;", 0);
    }

    #[test]
    fn the_interface_is_pure() {
        finds("crates/image-api/src/a.rs", "use std::{time::Instant, env};\nuse tokio::fs;", 3);
        finds("crates/image-api/src/a.rs", "use std::time::Duration;", 0);
    }

    #[test]
    fn steps_never_import_params() {
        finds("crates/vips-ops/src/steps/a.rs", "use crate::params::{Params, size::width::Width};", 1);
        finds("crates/vips-ops/src/steps/a.rs", "fn a(p: &image_api::Params) {}", 1);
        finds("crates/vips-ops/src/steps/a.rs", "use crate::params::tone::gamma::Gamma;", 0);
    }

    #[test]
    fn the_core_never_imports_http() {
        finds("crates/pixmill/src/service.rs", "use crate::{http::error::Reply, render};", 1);
        finds("crates/pixmill/src/http/image.rs", "use crate::http::error::Reply;", 0);
        finds("crates/pixmill/src/app.rs", "use crate::http;", 0);
        finds("crates/pixmill/src/service.rs", "use http::StatusCode;", 0);
    }

    #[test]
    fn telemetry_never_imports_the_service() {
        finds("crates/pixmill/src/telemetry/metrics.rs", "use crate::service::Service;", 1);
        finds("crates/pixmill/src/telemetry/metrics.rs", "use crate::config::Config;", 0);
    }

    #[test]
    fn the_server_calls_no_operation() {
        finds(
            "crates/pixmill/src/app.rs",
            "use vips_ops::vips::{self, Vips, Deadline};\nvips::version();",
            0,
        );
        finds("crates/pixmill/src/app.rs", "use vips_ops::vips::Operation;\nvips::ops::invert(x);", 2);
    }
}
