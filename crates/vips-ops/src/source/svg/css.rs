//! Resolves the properties of elements from attributes, `style` and style sheets.
//!
//! Of a selector only the last compound is checked: name, identifier and classes of the element itself. Conditions on
//! ancestors, attributes and states are assumed to hold: more rules match here than in librsvg, never fewer.

use std::collections::HashMap;

use roxmltree::{Document, Node};

use super::tally::Stop;

/// The properties that influence the cost of rendering.
const PROPERTIES: [&str; 27] = [
    "clip-path",
    "cx",
    "cy",
    "display",
    "fill",
    "filter",
    "font",
    "font-size",
    "height",
    "isolation",
    "marker",
    "marker-end",
    "marker-mid",
    "marker-start",
    "mask",
    "mix-blend-mode",
    "opacity",
    "r",
    "rx",
    "ry",
    "stroke",
    "stroke-dasharray",
    "stroke-width",
    "transform",
    "width",
    "x",
    "y",
];

type Declaration = (String, String);

/// The style sheets of a document.
#[derive(Debug, Default)]
pub struct Sheets {
    declarations: Vec<Vec<Declaration>>,
    /// Rules by the class, identifier or name that the element must have.
    keyed: HashMap<String, Vec<(Compound, usize)>>,
    /// Rules that may match any element.
    free: Vec<usize>,
    /// Total bytes of all selectors.
    pub selector_bytes: usize,
    /// Whether any rule sets `display`.
    sets_display: bool,
}

/// The conditions of a selector on the element itself.
#[derive(Debug, Clone, Default, PartialEq)]
struct Compound {
    /// Names with their prefixes: `rect`, `#id`, `.class`.
    parts: Vec<String>,
}

impl Sheets {
    /// Parses every style sheet of a document.
    pub fn read(document: &Document<'_>) -> Result<Self, Stop> {
        let mut sheets = Self::default();
        for node in document.descendants() {
            if node.tag_name().name() == "style" {
                let text: String =
                    node.descendants().filter(Node::is_text).filter_map(|inner| inner.text()).collect();
                sheets.add(&without_comments(&text))?;
            }
            if node.pi().is_some_and(|pi| pi.value.is_some_and(|value| value.contains("data:"))) {
                return Err(Stop::Unsupported);
            }
        }
        Ok(sheets)
    }

    fn add(&mut self, text: &str) -> Result<(), Stop> {
        if text.contains("@import") && text.contains("data:") {
            return Err(Stop::Unsupported);
        }
        let mut rest = text;
        while let Some((selectors, tail)) = rest.split_once('{') {
            // rules inside @media are assumed to apply
            let selectors = selectors.rsplit([';', '}']).next().unwrap_or_default().trim();
            if selectors.starts_with("@media") || selectors.starts_with("@supports") {
                rest = tail;
                continue;
            }
            let (body, tail) = tail.split_once('}').unwrap_or((tail, ""));
            if !selectors.starts_with('@') {
                self.rule(selectors, body);
            }
            rest = tail;
        }
        Ok(())
    }

    fn rule(&mut self, selectors: &str, body: &str) {
        self.selector_bytes += selectors.len();
        let declared = declarations(body);
        if declared.is_empty() {
            return;
        }
        self.sets_display |= declared.iter().any(|(name, _)| name == "display");
        let index = self.declarations.len();
        self.declarations.push(declared);
        for selector in split_outside(selectors, &[',']) {
            let compound = split_outside(selector.trim(), &[' ', '\t', '\r', '\n', '>', '+', '~']).pop();
            let compound = Compound::read(compound.unwrap_or_default());
            match compound.parts.last() {
                Some(key) => self.keyed.entry(key.clone()).or_default().push((compound, index)),
                None => self.free.push(index),
            }
        }
    }

    /// The properties of an element.
    pub fn style<'a>(&'a self, node: Node<'a, 'a>) -> Style<'a> {
        let mut matching: Vec<usize> = self.free.clone();
        if !self.keyed.is_empty() {
            let own = names(node);
            for key in &own {
                let rules = self.keyed.get(key).into_iter().flatten();
                let matched =
                    rules.filter(|(compound, _)| compound.parts.iter().all(|part| own.contains(part)));
                matching.extend(matched.map(|(_, index)| *index));
            }
        }
        matching.sort_unstable_by(|one, other| other.cmp(one));
        let inline = node.attribute("style").map(declarations).unwrap_or_default();
        let sheets = matching.iter().flat_map(|index| &self.declarations[*index]).collect();
        Style { node, inline, sheets, is_certain: !self.sets_display }
    }
}

/// The names by which an element may be selected.
fn names(node: Node<'_, '_>) -> Vec<String> {
    let classes = node.attribute("class").unwrap_or_default().split_ascii_whitespace();
    let id = node.attribute("id").map(|id| format!("#{}", id.to_ascii_lowercase()));
    let name = node.tag_name().name().to_ascii_lowercase();
    classes.map(|class| format!(".{}", class.to_ascii_lowercase())).chain(id).chain([name]).collect()
}

