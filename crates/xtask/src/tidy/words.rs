//! Words that stand in certain places only: `unsafe`, status codes, clocks and the environment, paths of one machine.

use super::Problem;
use super::code::has_word;
use super::tree::{File, Tree};

/// The one file that turns errors into status codes.
const STATUS_CODES: &str = "crates/pixmill/src/http/error.rs";

/// Answers that are no errors, allowed everywhere: constants of `StatusCode`, and constructors of `HttpResponse`.
const FINE_ANSWERS: [&str; 12] = [
    "OK",
    "ACCEPTED",
    "NO_CONTENT",
    "NOT_MODIFIED",
    "PARTIAL_CONTENT",
    "Ok",
    "Accepted",
    "NoContent",
    "NotModified",
    "PartialContent",
    "build",
    "new",
];

/// Methods of traits of other crates, which have the names that they have.
const FOREIGN_METHODS: [&str; 1] = ["fn get_object(&self, request: S3Request<"];

/// What would make the operation layer depend on more than its arguments.
const IMPURE: [&str; 4] = ["std::env", "env::var", "SystemTime", "Instant"];

pub fn check(tree: &Tree) -> Vec<Problem> {
    let rust = tree.rust().flat_map(|file| {
        let rules = [unsafe_words, getters, status_codes, impure_words];
        rules.into_iter().flat_map(|rule| rule(file))
    });
    rust.chain(tree.files.iter().flat_map(|file| machine_paths(file, &tree.root))).collect()
}

/// Problems of the lines that break a rule.
fn lines<'a>(
    file: &File,
    lines: impl Iterator<Item = (usize, &'a str)>,
    is_broken: impl Fn(&str) -> bool,
    rule: &str,
) -> Vec<Problem> {
    let broken = lines.filter(|(_, line)| is_broken(line));
    broken.map(|(number, _)| Problem::at_line(&file.path, number, rule)).collect()
}

/// The binding to C, and the mapping of memory.
const UNSAFE_CRATES: [&str; 2] = ["crates/vips", "crates/shared-memory"];

fn unsafe_words(file: &File) -> Vec<Problem> {
    if UNSAFE_CRATES.iter().any(|folder| file.lies_in(folder)) {
        return Vec::new();
    }
    let is_broken = |line: &str| {
        has_word(line, "unsafe")
            || ["allow(unsafe_code", "expect(unsafe_code"].iter().any(|word| line.contains(word))
    };
    lines(
        file,
        file.code_lines(),
        is_broken,
        "`unsafe` belongs into crates/vips and crates/shared-memory only",
    )
}

fn getters(file: &File) -> Vec<Problem> {
    let foreign = |line: &str| FOREIGN_METHODS.iter().any(|method| line.contains(method));
    let is_broken = |line: &str| line.contains("fn get_") && !foreign(line);
    lines(file, file.code_lines(), is_broken, "a function named `get_…`; expected the name of what it gives")
}

fn status_codes(file: &File) -> Vec<Problem> {
    if !file.lies_in("crates/pixmill/src") || file.path == STATUS_CODES {
        return Vec::new();
    }
    let is_broken = |line: &str| {
        ["StatusCode::", "HttpResponse::"].iter().any(|owner| {
            let mut names = line.split(owner).skip(1).map(first_name);
            names.any(|name| is_answer(owner, name) && !FINE_ANSWERS.contains(&name))
        })
    };
    lines(file, file.product_lines(), is_broken, &format!("statuses of errors stand in {STATUS_CODES} only"))
}

/// Is the name a constant of `StatusCode`, or a constructor of `HttpResponse` that means one?
fn is_answer(owner: &str, name: &str) -> bool {
    let second = name.chars().nth(1);
    let constant = second.is_some_and(|c| c.is_ascii_uppercase());
    name.starts_with(|c: char| c.is_ascii_uppercase()) && (constant || owner.starts_with("HttpResponse"))
}

