//! The operator's rules for parameters: allowed ones, defaults, presets, and names of colours.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use serde_json::Value as Json;

use super::{
    Params, Parsed, SPECS,
    allowed_sizes::AllowedSizes,
    hints::{self, Hint, Hints},
    lookup,
    preset::PRESET,
    refusal::Refusal,
    spec::{Expected, Grammar, Invalid, Spec},
    value::colour::{self, Colour},
};
use crate::{
    links::{MAX_DEPTH, carried},
    query::{Pair, RequestQuery},
    table::{self, Row, Scope},
};

/// The rules. By default everything is allowed, and there are no defaults or presets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policy {
    strict: bool,
    /// Names of the parameters that requests may use; all if empty.
    allowed: BTreeSet<&'static str>,
    defaults: Layer,
    presets: BTreeMap<String, Layer>,
    /// Presets by their names in lower case.
    colours: BTreeMap<String, Colour>,
    sizes: AllowedSizes,
}

/// One value per parameter, in the order of `SPECS`.
#[derive(Debug, Clone, PartialEq)]
struct Layer(Vec<Option<String>>);

/// A query string, split into its parts.
struct Sent {
    own: Layer,
    presets: Option<String>,
}

/// The values that a request states.
struct Said {
    /// The parameters of its presets, overridden by its own.
    layer: Layer,
    /// Whether it states the size of the output itself.
    sized: bool,
}

/// The parameter whose value contains colours within JSON, and their key.
const LAYERS: &str = "layers";
const COLOUR_OF_LAYER: &str = "color";

/// The parameters that state the size of the output.
const SIZES: [&str; 3] = ["width", "height", "dpr"];

/// How names of unknown parameters are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unknown {
    Ignored,
    Refused,
}

impl Params {
    /// Parses a query string by the grammars alone. Unknown names are ignored, and so are parameters without effect in
    /// this request: neutral values, and parameters whose required parameter is absent.
    pub fn parse(query: &str) -> Result<Parsed, Invalid> {
        Policy::default().parse(query).map_err(|refusal| match refusal {
            Refusal::Invalid(invalid) => invalid,
            Refusal::Unknown { .. } | Refusal::NotAllowed { .. } | Refusal::Size { .. } => {
                unreachable!("invariant: the default rules are not strict and allow everything")
            }
        })
    }
}

impl Policy {
    /// Refuses unknown names, and values out of range instead of clamping them.
    pub fn be_strict(&mut self) {
        self.strict = true;
    }

    /// Allows a parameter by its name or an alias; once one is allowed, all others are refused.
    pub fn allow(&mut self, name: &str) -> Result<(), Refusal> {
        let known = table::find(name)
            .filter(|row| matches!(row.scope, Scope::Picture(_) | Scope::Preset | Scope::Source(_)));
        self.allowed.insert(known.ok_or_else(|| Refusal::unknown(name))?.spec.name);
        Ok(())
    }

    /// Names a colour; the name takes precedence over a CSS colour name.
    pub fn name_colour(&mut self, name: &str, value: &str) -> Result<(), Expected> {
        let reading = colour::colour(value)?;
        self.colours.insert(name.trim().to_lowercase(), reading.value);
        Ok(())
    }

    /// Sets defaults for requests. They apply whether or not the parameters are allowed, so a watermark can be
    /// enforced.
    pub fn set_defaults(&mut self, query: &str) -> Result<(), Refusal> {
        self.defaults = self.prepared(query)?;
        Ok(())
    }

    /// Disables upscaling where neither the request nor the defaults decide.
    pub fn keep_small(&mut self) {
        if !self.defaults.has("enlarge") {
            self.defaults.set("enlarge", "false".to_owned());
        }
    }

    /// Defines a preset.
    pub fn add_preset(&mut self, name: &str, query: &str) -> Result<(), Refusal> {
        let layer = self.prepared(query)?;
        self.presets.insert(name.to_owned(), layer);
        Ok(())
    }

    /// Restricts the sizes that requests may state. Presets and defaults are not restricted.
    pub fn restrict_sizes(&mut self, sizes: AllowedSizes) {
        self.sizes = sizes;
    }

    /// Parses the query string of a request: its values override presets, which override defaults.
    pub fn parse(&self, query: &str) -> Result<Parsed, Refusal> {
        self.parse_query(&RequestQuery::parse(query)?)
    }

    /// As [`Self::parse`], for a query string that is already split.
    pub fn parse_query(&self, query: &RequestQuery) -> Result<Parsed, Refusal> {
        let said = self.read(query)?;
        self.settle(said)
    }

