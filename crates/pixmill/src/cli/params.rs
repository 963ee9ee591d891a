//! `pixmill params`: lists the parameters of requests, or explains one.

use clap::Args;
use image_api::{
    params::{
        group::{Group, groups},
        refusal,
        spec::{Example, Spec},
    },
    table,
};
use serde_json::{Value, json};

use super::{Error, out};
use crate::{config::Environment, http::openapi, wrapping::indented};

/// Width of a terminal that states none, in characters.
const WIDTH: usize = 80;

/// Widths that lines can be broken to.
const WIDTHS: std::ops::RangeInclusive<usize> = 30..=120;

/// Lists the parameters, or explains one.
#[derive(Debug, Args)]
pub struct List {
    /// Parameter to explain, by its name or an alias: `width` [default: lists all]
    name: Option<String>,
    /// Prints JSON, with help texts and examples
    #[arg(long, conflicts_with = "openapi")]
    json: bool,
    /// Prints the OpenAPI 3.1 document of the server
    #[arg(long, conflicts_with = "name")]
    openapi: bool,
}

impl List {
    /// Prints the list, or one parameter.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        if self.openapi {
            return print_openapi();
        }
        if let Some(name) = &self.name {
            let (group, spec) = named(name)?;
            if self.json {
                return out::print(&format!("{:#}", object(group, spec)));
            }
            return out::print(&page(group, spec, width(environment)));
        }
        if self.json {
            let list =
                groups().flat_map(|(group, specs)| specs.into_iter().map(move |spec| object(group, spec)));
            return out::print(&format!("{:#}", list.collect::<Value>()));
        }
        out::print(&table())
    }
}

/// Prints the OpenAPI document.
pub fn print_openapi() -> Result<(), Error> {
    out::print(&format!("{:#}", openapi::document()))
}

/// The parameter with this name or alias.
fn named(name: &str) -> Result<(Group, &'static Spec), Error> {
    let unknown = || {
        let close = refusal::similar(name);
        let hint = match close.as_slice() {
            [] => "`pixmill params` lists all".to_owned(),
            close => format!("did you mean {}?", close.join(" or ")),
        };
        Error::Usage(format!("unknown parameter {name:?}: {hint}"))
    };
    let row = table::find(name).ok_or_else(unknown)?;
    let mut all = groups().flat_map(|(group, specs)| specs.into_iter().map(move |spec| (group, spec)));
    Ok(all.find(|(_, spec)| row.is(spec)).expect("invariant: every parameter is in a group"))
}

/// The width of the terminal in characters.
fn width(environment: &Environment) -> usize {
    let terminal = || terminal_size::terminal_size().map(|(width, _)| width.0.into());
    let width = environment.columns().or_else(terminal).unwrap_or(WIDTH);
    width.clamp(*WIDTHS.start(), *WIDTHS.end())
}

/// Everything about one parameter, in lines of this width.
fn page(group: Group, spec: &Spec, width: usize) -> String {
    let also =
        if spec.aliases.is_empty() { String::new() } else { format!(" (also {})", spec.aliases.join(", ")) };
    let mut page = format!("{}{also}\n\n", spec.name);
    page += &indented(&format!("{} {}", spec.summary, spec.help), "  ", width);
    page.push('\n');
    let facts = [
        ("Values", spec.grammar.to_string()),
        ("Default", spec.default.to_owned()),
        ("Needs one of", spec.needs.join(", ")),
        ("Group", group.title.to_owned()),
    ];
    for (name, text) in facts.iter().filter(|(_, text)| !text.is_empty()) {
        page += &indented(&format!("{name}: {text}"), "  ", width);
    }
    if !spec.examples.is_empty() {
        page += "\nExamples:\n";
    }
    for Example { source, query, shows } in spec.examples {
        page.extend(["  /", source, "?", query, "\n"]);
        page += &indented(shows, "      ", width);
    }
    page
}

