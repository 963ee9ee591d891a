//! Query strings on the command line, and warnings about parameters in them.

use clap::ValueEnum;
use image_api::{
    Accept, Params,
    params::{
        self,
        output::format::Format,
        policy::Policy,
        preset::PRESET,
        refusal::{self, Refusal},
        spec::Param as _,
    },
    query::RequestQuery,
    table::{Row, Scope},
};

/// Formats that `format=auto` chooses only if the client accepts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NegotiatedFormat {
    /// AVIF.
    Avif,
    /// WebP.
    Webp,
}

impl NegotiatedFormat {
    /// Its media type.
    pub fn media(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Webp => "image/webp",
        }
    }
}

/// The `Accept` of a client that accepts these formats.
pub fn accept(formats: &[NegotiatedFormat]) -> Accept {
    Accept {
        avif: formats.contains(&NegotiatedFormat::Avif),
        webp: formats.contains(&NegotiatedFormat::Webp),
    }
}

/// The reason of a name that is no parameter's.
const UNKNOWN: &str = "unknown parameter";

/// A parsed query string.
#[derive(Debug)]
pub struct ParsedQuery {
    /// The parameters of the picture.
    pub params: Params,
    /// Parameters whose values were clamped to their range.
    pub clamped: Vec<&'static str>,
    /// Parameters without effect, with the reason.
    pub ignored: Vec<(String, &'static str)>,
    /// Whether `source_url` has an unencoded query.
    pub has_ambiguous_url: bool,
    /// Whether the query states the format itself, or by a preset; not by the defaults of the configuration.
    pub states_format: bool,
}

/// Parses the query string of a URL, or one by itself.
pub fn parse(argument: &str, policy: &Policy) -> Result<ParsedQuery, Refusal> {
    let text = query_of(argument);
    let query = RequestQuery::parse(text)?;
    let params::Parsed { params, mut clamped } = policy.parse_query(&query)?;
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
            None => UNKNOWN,
            Some(spec) if effective(spec.name) => continue,
            Some(spec) if clamped.contains(&spec.name) => {
                clamped.retain(|clamped| *clamped != spec.name);
                if pair.value.trim().parse() == Ok(0.0) {
                    "0 counts as absent"
                } else {
                    "the nearest value in its range has no effect"
                }
            }
            Some(spec) if spec.needs.is_empty() => "the value has no effect",
            Some(_) => "the value has no effect, or a parameter that it needs is missing",
        };
        if !ignored.iter().any(|(known, _)| *known == name) {
            ignored.push((name, reason));
        }
    }
    let states_format = query.has(&Format::SPEC) || (query.has(&PRESET) && params.format.is_some());
    Ok(ParsedQuery { params, clamped, ignored, has_ambiguous_url: query.is_ambiguous(), states_format })
}

impl ParsedQuery {
    /// Warnings for the author of the query.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let ignored = self.ignored.iter().map(|(name, reason)| match refusal::close(name).as_slice() {
            close @ [_, ..] if *reason == UNKNOWN => {
                format!("{name} is ignored: {reason}; close names: {}", close.join(", "))
            }
            _ => format!("{name} is ignored: {reason}"),
        });
        let clamped = self.clamped.iter().map(|name| format!("{name} was clamped to its range"));
        let ambiguous = self.has_ambiguous_url.then(|| {
            "source_url has an unencoded query with parameters of pictures: they belong to the URL of the original, \
             unless params.source_url_query is \"request\"; percent-encode the URL"
                .to_owned()
        });
        ignored.chain(clamped).chain(ambiguous)
    }
}

/// The query string of a URL or of a path. A text that is neither is a query string itself.
fn query_of(argument: &str) -> &str {
    // a name comes before anything that is part of a URL; its value may be a URL
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

    fn plain(query: &str) -> Result<ParsedQuery, Refusal> {
        parse(query, &Policy::default())
    }

    #[test]
    fn presets_are_not_ignored() {
        let mut policy = Policy::default();
        policy.add_preset("small", "width=50").unwrap();
        let reading = parse("/a.jpg?preset=small&utm=1", &policy).unwrap();
        assert_eq!(reading.params.canonical(), "width=50");
        assert_eq!(reading.ignored, [("utm".to_owned(), "unknown parameter")]);
    }

    #[test]
    fn the_format_of_the_configuration_is_not_stated() {
        let mut policy = Policy::default();
        policy.set_defaults("format=auto").unwrap();
        policy.add_preset("small", "width=50&format=png").unwrap();
        for (query, states_format) in [("width=5", false), ("format=webp", true), ("preset=small", true)] {
            assert_eq!(parse(query, &policy).unwrap().states_format, states_format, "{query}");
        }
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
    fn parameters_without_effect_are_reported_once() {
        let reading =
            plain("w=300&utm_source=x&utm_source=y&blur=0&dpr=1&quality=900&trim_color=red").unwrap();
        assert_eq!(reading.params.canonical(), "width=300&quality=100");
        let names: Vec<_> = reading.ignored.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["utm_source", "blur", "dpr", "trim_color"]);
        assert_eq!(reading.clamped, ["quality"]);
        let warnings: Vec<_> = reading.warnings().collect();
        assert_eq!(warnings[0], "utm_source is ignored: unknown parameter");
        assert_eq!(warnings[4], "quality was clamped to its range");
        let mistyped: Vec<_> = plain("widht=300").unwrap().warnings().collect();
        assert!(
            mistyped[0].starts_with("widht is ignored: unknown parameter; close names: width"),
            "{mistyped:?}"
        );
    }

    #[test]
    fn a_size_of_zero_is_absent_and_not_clamped() {
        let reading = plain("/a.jpg?width=0&height=0&dpr=0&blur=-5").unwrap();
        let warnings: Vec<_> = reading.warnings().collect();
        let absent = |name: &str| format!("{name} is ignored: 0 counts as absent");
        assert_eq!(warnings[..3], ["width", "height", "dpr"].map(absent));
        assert_eq!(warnings[3], "blur is ignored: the nearest value in its range has no effect");
        assert_eq!(warnings.len(), 4);
    }

    #[test]
    fn an_unencoded_query_of_a_source_url_is_reported() {
        let warnings = |query| plain(query).unwrap().warnings().count();
        assert_eq!(warnings("/?source_url=http://a.example/b.jpg?width=100"), 1);
        assert_eq!(warnings("/?source_url=http%3A%2F%2Fa.example%2Fb.jpg%3Fwidth%3D100"), 0);
    }

    #[test]
    fn base64_names_are_known_by_the_name_they_stand_for() {
        assert_eq!(plain("width64=NjA").unwrap().ignored, []);
        assert_eq!(plain("width=px").unwrap_err().parameter(), "width");
    }

    #[test]
    fn accepted_formats() {
        assert_eq!(accept(&[]), Accept::default());
        assert_eq!(accept(&[NegotiatedFormat::Webp]), Accept { avif: false, webp: true });
    }
}