impl Compound {
    /// Parses a compound selector; one with escapes may match anything.
    fn read(text: &str) -> Self {
        if text.contains('\\') {
            return Self::default();
        }
        let plain: String = outside(text).map(|(_, c)| c).collect();
        let mut parts: Vec<String> = Vec::new();
        let mut part = String::new();
        for c in plain.chars().chain(['.']) {
            if matches!(c, '.' | '#' | ':' | '[') {
                let whole = std::mem::replace(&mut part, c.to_string());
                parts.push(whole.to_ascii_lowercase());
            } else {
                part.push(c);
            }
        }
        // the namespace prefix is dropped
        let named = |part: String| part.rsplit('|').next().unwrap_or_default().to_owned();
        let matters = |part: &String| !part.is_empty() && part != "*" && !part.starts_with([':', '[']);
        Self { parts: parts.into_iter().map(named).filter(matters).collect() }
    }
}

/// The characters outside of brackets and parentheses, with their offsets; opening ones included.
fn outside(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0usize;
    text.char_indices().filter(move |(_, c)| {
        let shown = depth == 0;
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        shown
    })
}

fn split_outside<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, c) in outside(text).filter(|(_, c)| separators.contains(c)) {
        parts.push(&text[start..at]);
        start = at + c.len_utf8();
    }
    parts.push(&text[start..]);
    parts
}

fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = tail.split_once("*/").map_or("", |(_, after)| after);
    }
    plain + rest
}

/// Parses the declarations of relevant properties.
fn declarations(body: &str) -> Vec<Declaration> {
    let read = |declaration: &str| {
        let (name, value) = declaration.split_once(':')?;
        let name = name.trim().to_ascii_lowercase();
        let value = value.trim().trim_end_matches("!important").trim_end();
        PROPERTIES.contains(&name.as_str()).then(|| (name, value.to_owned()))
    };
    split_outside(body, &[';']).into_iter().filter_map(read).collect()
}

/// The properties of one element.
pub struct Style<'a> {
    node: Node<'a, 'a>,
    inline: Vec<Declaration>,
    /// Declarations of the rules that may match, the last one first.
    sheets: Vec<&'a Declaration>,
    is_certain: bool,
}

impl Style<'_> {
    /// Every value that a property may have, the most likely one first.
    pub fn values<'s>(&'s self, property: &'s str) -> impl Iterator<Item = &'s str> {
        let is_it = move |declaration: &&Declaration| declaration.0 == property;
        let inline = self.inline.iter().rev().filter(is_it);
        let sheets = self.sheets.iter().copied().filter(is_it);
        let declared = inline.chain(sheets).map(|(_, value)| value.as_str());
        declared.chain(self.node.attribute(property))
    }

    /// The largest number that `read` returns for the possible values of a property.
    pub fn largest(&self, property: &str, read: impl Fn(&str) -> Option<f64>) -> Option<f64> {
        self.values(property).filter_map(read).reduce(f64::max)
    }

    /// The number of style sheet declarations that may apply.
    pub fn declared(&self) -> usize {
        self.sheets.len()
    }

    /// Whether the element is certainly not rendered.
    pub fn is_hidden(&self) -> bool {
        self.is_certain && self.values("display").next() == Some("none")
    }

    /// The identifiers in `url(#…)` of all possible values of a property.
    pub fn references(&self, property: &str) -> Vec<String> {
        self.values(property).flat_map(references).collect()
    }
}

/// The identifiers in `url(#…)` of a value.
pub fn references(value: &str) -> Vec<String> {
    let after = value.split("url(").skip(1);
    let inside = after.filter_map(|rest| rest.split(')').next());
    let trimmed = inside.map(|url| url.trim().trim_matches(['"', '\'']).trim());
    trimmed.filter_map(|url| url.strip_prefix('#')).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(sheet: &str, element: &str) -> Option<String> {
        let text = format!("<svg><style>{sheet}</style>{element}</svg>");
        let document = Document::parse(&text).unwrap();
        let sheets = Sheets::read(&document).unwrap();
        let node = document.root_element().last_element_child().unwrap();
        sheets.style(node).values("fill").next().map(ToOwned::to_owned)
    }

    #[test]
    fn every_rule_that_may_match_does() {
        for (sheet, element, expected) in [
            (".a{fill:red}", "<rect class='b a'/>", Some("red")),
            (".a{fill:red}", "<rect class='b'/>", None),
            ("rect.a#i{fill:red}", "<rect class='a' id='i'/>", Some("red")),
            ("rect.a#i{fill:red}", "<rect class='a'/>", None),
            ("g > .x ~ rect:not(.y){fill:red}", "<rect class='y'/>", Some("red")),
            ("*{fill:red}", "<rect/>", Some("red")),
            ("[a~='b c']{fill:red}", "<rect/>", Some("red")),
            ("a,rect{fill:red}/*.b{}*/", "<rect/>", Some("red")),
            ("@media print{rect{fill:red}}", "<rect/>", Some("red")),
            ("@font-face{fill:blue}rect{fill:red !important}", "<rect fill='blue'/>", Some("red")),
            ("rect{fill:red}", "<rect style='fill:blue'/>", Some("blue")),
            (".\\61{fill:red}", "<rect/>", Some("red")),
            ("", "<rect fill='blue'/>", Some("blue")),
        ] {
            assert_eq!(fill(sheet, element).as_deref(), expected, "{sheet} {element}");
        }
    }

    #[test]
    fn references_are_found() {
        assert_eq!(references("url(#a) url( '#b' ) url(c) none"), ["a", "b"]);
    }
}
