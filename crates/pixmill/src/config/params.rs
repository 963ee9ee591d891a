//! Section `params`: which parameters, sizes and presets requests may use.

use std::collections::BTreeMap;

use config_types::Problem;
use image_api::params::{allowed_sizes::AllowedSizes, policy::Policy, refusal::Refusal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Signing,
    sizes::{Length, OtherSizes, steps},
};

/// Which parameters, sizes and presets requests may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Whether a request without parameters gets the original as it is; otherwise it is refused.
    pub allow_original: bool,
    /// Whether unknown parameters are refused instead of ignored, and values out of range refused instead of clamped.
    pub strict: bool,
    /// The parameters that requests may use, `["width", "height"]`; others are refused. Empty: all.
    pub allowed: Vec<String>,
    /// Default parameters, as a query string: `quality=80&mark=/logo.png`. They also apply to requests without parameters, which
    /// then do not get the unmodified original. Requests cannot override a default that is not in `allowed`, which enforces a
    /// watermark, for example.
    pub defaults: String,
    /// Default of `enlarge`: whether pictures may become larger than the original.
    pub enlarge: bool,
    /// Named query strings, `thumb = "width=200&height=200&crop=fit"`, which requests apply by `preset=thumb`. Their parameters
    /// need not be in `allowed`, but `preset` itself must.
    pub presets: BTreeMap<String, String>,
    /// Named colours, `brand = "#1e78dc"`, for all parameters that take a colour.
    pub preset_colors: BTreeMap<String, String>,
    /// The widths that requests may use, which limits the number of variants: `[320, 640, "800-2400/200"]`, in pixels of the
    /// response, that is after multiplication by `dpr`. Presets and defaults may use any width. Empty: all.
    pub widths_allowed: Vec<Length>,
    /// The heights that requests may use, likewise. Empty: all, and the height of a request with a width is scaled in
    /// proportion if the width is changed to an allowed one.
    pub heights_allowed: Vec<Length>,
    /// How sizes are handled that are not in these lists.
    pub other_sizes: OtherSizes,
    /// Whether the query after an unencoded `source_url`, as in `/?source_url=http://example.com/a.jpg?width=100`, belongs to
    /// the original's URL or to the request.
    pub source_url_query: SourceUrlQuery,
    /// The keys that sign URLs.
    pub signing: Signing,
}

/// What the query after an unencoded `source_url` belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SourceUrlQuery {
    /// To the original's URL. `X-Pixmill-Warning` names `source_url` if that query has a picture parameter.
    Original,
    /// To the request: its parameters are applied. A URL with a query must be percent-encoded then.
    Request,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            allow_original: true,
            strict: false,
            allowed: Vec::new(),
            defaults: String::new(),
            enlarge: true,
            presets: BTreeMap::new(),
            preset_colors: BTreeMap::new(),
            widths_allowed: Vec::new(),
            heights_allowed: Vec::new(),
            other_sizes: OtherSizes::Snap,
            source_url_query: SourceUrlQuery::Original,
            signing: Signing::default(),
        }
    }
}

impl Params {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        [self.rules().err().unwrap_or_default(), self.signing.problems()].concat()
    }

    /// The rules for parsing query strings. Fails with all problems.
    pub fn rules(&self) -> Result<Policy, Vec<Problem>> {
        let mut rules = Policy::default();
        let mut problems = Vec::new();
        if self.strict {
            rules.be_strict();
        }
        for name in &self.allowed {
            if let Err(refusal) = rules.allow(name) {
                problems.push(Problem::new("params.allowed", format!("{refusal}, got {name:?}")));
            }
        }
        // presets and defaults may use the names of colours
        for (name, value) in &self.preset_colors {
            if let Err(expected) = rules.name_colour(name, value) {
                problems.push(Problem::expected(format!("params.preset_colors.{name}"), expected, value));
            }
        }
        for (name, query) in &self.presets {
            if name.is_empty() || name.contains(',') {
                problems.push(Problem::expected("params.presets", "names without commas", name));
            } else {
                let add = |rules: &mut Policy, query: &str| rules.add_preset(name, query);
                problems.extend(refused(&mut rules, &format!("params.presets.{name}"), query, add));
            }
        }
        problems.extend(refused(&mut rules, "params.defaults", &self.defaults, Policy::set_defaults));
        if !self.enlarge {
            rules.keep_small();
        }
        rules.restrict_sizes(AllowedSizes {
            widths: steps("params.widths_allowed", &self.widths_allowed, &mut problems),
            heights: steps("params.heights_allowed", &self.heights_allowed, &mut problems),
            others: self.other_sizes.into(),
        });
        if problems.is_empty() { Ok(rules) } else { Err(problems) }
    }
}

