//! Paths in Rust code: those of `use` declarations, expanded, and those in expressions and types.

/// A path, such as `crate::plan::geometry::solve`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its parts; the last one of a glob is `*`.
    pub segments: Vec<String>,
    /// The name under which a `use` declaration imports it; `None` for a path in an expression or type.
    pub known_as: Option<String>,
    /// The line of its last part, counted from 1.
    pub line: usize,
}

impl Path {
    /// Whether the path begins with these parts, such as `crate::http`.
    pub fn begins_with(&self, start: &str) -> bool {
        let mut segments = self.segments.iter();
        start.split("::").all(|part| segments.next().is_some_and(|segment| segment == part))
    }

    /// Whether the path ends with this part.
    pub fn ends_with(&self, part: &str) -> bool {
        self.segments.last().is_some_and(|last| last == part)
    }

    /// The path without its first part, such as `vips::Image` of `vips_ops::vips::Image`; `None` if nothing is left.
    pub fn after_first(&self) -> Option<Self> {
        let (_, rest) = self.segments.split_first().filter(|(_, rest)| !rest.is_empty())?;
        Some(Self { segments: rest.to_vec(), ..self.clone() })
    }

    /// The path as written.
    pub fn text(&self) -> String {
        self.segments.join("::")
    }
}

/// Every path in the code, which has no comments and no contents of literals.
pub fn paths(code: &str) -> Vec<Path> {
    let mut reader = Reader { tokens: tokens(code), at: 0, found: Vec::new() };
    while let Some(token) = reader.peek() {
        let (is_name, word) = (token.is_name(), token.text);
        // `.name`, or `::name` after a type in angle brackets: not the start of a path
        let goes_on = reader.at > 0 && matches!(reader.tokens[reader.at - 1].text, "." | "::" | "'");
        if word == "use" {
            reader.at += 1;
            reader.tree(&[]);
        } else if is_name && !goes_on {
            reader.path();
        } else {
            reader.at += 1;
        }
    }
    reader.found
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    text: &'a str,
    line: usize,
}

impl Token<'_> {
    fn is_name(self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(code.lines()) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let end = if is_name(first) {
                rest.find(|c| !is_name(c)).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            found.push(Token { text: &rest[..end], line });
            rest = rest[end..].trim_start();
        }
    }
    found
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    found: Vec<Path>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).copied()
    }

    fn skip(&mut self, text: &str) -> bool {
        let is_next = self.peek().is_some_and(|token| token.text == text);
        self.at += usize::from(is_next);
        is_next
    }

    /// One branch of a `use` tree: names up to a group, a glob, an alias or an end.
    fn tree(&mut self, before: &[String]) {
        let mut segments = before.to_vec();
        let mut line = 0;
        self.skip("::");
        while let Some(token) = self.peek() {
            if token.text == "{" {
                self.at += 1;
                self.group(&segments);
                return;
            }
            if token.text != "*" && !token.is_name() {
                break;
            }
            line = token.line;
            self.at += 1;
            segments.push(token.text.to_owned());
            if !self.skip("::") {
                break;
            }
        }
        if segments.last().is_some_and(|last| last == "self") && segments.len() > 1 {
            segments.pop();
        }
        let alias = if self.skip("as") { self.peek() } else { None };
        self.at += usize::from(alias.is_some());
        let known_as = alias.map(|token| token.text.to_owned()).or_else(|| segments.last().cloned());
        if !segments.is_empty() {
            self.found.push(Path { segments, known_as, line });
        }
    }

    fn group(&mut self, before: &[String]) {
        while self.peek().is_some() && !self.skip("}") {
            let start = self.at;
            self.tree(before);
            self.skip(",");
            // anything that is not a `use` tree is skipped
            self.at += usize::from(self.at == start);
        }
    }

    fn path(&mut self) {
        let mut segments = Vec::new();
        let mut line = 0;
        while let Some(token) = self.peek().filter(|token| token.is_name()) {
            line = token.line;
            self.at += 1;
            segments.push(token.text.to_owned());
            if !self.skip("::") {
                break;
            }
        }
        if segments.len() > 1 {
            self.found.push(Path { segments, known_as: None, line });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: &[&str]) {
        let found: Vec<String> = paths(code).iter().map(Path::text).collect();
        assert_eq!(found, expected, "of {code}");
    }

    #[test]
    fn declarations_are_unfolded() {
        check("use a::b;", &["a::b"]);
        check("pub(crate) use a::{b, c::{self, D as E}, f::*};", &["a::b", "a::c", "a::c::D", "a::f::*"]);
        check("use {a::b, crate::c,};\nuse ::d::e;", &["a::b", "crate::c", "d::e"]);
        let found = paths("\nuse a::{\n    b as c,\n};");
        assert_eq!(found[0].known_as.as_deref(), Some("c"));
        assert_eq!(found[0].line, 3);
    }

    #[test]
    fn paths_in_code_are_found() {
        check("fn a() -> crate::b::C { d::e::<F>(g.h::<i::J>()) }", &["crate::b::C", "d::e", "i::J"]);
        check("let x = <a::B as C>::d; y.z();", &["a::B"]);
        check("#[derive(serde::Serialize)]\nstruct A;", &["serde::Serialize"]);
    }

    #[test]
    fn starts_are_whole_parts() {
        let path = &paths("use crate::http::error;")[0];
        assert!(path.begins_with("crate::http") && path.begins_with("crate"));
        assert!(!path.begins_with("crate::htt") && !path.begins_with("crate::http::error::X"));
    }
}