fn first_name(rest: &str) -> &str {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    &rest[..end]
}

fn impure_words(file: &File) -> Vec<Problem> {
    if !file.lies_in("crates/vips-ops/src") && !file.lies_in("crates/image-api/src") {
        return Vec::new();
    }
    let is_broken = |line: &str| IMPURE.iter().any(|word| has_word(line, word));
    lines(file, file.code_lines(), is_broken, "vips-ops knows neither clock nor environment; pass it in")
}

/// Home folders, and the folder of this very checkout.
fn machine_paths(file: &File, root: &str) -> Vec<Problem> {
    // in two pieces, so that this file passes
    let mut places = vec![concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("C:\\Us", "ers\\")];
    // a checkout directly below the root, as in a container, has too ordinary a path
    if root.matches('/').count() > 1 {
        places.push(root);
    }
    let is_broken = |line: &str| places.iter().any(|place| is_path(line, place));
    lines(
        file,
        (1..).zip(file.text.lines()),
        is_broken,
        "a path of one machine; expected one relative to the workspace",
    )
}

/// Does a path begin with `place`, and not merely go through a folder of that name?
fn is_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "./_-~}$".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn finds(path: &str, text: &str, expected: usize) {
        let found = check(&Tree::of(&[(path, text)]));
        assert_eq!(found.len(), expected, "{path}: {text}: {found:?}");
    }

    #[test]
    fn unsafe_code_lives_in_vips_alone() {
        finds("crates/vips/src/image.rs", "unsafe { free(x) }", 0);
        finds("crates/vips-ops/src/lib.rs", "unsafe { free(x) }", 1);
        finds("crates/origin/src/lib.rs", "#![expect(unsafe_code, reason = \"fast\")]", 1);
        finds("crates/origin/src/lib.rs", "// unsafe addresses\nlet x = \"unsafe\"; is_unsafe();", 0);
    }

    #[test]
    fn getters_are_named_for_what_they_give() {
        finds("crates/origin/src/lib.rs", "pub fn get_size() {}", 1);
        finds(
            "crates/origin/src/lib.rs",
            "async fn get_object(&self, request: S3Request<GetObjectInput>) {}",
            0,
        );
        finds("crates/origin/src/lib.rs", "pub fn get_object(&self) {}", 1);
        finds("crates/origin/src/lib.rs", "pub fn get(&self) {}\nmap.get_mut(x);", 0);
    }

    #[test]
    fn error_statuses_stand_in_one_file() {
        let broken = "let a = StatusCode::NOT_FOUND;\nHttpResponse::BadGateway()";
        finds("crates/pixmill/src/service.rs", broken, 2);
        finds(STATUS_CODES, broken, 0);
        finds("crates/origin/src/http.rs", broken, 0);
        let fine =
            "StatusCode::OK; HttpResponse::build(status); fn a(s: StatusCode) {} StatusCode::from_u16(x)";
        finds("crates/pixmill/src/service.rs", fine, 0);
        finds("crates/pixmill/src/service.rs", "#[cfg(test)]\nmod tests { StatusCode::NOT_FOUND }", 0);
    }

    #[test]
    fn the_operation_layer_is_pure() {
        finds("crates/vips-ops/src/lib.rs", "use std::env;\nlet t = Instant::now();\nSystemTime::now()", 3);
        finds("crates/vips-ops/src/lib.rs", "// Instant\nenv!(\"CARGO_PKG_VERSION\"); Instantly", 0);
        finds("crates/vips-ops/benches/render.rs", "Instant::now()", 0);
    }

    #[test]
    fn paths_of_one_machine_are_found_in_every_file() {
        let home = concat!("/ho", "me/");
        finds("docs/tutorial.md", &format!("open {home}ann/pixmill"), 1);
        finds("docs/tutorial.md", "cd /somewhere/pixmill/crates", 1);
        finds("docs/tutorial.md", &format!("see docs{home}index.html and https://example.com{home}"), 0);
    }
}
