//! Client hints: values that clients send in request headers, used where the query does not decide.

use super::spec::Param;

/// Pixel ratios are rounded to quarters, to bound the number of variants.
const RATIO_STEP: f64 = 0.25;

/// Widths are rounded up to multiples of this, for the same reason.
const WIDTH_STEP: u32 = 32;

/// Highest pixel ratio that is served: differences above it are hardly visible.
const MOST_RATIO: f64 = 4.0;

/// The hints of a client.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Hints {
    /// Display width of the image, in device pixels.
    pub width: Option<u32>,
    /// Device pixels per CSS pixel.
    pub dpr: Option<f64>,
    /// Quality under `Save-Data`.
    pub quality: Option<u32>,
}

/// One of the hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// The display width: used if the request has no side.
    Width,
    /// The pixel ratio: used if the request has a side.
    Dpr,
    /// Reduced data usage: used if the request has no quality.
    SaveData,
}

/// Every hint.
const ALL: [Hint; 3] = [Hint::Width, Hint::Dpr, Hint::SaveData];

impl Hint {
    /// The parameter that it sets.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Width => super::size::width::Width::SPEC.name,
            Self::Dpr => super::size::dpr::Dpr::SPEC.name,
            Self::SaveData => super::output::quality::Quality::SPEC.name,
        }
    }

    /// Whether the response depends on the hint, for a request with the parameters for which `names` is true.
    fn matters(self, names: impl Fn(&str) -> bool) -> bool {
        // a description, whose result does not depend on the size
        if names("meta") || names("recognition") {
            return false;
        }
        let has_side = names("width") || names("height");
        match self {
            Self::Width => !has_side && !names("dpr"),
            Self::Dpr => has_side && !names("dpr"),
            Self::SaveData => !names("quality"),
        }
    }

    /// The value of its parameter.
    fn value(self, hints: &Hints) -> Option<String> {
        match self {
            Self::Width => hints.width.map(|width| width.next_multiple_of(WIDTH_STEP).to_string()),
            Self::Dpr => hints
                .dpr
                .map(|ratio| ((ratio / RATIO_STEP).round() * RATIO_STEP).clamp(1.0, MOST_RATIO).to_string()),
            Self::SaveData => hints.quality.map(|quality| quality.to_string()),
        }
    }
}

/// The hints on which a response depends, each with its parameter's value if the client sent it.
pub(super) fn mattering(
    hints: &Hints,
    names: impl Fn(&str) -> bool,
    allows: impl Fn(&str) -> bool,
) -> Vec<(Hint, Option<String>)> {
    let matters = |hint: &Hint| hint.matters(&names) && allows(hint.parameter());
    ALL.into_iter().filter(matters).map(|hint| (hint, hint.value(hints))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::policy::Policy;

    fn hinted(rules: &Policy, query: &str, hints: &Hints) -> (String, Vec<Hint>) {
        let (parsed, hints) =
            rules.parse_hinted(&crate::query::RequestQuery::parse(query).unwrap(), hints).unwrap();
        (parsed.params.canonical(), hints)
    }

    #[test]
    fn hints_apply_where_the_request_does_not_decide() {
        let hints = Hints { width: Some(700), dpr: Some(2.1), quality: Some(50) };
        for (query, canonical, used) in [
            ("", "width=704&quality=50", &[Hint::Width, Hint::SaveData][..]),
            ("width=100", "width=100&dpr=2&quality=50", &[Hint::Dpr, Hint::SaveData]),
            ("h=100&quality=80", "height=100&dpr=2&quality=80", &[Hint::Dpr]),
            ("width=100&dpr=1", "width=100&quality=50", &[Hint::SaveData]),
            ("scale=3&quality=1", "quality=1", &[]),
            ("preset=thumb", "width=10&dpr=2&quality=50", &[Hint::Dpr, Hint::SaveData]),
            ("meta=1", "meta=1", &[]),
            ("recognition=nsfw", "recognition=nsfw", &[]),
        ] {
            let mut rules = Policy::default();
            rules.add_preset("thumb", "width=10").unwrap();
            assert_eq!(hinted(&rules, query, &hints), (canonical.to_owned(), used.to_vec()), "{query}");
            // the response also depends on hints that were not sent
            assert_eq!(hinted(&rules, query, &Hints::default()).1, used, "{query}");
        }
    }

    #[test]
    fn values_are_rounded_to_few_variants() {
        for (ratio, expected) in
            [(1.0, ""), (1.1, ""), (1.13, "&dpr=1.25"), (2.625, "&dpr=2.75"), (0.5, ""), (9.0, "&dpr=4")]
        {
            let hints = Hints { dpr: Some(ratio), ..Hints::default() };
            let canonical = hinted(&Policy::default(), "width=9", &hints).0;
            assert_eq!(canonical, format!("width=9{expected}"), "{ratio}");
        }
    }

    #[test]
    fn hints_for_forbidden_parameters_are_ignored() {
        let mut rules = Policy::default();
        rules.set_defaults("width=50").unwrap();
        let hints = Hints { width: Some(64), ..Hints::default() };
        assert_eq!(hinted(&rules, "", &hints).0, "width=64");
        rules.allow("height").unwrap();
        assert_eq!(hinted(&rules, "", &hints), ("width=50".to_owned(), Vec::new()));
    }
}