    /// As [`Self::parse_query`], with client hints for what the query and its presets leave open. Also returns the
    /// hints on which the response depends, whether the client sent them or not.
    pub fn parse_hinted(&self, query: &RequestQuery, hints: &Hints) -> Result<(Parsed, Vec<Hint>), Refusal> {
        let mut said = self.read(query)?;
        let names = |name: &str| said.layer.has(name);
        let mattering = hints::mattering(hints, names, |name| self.allows(name));
        for (hint, value) in &mattering {
            if let Some(value) = value {
                said.layer.set(hint.parameter(), value.clone());
                said.sized |= SIZES.contains(&hint.parameter());
            }
        }
        Ok((self.settle(said)?, mattering.into_iter().map(|(hint, _)| hint).collect()))
    }

    /// The values of a request, over its presets.
    fn read(&self, query: &RequestQuery) -> Result<Said, Refusal> {
        let unknown = if self.strict { Unknown::Refused } else { Unknown::Ignored };
        let sent = Sent::read(query, unknown, |name| self.allows(name))?;
        if self.restrict() {
            self.check_carried(&sent.own, unknown, 1)?;
        }
        let mut layer = Layer::default();
        for name in sent.presets.iter().flat_map(|names| names.split(',')).map(str::trim) {
            let preset = self.presets.get(name);
            layer.lay(preset.ok_or_else(|| Invalid::new(PRESET.name, name, "the name of a preset"))?.clone());
        }
        let sized = SIZES.iter().any(|name| sent.own.has(name));
        layer.lay(sent.own);
        Ok(Said { layer, sized })
    }

    /// The values of a request, over the defaults.
    fn settle(&self, said: Said) -> Result<Parsed, Refusal> {
        let mut layer = self.defaults.clone();
        layer.lay(said.layer);
        let mut parsed = self.evaluate(layer)?;
        if said.sized {
            for name in self.sizes.restrict(&mut parsed.params)? {
                if !parsed.clamped.contains(&name) {
                    parsed.clamped.push(name);
                }
            }
        }
        Ok(parsed)
    }

    /// Parses a query string of the operator: unknown names and values out of range are errors.
    fn prepared(&self, query: &str) -> Result<Layer, Refusal> {
        let query = RequestQuery::parse(query)?;
        let is_of_pictures = |name: &str| lookup(name).is_some();
        let sent = Sent::read(&query, Unknown::Refused, is_of_pictures)?;
        let strict = Self { strict: true, colours: self.colours.clone(), ..Self::default() };
        strict.evaluate(sent.own.clone())?;
        Ok(sent.own)
    }

    /// Whether requests are restricted at all.
    fn restrict(&self) -> bool {
        self.strict || !self.allowed.is_empty()
    }

    /// Checks the parameters in the URLs of overlays like the request's own. Their nesting depth is checked elsewhere.
    fn check_carried(&self, own: &Layer, unknown: Unknown, depth: u32) -> Result<(), Refusal> {
        let params = self.evaluate(own.clone())?.params;
        if depth > MAX_DEPTH {
            return Ok(());
        }
        carried(&params).try_for_each(|query| {
            let sent = Sent::read(&RequestQuery::parse(query)?, unknown, |name| self.allows(name))?;
            self.check_carried(&sent.own, unknown, depth + 1)
        })
    }

    fn allows(&self, name: &str) -> bool {
        self.allowed.is_empty() || self.allowed.contains(name)
    }

    fn evaluate(&self, layer: Layer) -> Result<Parsed, Refusal> {
        let mut params = Params::default();
        let mut clamped = Vec::new();
        for (spec, text) in SPECS.iter().zip(layer.0) {
            let Some(text) = text.map(|text| self.spelt_out(spec, text)) else { continue };
            let out_of_range =
                params.set(spec.name, &text).map_err(|expected| Invalid::new(spec.name, &text, expected))?;
            if out_of_range && self.strict {
                return Err(Invalid::new(spec.name, &text, spec.grammar.to_string()).into());
            }
            clamped.extend(out_of_range.then_some(spec.name));
        }
        params.prune();
        Ok(Parsed { params, clamped })
    }

    /// Replaces a colour name of the operator by its value.
    fn spelt_out(&self, spec: &Spec, text: String) -> String {
        if spec.name == LAYERS && !self.colours.is_empty() {
            return self.layers_spelt_out(text);
        }
        let named = (spec.grammar == Grammar::Colour && !self.colours.is_empty())
            .then(|| self.colours.get(&text.trim().to_lowercase()));
        match named.flatten() {
            Some(colour) => {
                let mut text = String::new();
                colour::canonical(*colour, &mut text);
                text
            }
            None => text,
        }
    }
}

impl Policy {
    /// Replaces colour names of the operator in the texts of layers.
    fn layers_spelt_out(&self, text: String) -> String {
        let Ok(Json::Array(mut layers)) = serde_json::from_str(&text) else { return text };
        for layer in &mut layers {
            let Some(Json::String(name)) = layer.get_mut(COLOUR_OF_LAYER) else { continue };
            if let Some(colour) = self.colours.get(&name.trim().to_lowercase()) {
                name.clear();
                colour::canonical(*colour, name);
            }
        }
        Json::Array(layers).to_string()
    }
}