/// What is wrong with a query string of the configuration, which `set` gives to the rules: all of its parameters that are refused
/// by themselves, or else the first refusal of them together.
fn refused(
    rules: &mut Policy,
    key: &str,
    query: &str,
    set: impl Fn(&mut Policy, &str) -> Result<(), Refusal>,
) -> Vec<Problem> {
    let Err(first) = set(rules, query) else { return Vec::new() };
    let problem = |refusal: Refusal, got: &str| Problem::new(key, format!("{refusal}, got {got:?}"));
    let alone = |pair: &str| set(&mut rules.clone(), pair).err().map(|refusal| problem(refusal, pair));
    let all: Vec<_> = query.split('&').filter_map(alone).collect();
    if all.is_empty() { vec![problem(first, query)] } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(name.to_owned(), value.to_owned())])
    }

    #[test]
    fn all_problems_name_their_key() {
        let params = Params {
            allowed: vec!["width".to_owned(), "preset".to_owned(), "hieght".to_owned()],
            defaults: "quality=101&width=7&crop=zzz".to_owned(),
            presets: BTreeMap::from([
                ("good".to_owned(), "w=5&pad_color=red".to_owned()),
                ("bad".to_owned(), "widht=5".to_owned()),
                ("a,b".to_owned(), String::new()),
            ]),
            preset_colors: table("brand", "bluish"),
            widths_allowed: vec![Length::One(320), Length::Range("5-1/2".to_owned())],
            ..Params::default()
        };
        let problems = params.problems();
        for expected in [
            "params.allowed: hieght is not a known parameter; close names: height",
            "params.preset_colors.brand: expected a colour name",
            "params.presets: expected names without commas, got \"a,b\"",
            "params.presets.bad: widht is not a known parameter; close names: width",
            "params.defaults: quality: expected a whole number from 1 to 100, or auto, got \"101\"",
            "params.defaults: crop: expected",
            "params.widths_allowed: expected a length from 1 to 65535",
        ] {
            assert!(
                problems.iter().any(|problem| problem.to_string().starts_with(expected)),
                "{expected}: {problems:#?}"
            );
        }
        assert_eq!(problems.len(), 7, "{problems:#?}");
    }

    #[test]
    fn enlarge_is_a_default_like_others() {
        let canonical =
            |params: Params, query: &str| params.rules().unwrap().parse(query).unwrap().params.canonical();
        let small = || Params { enlarge: false, ..Params::default() };
        assert_eq!(canonical(small(), "width=5"), "width=5&enlarge=0");
        assert_eq!(canonical(small(), "width=5&enlarge=true"), "width=5");
        assert_eq!(canonical(small(), ""), "", "the original is still served unmodified");
        assert_eq!(canonical(Params::default(), "width=5"), "width=5");
        let defaults = Params { defaults: "enlarge=true".to_owned(), ..small() };
        assert_eq!(canonical(defaults, "width=5"), "width=5");
    }

    #[test]
    fn preset_colors_can_be_used_in_presets_and_defaults() {
        let params = Params {
            defaults: "pad=2&pad_color=brand".to_owned(),
            presets: table("framed", "pad=9&pad_color=brand"),
            preset_colors: table("brand", "#1e78dc"),
            ..Params::default()
        };
        let rules = params.rules().unwrap();
        let canonical = |query| rules.parse(query).unwrap().params.canonical();
        assert_eq!(canonical(""), "pad=2&pad_color=1e78dc");
        assert_eq!(canonical("preset=framed"), "pad=9&pad_color=1e78dc");
    }
}
