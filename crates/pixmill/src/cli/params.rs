//! `pixmill params`: lists the parameters of requests.

use clap::Args;
use image_api::params::{
    group::{Group, groups},
    spec::{Example, Spec},
};
use serde_json::{Value, json};

use super::{Error, out};
use crate::http::openapi;

/// Lists the parameters.
#[derive(Debug, Args)]
pub struct List {
    /// Prints JSON, with help texts and examples
    #[arg(long, conflicts_with = "openapi")]
    json: bool,
    /// Prints the OpenAPI 3.1 document of the server
    #[arg(long)]
    openapi: bool,
}

impl List {
    /// Prints the list.
    pub fn run(&self) -> Result<(), Error> {
        if self.openapi {
            return out::print(&format!("{:#}", openapi::document()));
        }
        if self.json {
            let list =
                groups().flat_map(|(group, specs)| specs.into_iter().map(move |spec| object(group, spec)));
            return out::print(&format!("{:#}", list.collect::<Value>()));
        }
        out::print(&table())
    }
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
    fn each_parameter_is_an_object() {
        let (group, specs) = groups().next().unwrap();
        let width = object(group, specs[0]);
        assert_eq!((&width["name"], &width["aliases"][0]), (&json!("width"), &json!("w")));
        assert_eq!(width["group"], "size");
        assert!(width["examples"][0]["query"].as_str().unwrap().contains("width="));
    }
}
