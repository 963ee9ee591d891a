//! A query string of the command line, and what came of each of its names.

use clap::ValueEnum;
use image_api::{
    Accept, Params,
    params::{self, policy::Policy, refusal::Refusal},
    query::RequestQuery,
    table::{Row, Scope},
};

/// Formats that a client may be able to show beyond JPEG, PNG and GIF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Modern {
    /// AVIF.
    Avif,
    /// WebP.
    Webp,
}

impl Modern {
    /// Its media type.
    pub fn media(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Webp => "image/webp",
        }
    }
}

/// What a client accepts that can show these.
pub fn accept(formats: &[Modern]) -> Accept {
    Accept { avif: formats.contains(&Modern::Avif), webp: formats.contains(&Modern::Webp) }
}

/// A query string that was read.
#[derive(Debug)]
pub struct Reading {
    /// The parameters that mean something.
    pub params: Params,
    /// Parameters whose values were brought into range.
    pub clamped: Vec<&'static str>,
    /// Names that change nothing, with the reason.
    pub ignored: Vec<(String, &'static str)>,
}

/// Reads the query string of a URL, or one by itself.
pub fn read(argument: &str, rules: &Policy) -> Result<Reading, Refusal> {
    let text = query_of(argument);
    let query = RequestQuery::parse(text)?;
    let params::Parsed { params, clamped } = rules.parse_query(&query)?;
    let canonical = params.canonical();
    let effective = |name: &str| canonical.split('&').any(|pair| pair.split('=').next() == Some(name));
    let mut ignored = Vec::new();
    for pair in query.pairs() {
        let name = pair.name.clone();
        let picture = match pair.row {
            Some(Row { spec, scope: Scope::Picture(_) }) => Some(*spec),
            Some(_) => continue,
            None => None,
        };
        let reason = match picture {
            None => "no such parameter",
            Some(spec) if effective(spec.name) => continue,
            Some(spec) if spec.needs.is_empty() => "the value asks for nothing",
            Some(_) => "the value asks for nothing, or a parameter that it needs is missing",
        };
        if !ignored.iter().any(|(known, _)| *known == name) {
            ignored.push((name, reason));
        }
    }
    Ok(Reading { params, clamped, ignored })
}

impl Reading {
    /// What the one who wrote the query should know, a sentence each.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let ignored = self.ignored.iter().map(|(name, reason)| format!("{name} is ignored: {reason}"));
        ignored.chain(self.clamped.iter().map(|name| format!("{name} was brought into its range")))
    }
}

/// The query string of a URL or of a path; a text that is neither is a query string itself.
fn query_of(argument: &str) -> &str {
    // a name before anything that is part of a URL; its value may be a URL
    if argument.find(['=', '/', '?', '#', ':']).is_some_and(|at| argument[at..].starts_with('=')) {
        return argument;
    }
    let before_fragment = argument.split('#').next().unwrap_or_default();
    match argument.split_once('?') {
        Some(_) => before_fragment.split_once('?').map_or("", |(_, query)| query),
        None if argument.contains("://") || argument.starts_with('/') => "",
        // a colour may begin with #
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(query: &str) -> Result<Reading, Refusal> {
        read(query, &Policy::default())
    }

    #[test]
    fn presets_are_no_parameters_that_change_nothing() {
        let mut rules = Policy::default();
        rules.add_preset("small", "width=50").unwrap();
        let reading = read("/a.jpg?preset=small&utm=1", &rules).unwrap();
        assert_eq!(reading.params.canonical(), "width=50");
        assert_eq!(reading.ignored, [("utm".to_owned(), "no such parameter")]);
    }

    #[test]
    fn the_query_is_found_in_a_url() {
        for (argument, query) in [
            ("https://images.example/a/b.jpg?width=3&height=4#top", "width=3&height=4"),
            ("/a/b.jpg?width=3", "width=3"),
            ("b.jpg?width=3", "width=3"),
            ("?width=3", "width=3"),
            ("https://images.example/a.jpg", ""),
            ("/a.jpg", ""),
            ("width=3&pad_color=#fff", "width=3&pad_color=#fff"),
            ("#x?width=3", ""),
            ("mark=/b.png?width=3#top", "mark=/b.png?width=3#top"),
            ("mark=http://a.example/b.png", "mark=http://a.example/b.png"),
            ("/a.jpg?mark=/b.png?width=3", "mark=/b.png?width=3"),
            ("", ""),
        ] {
            assert_eq!(query_of(argument), query, "{argument}");
        }
    }

    #[test]
    fn names_that_change_nothing_are_told_once() {
        let reading =
            plain("w=300&utm_source=x&utm_source=y&blur=0&dpr=1&quality=900&trim_color=red").unwrap();
        assert_eq!(reading.params.canonical(), "width=300&quality=100");
        let names: Vec<_> = reading.ignored.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["utm_source", "blur", "dpr", "trim_color"]);
        assert_eq!(reading.clamped, ["quality"]);
        let warnings: Vec<_> = reading.warnings().collect();
        assert_eq!(warnings[0], "utm_source is ignored: no such parameter");
        assert_eq!(warnings[4], "quality was brought into its range");
    }

    #[test]
    fn base64_names_are_known_by_the_name_they_stand_for() {
        assert_eq!(plain("width64=NjA").unwrap().ignored, []);
        assert_eq!(plain("width=px").unwrap_err().parameter(), "width");
    }

    #[test]
    fn accepted_formats() {
        assert_eq!(accept(&[]), Accept::default());
        assert_eq!(accept(&[Modern::Webp]), Accept { avif: false, webp: true });
    }
}