impl Default for Layer {
    fn default() -> Self {
        Self(vec![None; SPECS.len()])
    }
}

impl Layer {
    /// Whether a parameter has a value.
    fn has(&self, name: &str) -> bool {
        position(name).is_some_and(|index| self.0[index].is_some())
    }

    /// Sets the value of a parameter.
    fn set(&mut self, name: &str, text: String) {
        if let Some(index) = position(name) {
            self.0[index] = Some(text);
        }
    }

    /// Overrides these values by others.
    fn lay(&mut self, upper: Self) {
        for (below, above) in self.0.iter_mut().zip(upper.0) {
            if above.is_some() {
                *below = above;
            }
        }
    }
}

/// Index of a parameter of images in the table.
fn position(name: &str) -> Option<usize> {
    match table::find(name)?.scope {
        Scope::Picture(index) => Some(index),
        _ => None,
    }
}

impl Sent {
    fn read(query: &RequestQuery, unknown: Unknown, allows: impl Fn(&str) -> bool) -> Result<Self, Refusal> {
        let mut values: Vec<Option<&Pair>> = vec![None; SPECS.len()];
        let mut presets = None;
        // parameters that select the original are parsed separately
        let mut elsewhere = None;
        for pair in query.pairs() {
            let (name, slot) = match pair.row {
                Some(Row { spec, scope: Scope::Picture(index) }) => (spec.name, &mut values[*index]),
                Some(Row { spec, scope: Scope::Preset }) => (spec.name, &mut presets),
                Some(Row { spec, scope: Scope::Source(_) }) => (spec.name, &mut elsewhere),
                Some(Row { scope: Scope::Control | Scope::Signature, .. }) | None => match unknown {
                    Unknown::Refused => return Err(Refusal::unknown(&pair.name)),
                    Unknown::Ignored => continue,
                },
            };
            if !allows(name) {
                return Err(Refusal::NotAllowed { parameter: name });
            }
            pair.replace(slot);
        }
        let text =
            |pair: Option<&Pair>| pair.map(Pair::text).transpose().map(|text| text.map(Cow::into_owned));
        let own = values.into_iter().map(text).collect::<Result<_, _>>()?;
        Ok(Self { own: Layer(own), presets: text(presets)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strict() -> Policy {
        let mut rules = Policy::default();
        rules.be_strict();
        rules
    }

    #[track_caller]
    fn canonical(rules: &Policy, query: &str) -> String {
        rules.parse(query).unwrap().params.canonical()
    }

    #[track_caller]
    fn refused(rules: &Policy, query: &str) -> (String, String) {
        let refusal = rules.parse(query).unwrap_err();
        (refusal.parameter().to_owned(), refusal.to_string())
    }

    #[test]
    fn layers_may_use_colour_names_of_the_operator() {
        let mut rules = Policy::default();
        rules.name_colour("Brand", "#1e78dc").unwrap();
        let layers = r#"layers=[{"text":"a","color":"BRAND"},{"text":"b","color":"red"},{"url":"/a.png"}]"#;
        let expected =
            r#"layers=[{"text":"a","color":"1e78dc"},{"text":"b","color":"ff0000"},{"url":"/a.png"}]"#;
        assert_eq!(canonical(&rules, layers), canonical(&Policy::default(), expected));
        assert_eq!(rules.parse("layers=[{").unwrap_err().parameter(), "layers");
    }

    #[test]
    fn strict_rules_refuse_unknown_names_and_clamped_values() {
        let rules = strict();
        assert_eq!(canonical(&rules, "w=40&blur=0&trim_color=red&width64=NTA"), "width=50");
        assert_eq!(canonical(&rules, "w=40&source_url=x&region64=eA"), "width=40");
        let (parameter, text) = refused(&rules, "width=40&blur=101");
        assert_eq!(
            (parameter.as_str(), text.as_str()),
            ("blur", "blur: expected a number from 0 to 100, got \"101\"")
        );
        assert_eq!(refused(&rules, "quality64=OTAw").0, "quality");
        let (parameter, text) = refused(&rules, "widht=40");
        assert_eq!(
            (parameter.as_str(), text.as_str()),
            ("widht", "widht is not a known parameter; close names: width")
        );
        assert_eq!(refused(&rules, "widht64=NDA").0, "widht64");
        let (parameter, text) = refused(&rules, "width=3&zzz=1");
        assert_eq!((parameter.as_str(), text.as_str()), ("zzz", "zzz is not a known parameter"));
    }

    #[test]
    fn parameters_that_are_not_allowed_are_refused_under_every_name() {
        let mut rules = Policy::default();
        rules.allow("w").unwrap();
        rules.allow("preset").unwrap();
        rules.add_preset("soft", "blur=3").unwrap();
        rules.set_defaults("quality=70").unwrap();
        assert_eq!(canonical(&rules, "width=40&utm_source=x"), "width=40&quality=70");
        assert_eq!(canonical(&rules, "w64=NDA&preset=soft"), "width=40&quality=70&blur=3");
        for query in ["height=5", "h=5", "width=5&h64=NQ", "quality=70", "blur=0"] {
            assert!(matches!(rules.parse(query), Err(Refusal::NotAllowed { .. })), "{query}");
        }
        assert_eq!(refused(&rules, "h=5").0, "height");
        assert_eq!(refused(&rules, "hostname=a.example").0, "origin");
        rules.allow("hostname").unwrap();
        assert_eq!(canonical(&rules, "w=5&origin64=YQ"), "width=5&quality=70");
        assert!(matches!(rules.allow("hieght"), Err(Refusal::Unknown { .. })));
    }

    #[test]
    fn parameters_of_overlays_must_be_allowed_too() {
        let mut rules = Policy::default();
        for name in ["width", "mark", "layers"] {
            rules.allow(name).unwrap();
        }
        rules.set_defaults("mark=/logo.png?blur=2").unwrap();
        for query in [
            "mark=/a.png?blur=3",
            "layers=[{\"url\":\"/a.png?blur=3\"}]",
            "mark=/a.png?mark=/b.png?blur=3",
            "mark64=L2EucG5nP2JsdXI9Mw==",
        ] {
            assert_eq!(refused(&rules, query).0, "blur", "{query}");
        }
        assert!(rules.parse("width=5&mark=/a.png?width=7").is_ok());
        assert!(rules.parse("width=5").is_ok(), "what the operator prepared is not asked for");
        assert_eq!(refused(&strict(), "mark=/a.png?width=0").0, "width");
        assert_eq!(refused(&strict(), "mark=/a.png?wide=5").0, "wide");
    }

    #[test]
    fn requests_override_presets_and_presets_override_defaults() {
        let mut rules = Policy::default();
        rules.set_defaults("quality=70&blur=2&width=10").unwrap();
        rules.add_preset("small", "width=20&height=20").unwrap();
        rules.add_preset("square", "height=30&crop=fit").unwrap();
        assert_eq!(canonical(&rules, ""), "width=10&quality=70&blur=2");
        assert_eq!(canonical(&rules, "preset=small&blur=0"), "width=20&height=20&quality=70");
        assert_eq!(
            canonical(&rules, "preset=small,+square&quality=9"),
            "width=20&height=30&crop=fit&quality=9&blur=2"
        );
        assert_eq!(canonical(&rules, "preset=square,small"), "width=20&height=20&crop=fit&quality=70&blur=2");
        assert_eq!(canonical(&rules, "preset64=c21hbGw&w=5"), "width=5&height=20&quality=70&blur=2");
        for query in ["preset=none", "preset=small,", "preset=", "preset=Small"] {
            assert_eq!(refused(&rules, query).0, "preset", "{query}");
        }
    }

    #[test]
    fn named_colours_work_in_every_colour_parameter() {
        let mut rules = Policy::default();
        rules.name_colour("Brand", "#1e78dc").unwrap();
        rules.name_colour("red", "rgb(200,0,0)").unwrap();
        rules.add_preset("framed", "pad=3&pad_color=brand").unwrap();
        assert_eq!(canonical(&rules, "pad=5&pad_color=brand"), "pad=5&pad_color=1e78dc");
        assert_eq!(
            canonical(&rules, "colorize=+BRAND&trim=color&trim_color=red"),
            "trim=color&trim_color=c80000&colorize=1e78dc"
        );
        assert_eq!(canonical(&rules, "preset=framed"), "pad=3&pad_color=1e78dc");
        assert_eq!(refused(&rules, "pad=5&pad_color=brandy").0, "pad_color");
        assert!(rules.name_colour("x", "brand").is_err());
    }

    #[test]
    fn invalid_presets_and_defaults_are_refused() {
        let mut rules = Policy::default();
        for query in
            ["width=x", "widht=5", "quality=101", "preset=other", "utm=1", "width64=!", "origin=a.example"]
        {
            assert!(rules.set_defaults(query).is_err() && rules.add_preset("a", query).is_err(), "{query}");
        }
        assert_eq!(rules, Policy::default());
    }

    #[test]
    fn without_rules_a_query_is_unchanged() {
        for query in ["", "width=5&nonsense=1&quality=900", "blur64=NQ&blur=3"] {
            assert_eq!(Policy::default().parse(query).unwrap(), Params::parse(query).unwrap(), "{query}");
        }
    }
}
