//! Identifiers that are allowed in certain places only: `unsafe`, status codes, clocks, the environment, absolute
//! paths.

use super::code::has_word;
use super::problem::Problem;
use super::tree::{File, Tree};

/// The only file that maps errors to status codes.
const STATUS_CODES: &str = "crates/pixmill/src/http/error.rs";

/// Statuses that are not errors, allowed everywhere: constants of `StatusCode`, and constructors of `HttpResponse`.
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

/// Methods of traits of other crates, whose names cannot be changed.
const FOREIGN_METHODS: [&str; 1] = ["fn get_object(&self, request: S3Request<"];

/// Makes the operation layer depend on more than its arguments.
const IMPURE: [&str; 4] = ["std::env", "env::var", "SystemTime", "Instant"];

/// The only place of the product that reads environment variables.
const ENVIRONMENT: &str = "crates/pixmill/src/config";

/// Names in files that create cache keys, hashes or fingerprints.
const KEY_MAKERS: [&str; 6] =
    ["Key::from_parts(", "Keys::", "CacheKey", "blake3::", "Hasher", "fingerprint("];

pub fn check(tree: &Tree) -> Vec<Problem> {
    let rust = tree.rust().flat_map(|file| {
        let rules = [unsafe_words, getters, status_codes, impure_words, environment, debug_keys];
        rules.into_iter().flat_map(|rule| rule(file))
    });
    rust.chain(tree.files.iter().flat_map(|file| machine_paths(file, &tree.root))).collect()
}

/// A problem for each line that breaks a rule.
fn lines<'a>(
    file: &File,
    lines: impl Iterator<Item = (usize, &'a str)>,
    is_broken: impl Fn(&str) -> bool,
    rule: &str,
) -> Vec<Problem> {
    let broken = lines.filter(|(_, line)| is_broken(line));
    broken.map(|(number, _)| Problem::at_line(&file.path, number, rule)).collect()
}

/// The binding to C, and memory mapping.
const UNSAFE_CRATES: [&str; 3] = ["crates/vips", "crates/codecs", "crates/shared-memory"];

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
        "`unsafe` is allowed in crates/vips, crates/codecs and crates/shared-memory only",
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
    lines(
        file,
        file.product_lines(),
        is_broken,
        &format!("error statuses are allowed in {STATUS_CODES} only"),
    )
}

/// Whether the name is a constant of `StatusCode`, or a constructor of `HttpResponse`, that means an error.
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

fn environment(file: &File) -> Vec<Problem> {
    let is_product = file.path.starts_with("crates/") && file.path.contains("/src/");
    let is_development = ["crates/testkit", "crates/xtask"].iter().any(|folder| file.lies_in(folder));
    if !is_product || is_development || file.lies_in(ENVIRONMENT) {
        return Vec::new();
    }
    let is_broken = |line: &str| {
        ["var(", "var_os(", "vars(", "vars_os("].iter().any(|call| line.contains(&format!("env::{call}")))
    };
    lines(file, file.product_lines(), is_broken, &format!("the environment is read in {ENVIRONMENT} only"))
}

/// `format!("{:?}")` in files that create keys: renaming a private field would invalidate every cache.
fn debug_keys(file: &File) -> Vec<Problem> {
    let makes_keys = KEY_MAKERS.iter().any(|maker| file.product.contains(maker));
    if !file.path.contains("/src/") || file.lies_in("crates/xtask") || !makes_keys {
        return Vec::new();
    }
    let lines_with_text = file.product_lines().zip(file.text.lines());
    let product =
        lines_with_text.filter(|((_, line), _)| !line.trim().is_empty()).map(|((n, _), text)| (n, text));
    lines(
        file,
        product,
        |line| line.contains(":?}") && line.contains("format!("),
        "a key or fingerprint is never made of `{:?}`; list its parts",
    )
}

/// Home folders, and the folder of this checkout.
fn machine_paths(file: &File, root: &str) -> Vec<Problem> {
    // split in two, so that this file passes
    let mut places = vec![concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("C:\\Us", "ers\\")];
    // a checkout directly below the root, as in a container, has too common a path
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

/// Whether a path begins with `place`, rather than containing a folder of that name.
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
    fn the_environment_is_read_in_one_place() {
        for call in ["std::env::var(X)", "env::var_os(X)", "env::vars()"] {
            finds("crates/origin/src/lib.rs", call, 1);
        }
        finds("crates/pixmill/src/config/environment.rs", "std::env::vars_os()", 0);
        finds("crates/vips/build.rs", "env::var(X)", 0);
        finds("crates/origin/src/lib.rs", "env!(X); std::env::current_dir()", 0);
    }

    #[test]
    fn keys_are_never_made_of_debug_output() {
        let key = "fn key() { Key::from_parts(&[format!(\"{limits:?}\").as_bytes()]) }";
        finds("crates/pixmill/src/cache_key.rs", key, 1);
        finds("crates/pixmill/src/cache_key.rs", &format!("#[cfg(test)]\nmod tests {{ {key} }}"), 0);
        finds("crates/pixmill/src/other.rs", "fn text() { format!(\"{limits:?}\") }", 0);
    }

    #[test]
    fn paths_of_one_machine_are_found_in_every_file() {
        let home = concat!("/ho", "me/");
        finds("docs/tutorial.md", &format!("open {home}ann/pixmill"), 1);
        finds("docs/tutorial.md", "cd /somewhere/pixmill/crates", 1);
        finds("docs/tutorial.md", &format!("see docs{home}index.html and https://example.com{home}"), 0);
    }
}