/// A table with one heading per group. Columns are as wide as their contents; the last one has no padding.
fn table() -> String {
    let head = ["NAME", "VALUES", "DEFAULT", "SUMMARY"].map(str::to_owned);
    let groups: Vec<_> =
        groups().map(|(group, specs)| (group, specs.into_iter().map(row).collect())).collect();
    let rows = || groups.iter().flat_map(|(_, rows): &(Group, Vec<_>)| rows).chain([&head]);
    let width = |column: usize| rows().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, values, default] = [width(0), width(1), width(2)];
    let line = |[a, b, c, d]: &[String; 4]| format!("{a:name$}  {b:values$}  {c:default$}  {d}\n");
    let section = |(group, rows): &(Group, Vec<_>)| {
        format!("\n{}:\n{}", group.title, rows.iter().map(line).collect::<String>())
    };
    line(&head) + &groups.iter().map(section).collect::<String>()
}

fn row(spec: &Spec) -> [String; 4] {
    let name = spec.names().collect::<Vec<_>>().join(", ");
    [name, spec.grammar.to_string(), spec.default.to_owned(), spec.summary.to_owned()]
}

fn object(group: Group, spec: &Spec) -> Value {
    let example = |Example { source, query, shows }: &Example| json!({ "source": source, "query": query, "shows": shows });
    json!({
        "name": spec.name,
        "group": group.name,
        "aliases": spec.aliases,
        "values": spec.grammar.to_string(),
        "default": spec.default,
        "needs": spec.needs,
        "summary": spec.summary,
        "help": spec.help,
        "examples": spec.examples.iter().map(example).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_one_line_per_parameter_with_aligned_columns() {
        let table = table();
        let summary = table.lines().next().unwrap().find("SUMMARY").unwrap();
        let width = table.lines().find(|line| line.starts_with("width, w ")).unwrap();
        assert!(width.contains("a whole number from 1 to 65535"), "{width}");
        assert!(width.ends_with("Scales to this width in pixels."), "{width}");
        for (group, specs) in groups() {
            let mut lines = table.lines().skip_while(|line| *line != format!("{}:", group.title)).skip(1);
            for spec in specs {
                let line = lines.next().unwrap();
                assert!(line.starts_with(spec.name), "{line}");
                assert_eq!(line.chars().skip(summary).collect::<String>(), spec.summary);
            }
            assert!(lines.next().is_none_or(str::is_empty));
        }
    }

    #[test]
    fn pages_have_everything_in_lines_of_the_width() {
        for (group, spec) in
            groups().flat_map(|(group, specs)| specs.into_iter().map(move |spec| (group, spec)))
        {
            let page = page(group, spec, 40);
            let whole: Vec<_> = page.split_whitespace().collect();
            let whole = whole.join(" ");
            for text in [spec.summary, spec.help, spec.default, group.title] {
                let words: Vec<_> = text.split_whitespace().collect();
                assert!(whole.contains(&words.join(" ")), "{text} {page}");
            }
            let long = |line: &&str| line.chars().count() > 40 && line.trim().contains(' ');
            assert_eq!(page.lines().find(long), None);
            let shown = spec
                .examples
                .iter()
                .filter(|one| page.contains(&format!("\n  /{}?{}\n", one.source, one.query)));
            assert_eq!(shown.count(), spec.examples.len(), "{page}");
        }
    }

    #[test]
    fn mistyped_names_are_suggested() {
        let told = |name| named(name).unwrap_err().to_string();
        assert_eq!(told("widht"), "unknown parameter \"widht\": did you mean width?");
        assert!(told("zzz").ends_with("`pixmill params` lists all"));
        assert_eq!(named("w").unwrap().1.name, "width");
    }

    #[test]
    fn each_parameter_is_an_object() {
        let (group, specs) = groups().next().unwrap();
        let width = object(group, specs[0]);
        assert_eq!((&width["name"], &width["aliases"][0]), (&json!("width"), &json!("w")));
        assert_eq!(width["group"], "size");
        assert!(width["examples"][0]["query"].as_str().unwrap().contains("width="));
    }
}
