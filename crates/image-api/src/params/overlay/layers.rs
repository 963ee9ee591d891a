//! `layers`: images and texts drawn over the image, as JSON.

use serde_json::{Map, Value};

use crate::params::{
    spec::{Example, Expected, Grammar, Param, Reading, Spec},
    value::layer::Layer,
};

/// The layers, the bottom one first.
#[derive(Debug, Clone, PartialEq)]
pub struct Layers(pub Vec<Layer>);

const EXPECTED: &str = "a JSON array of layers, such as [{\"url\":\"/logo.png\"},{\"text\":\"Hello\"}]";

impl Param for Layers {
    const SPEC: Spec = Spec {
        name: "layers",
        aliases: &[],
        summary: "Draws images and texts over the image.",
        help: "A JSON array of objects, drawn in order, at most `limits.max_layers`. Each has `url` or `text`. \
               `scale` (percent, 100) fits the layer to that part of the image, `upscale` (true) allows \
               upscaling it. `pos` (center) anchors it, `offset` (pixels, 0) moves it inwards; `x` and `y` set its top \
               left corner instead. `angle` (degrees clockwise, 0) rotates it first, `alpha` (percent, 100) is its \
               opacity. A layer that is missing or broken is omitted unless it is `required`. The `url` is a path on the same \
               origin, which may have parameters of its own, nested at most 3 deep. A text has a `font` (family, styles and size \
               in any order, see [fonts](fonts.md)) and a `color` (black), and is at most 1000 characters long. Numbers \
               may be sent as strings; unknown keys are ignored.",
        grammar: Grammar::Text("JSON array"),
        default: "none",
        needs: &[],
        examples: &[
            Example {
                source: "china.jpg",
                query: "width=200&layers=[{\"url\":\"/pixmill-logo.png\",\"pos\":\"top,left\",\"scale\":50},\
                        {\"url\":\"/chelsea.png\",\"pos\":\"bottom,right\",\"scale\":40,\"offset\":6,\"alpha\":80}]",
                shows: "two images",
            },
            Example {
                source: "china.jpg",
                query: "width=200&layers=[{\"url\":\"/pixmill-logo.png\",\"scale\":60,\"angle\":30,\"x\":20,\"y\":10}]",
                shows: "rotated, at a position",
            },
        ],
    };

    fn parse(raw: &str) -> Result<Reading<Self>, Expected> {
        let Ok(Value::Array(items)) = serde_json::from_str(raw) else { return Err(EXPECTED.into()) };
        let mut clamped = false;
        let mut layers = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = |expected: String| format!("{expected} in layer {}", index + 1);
            let Value::Object(item) = item else { return Err(at("an object".into())) };
            let reading = Layer::parse(item).map_err(at)?;
            clamped |= reading.clamped;
            layers.push(reading.value);
        }
        Ok(Reading { value: Self(layers), clamped })
    }

    fn canonical(&self, out: &mut String) {
        let layers = self.0.iter().map(Layer::canonical).map(Map::from_iter);
        out.push_str(&Value::Array(layers.map(Value::Object).collect()).to_string());
    }

    fn is_neutral(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::spec::check;

    #[track_caller]
    fn is_written(raw: &str, expected: &str) {
        let value = Layers::parse(raw).unwrap_or_else(|expected| panic!("{raw}: expected {expected}")).value;
        let mut canonical = String::new();
        value.canonical(&mut canonical);
        assert_eq!(canonical, expected, "{raw}");
        check::round_trips(&value);
    }

    #[test]
    fn the_canonical_form_is_independent_of_spelling() {
        is_written("[]", "[]");
        is_written(r#"[{"url":"/a.png"}]"#, r#"[{"url":"/a.png"}]"#);
        is_written(
            r#" [ {"scale":"50","url":"a.png","pos":"left|top","alpha":100,"upscale":"true","nonsense":[1]} ]"#,
            r#"[{"pos":"top,left","scale":50.0,"url":"/a.png"}]"#,
        );
        is_written(
            r#"[{"text":"<b>&","font":"20 bold arial","color":"red","angle":-90,"x":"3","required":1}]"#,
            r#"[{"angle":270.0,"color":"ff0000","font":"Arial Bold 20","required":true,"text":"<b>&","x":3}]"#,
        );
        is_written(r#"[{"url":"/a.png","x":null,"offset":2.5}]"#, r#"[{"offset":3,"url":"/a.png"}]"#);
    }

    #[test]
    fn values_out_of_range_are_reported() {
        let reading = Layers::parse(r#"[{"url":"/a","alpha":"150"}]"#).unwrap();
        assert!(reading.clamped && !Layers::parse("[]").unwrap().clamped);
    }

    #[test]
    fn invalid_keys_are_named() {
        for (raw, expected) in [
            ("", "a JSON array"),
            ("[{", "a JSON array"),
            ("{}", "a JSON array"),
            ("null", "a JSON array"),
            ("[1]", "an object in layer 1"),
            ("[{}]", "`url` or `text` in layer 1"),
            (r#"[{"url":"/a"},{"url":[]}]"#, "in layer 2"),
            (r#"[{"url":"ftp://a/b"}]"#, "`url`: a path"),
            (r#"[{"url":"/a","pos":"north"}]"#, "`pos`: left"),
            (r#"[{"url":"/a","scale":"big"}]"#, "`scale`: a number from 1 to 200"),
            (r#"[{"url":"/a","alpha":[]}]"#, "`alpha`: "),
            (r#"[{"text":"a","color":"nocolour"}]"#, "`color`: a colour"),
            (r#"[{"text":{}}]"#, "`text`: "),
        ] {
            let told = Layers::parse(raw).unwrap_err();
            assert!(told.contains(expected), "{raw}: {told}");
        }
        let long = format!(r#"[{{"text":"{}"}}]"#, "ä".repeat(1001));
        assert!(Layers::parse(&long).unwrap_err().contains("at most 1000 characters"));
        assert!(Layers::parse(&"[".repeat(60_000)).is_err());
        assert!(Layers(Vec::new()).is_neutral());
    }
}
