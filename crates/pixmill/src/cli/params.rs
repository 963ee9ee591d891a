//! `pixmill params`: the parameters of a request.

use clap::Args;
use serde_json::{Value, json};
use vips_ops::params::{
    SPECS,
    spec::{Example, Grammar, Spec},
};

use super::{Error, out};

/// Lists the parameters.
#[derive(Debug, Args)]
pub struct List {
    /// As JSON, with help texts and examples
    #[arg(long)]
    json: bool,
}

impl List {
    /// Tells the list.
    pub fn run(&self) -> Result<(), Error> {
        if self.json {
            let list: Value = SPECS.iter().map(object).collect();
            return out::tell(&format!("{list:#}"));
        }
        out::tell(&table(SPECS))
    }
}

/// Columns as wide as what is in them; the last one is free.
fn table(specs: &[Spec]) -> String {
    let head = ["NAME", "VALUES", "DEFAULT", "SUMMARY"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(specs.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [name, values, default] = [width(0), width(1), width(2)];
    let lines = rows.iter().map(|[a, b, c, d]| format!("{a:name$}  {b:values$}  {c:default$}  {d}\n"));
    lines.collect()
}

fn row(spec: &Spec) -> [String; 4] {
    let name = std::iter::once(&spec.name).chain(spec.aliases).copied().collect::<Vec<_>>().join(", ");
    [name, values(spec.grammar), spec.default.to_owned(), spec.summary.to_owned()]
}

fn object(spec: &Spec) -> Value {
    let example = |Example { source, query, shows }: &Example| json!({ "source": source, "query": query, "shows": shows });
    json!({
        "name": spec.name,
        "aliases": spec.aliases,
        "values": values(spec.grammar),
        "default": spec.default,
        "needs": spec.needs,
        "summary": spec.summary,
        "help": spec.help,
        "examples": spec.examples.iter().map(example).collect::<Vec<_>>(),
    })
}

fn values(grammar: Grammar) -> String {
    match grammar {
        Grammar::Whole(low, high) => format!("whole number {low} to {high}"),
        Grammar::Decimal(low, high) => format!("number {low} to {high}"),
        Grammar::Degrees => "degrees".to_owned(),
        Grammar::Boolean => "true or false".to_owned(),
        Grammar::Colour => "colour".to_owned(),
        Grammar::Keyword(words) => words.join(", "),
        Grammar::Text(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_a_parameter_with_aligned_columns() {
        let table = table(SPECS);
        assert_eq!(table.lines().count(), SPECS.len() + 1);
        let summary = table.lines().next().unwrap().find("SUMMARY").unwrap();
        let width = table.lines().find(|line| line.starts_with("width, w ")).unwrap();
        assert!(width.contains("whole number 1 to 65535"), "{width}");
        assert!(width.ends_with("Scales to this width in pixels."), "{width}");
        for (line, spec) in table.lines().skip(1).zip(SPECS) {
            let aligned: String = line.chars().skip(summary).collect();
            assert_eq!(aligned, spec.summary);
        }
    }

    #[test]
    fn each_parameter_is_an_object() {
        let width = object(&SPECS[0]);
        assert_eq!((&width["name"], &width["aliases"][0]), (&json!("width"), &json!("w")));
        assert!(width["examples"][0]["query"].as_str().unwrap().contains("width="));
    }
}
