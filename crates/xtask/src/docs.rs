//! Generates the reference documentation, or checks that the committed copy is current.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use image_api::params::group::groups;
use image_api::params::spec::{Grammar, Spec};
use pixmill::{cli::reference as cli, http::openapi};

use crate::{
    book::{self, Pages},
    contact_sheet,
    workspace::workspace,
};

/// The folder of the golden files, which are the rendered examples.
const GOLDEN: &str = "crates/vips-ops/tests/golden";

/// `docs` writes, `docs --check` compares.
pub fn run(arguments: &[String]) -> Result<()> {
    let check = arguments.iter().any(|argument| argument == "--check");
    let root = workspace();
    let mut pages = vec![
        ("docs/parameters.md", parameters(&root)?),
        ("docs/configuration.md", configuration()),
        ("docs/command-line.md", command_line()),
        ("docs/metrics.md", metrics()),
        ("docs/openapi.json", format!("{:#}\n", openapi::document())),
        ("docs/fonts.md", crate::fonts::page(&root)?),
    ];
    pages.extend(crate::clients::files(&root)?);
    let mut stale = Vec::new();
    for (path, text) in pages {
        update(&root, path, &text, check, &mut stale)?;
    }
    // it quotes the pages above
    update(&root, "docs/llms.txt", &book::index(&Pages::read(&root)?)?, check, &mut stale)?;
    if !stale.is_empty() {
        bail!("stale: {}; `make docs` generates them", stale.join(", "));
    }
    Ok(())
}

/// Writes a file unless it is current; with `check`, notes its name instead.
fn update<'a>(root: &Path, path: &'a str, text: &str, check: bool, stale: &mut Vec<&'a str>) -> Result<()> {
    let file = root.join(path);
    if fs::read_to_string(&file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    if check {
        stale.push(path);
        return Ok(());
    }
    Ok(fs::write(&file, text)?)
}

/// The reference of all configuration keys.
fn configuration() -> String {
    let head = "# Configuration\n\nEvery setting of the server. Generated from the code by `make docs`. Defaults are overridden by the TOML file of `--config` (or \
                `PIXMILL_CONFIG`), that by the environment (`PIXMILL__SECTION__KEY`; a list is \
                TOML, or its elements separated by commas), and that by the command line. \
                Unknown keys are errors; `pixmill check-config` reports all problems at once.\n\n";
    head.to_owned() + &pixmill::config::reference::reference()
}

/// The reference of all commands.
fn command_line() -> String {
    let codes = cli::exit_codes().map(|(code, meaning)| format!("| {code} | {meaning} |\n"));
    format!(
        "# Command line\n\nEvery command of `pixmill`, as its `--help` shows it. Generated from the code by `make docs`. `pixmill man FOLDER` writes \
         the same as manual pages, `pixmill completions SHELL` prints completions for bash, zsh, fish, elvish and PowerShell; the packages contain both. Results are printed on standard output; warnings, errors, \
         summaries and progress on standard error. Colours are used on terminals only, and never if `NO_COLOR` is set. Lines are as long as \
         `COLUMNS` or the terminal says.\n\n| exit code | meaning |\n|---|---|\n{}\n{}",
        codes.collect::<String>(),
        cli::reference()
    )
}

/// The reference of all metrics.
fn metrics() -> String {
    let head = "# Metrics\n\nEvery metric of the server. Generated from the code by `make docs`. `/metrics` on the admin listener has them in Prometheus' text \
                format; `/stats` has the most important ones as JSON. No label has values that clients choose. Histograms of \
                durations have buckets from 50 µs to 100 s. Every series exists from the start.\n\n";
    head.to_owned() + &pixmill::telemetry::metrics::reference()
}

/// The reference of all parameters, each example with its image.
fn parameters(root: &Path) -> Result<String> {
    let mut page = String::from(
        "# Parameters\n\nEvery parameter of a request, with an image of each example. Generated from the code by `make docs`. Every parameter can also be sent in base64 under its name \
         with `64` appended; that form takes precedence. Unknown parameters are ignored; those that \
         resemble a known one are named in the header `X-Pixmill-Warning`. A value out of range is clamped to the \
         range and named there too; `0` for `width`, `height` and `dpr` counts as absent. \
         [`params.strict`](configuration.md#params) refuses both with 400. Malformed values are always refused with 400. Images \
         below link to their originals. In machine-readable form: [openapi.json](openapi.json).\n",
    );
    for (group, specs) in groups() {
        writeln!(page, "\n**{}**\n\n| parameter | values | default | |\n|---|---|---|---|", group.title)?;
        for spec in specs {
            let Spec { name, default, summary, .. } = spec;
            writeln!(page, "| [`{name}`](#{name}) | {} | {default} | {summary} |", values(spec))?;
        }
    }
    for (group, specs) in groups() {
        writeln!(page, "\n## {}", group.title)?;
        if group.name == "tone" {
            write!(page, "\n{}", contact_sheet::section()?)?;
        }
        for spec in specs {
            section(&mut page, spec, root)?;
        }
    }
    Ok(page)
}

fn section(page: &mut String, spec: &Spec, root: &Path) -> Result<()> {
    writeln!(page, "\n### {}\n\n{} {}\n", spec.name, spec.summary, spec.help)?;
    writeln!(page, "- Values: {}", values(spec))?;
    writeln!(page, "- Default: {}", spec.default)?;
    if !spec.aliases.is_empty() {
        writeln!(page, "- Also: {}", listed(spec.aliases))?;
    }
    if !spec.needs.is_empty() {
        writeln!(page, "- Needs one of: {}", listed(spec.needs))?;
    }
    if spec.examples.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n| request | answer | |\n|---|---|---|")?;
    let mut texts = String::new();
    for (index, example) in spec.examples.iter().enumerate() {
        let file = golden(root, &format!("{}-{}", spec.name, index + 1))?;
        let request = format!("`/{}?{}`", example.source, example.query);
        let answer = match Path::new(&file).extension().and_then(|ending| ending.to_str()) {
            Some("json") => {
                let json = fs::read_to_string(root.join(GOLDEN).join(&file))?;
                write!(texts, "\n{request}:\n\n```json\n{json}```\n")?;
                "JSON, below".to_owned()
            }
            // a page cannot show a video as an image
            Some("mp4") => format!("[{file}](../{GOLDEN}/{file})"),
            _ => format!("[![](../{GOLDEN}/{file})](../samples/{})", example.source),
        };
        writeln!(page, "| {request} | {answer} | {} |", example.shows)?;
    }
    page.push_str(&texts);
    Ok(())
}

fn values(spec: &Spec) -> String {
    match spec.grammar {
        Grammar::Keyword(words) => listed(words),
        other => other.to_string(),
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// The golden file of an example, whatever its format.
fn golden(root: &Path, stem: &str) -> Result<String> {
    let found = fs::read_dir(root.join(GOLDEN))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| Path::new(name).file_stem().is_some_and(|found| found == stem));
    match found {
        Some(name) => Ok(name),
        None => bail!("no golden file {stem}; `make golden` renders it"),
    }
}
