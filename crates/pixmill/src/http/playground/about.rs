//! What the page has to know of the server: its parameters with the control that suits each, samples, formats and policy. No
//! secret, no address of an origin.

use actix_web::{HttpRequest, HttpResponse};
use image_api::{
    OutputFormat,
    params::{
        group::{Group, groups},
        spec::{Example, Grammar, Spec},
        tone::filter,
    },
};
use serde_json::{Value, json};

use crate::{
    config::Config,
    http::{extract::worker, headers::put_uncached, upload},
};

/// Responds with the description.
pub async fn about(request: HttpRequest) -> HttpResponse {
    let shared = &worker(&request).shared;
    let uploads = upload::accepts_uploads(&request);
    let mut response = HttpResponse::Ok().json(describe(&shared.config, &shared.samples, uploads));
    put_uncached(response.headers_mut());
    response
}

fn describe(config: &Config, samples: &[String], uploads: bool) -> Value {
    let params = &config.params;
    let groups = groups().map(|(group, specs)| {
        let specs: Vec<_> = specs.into_iter().map(|spec| parameter(spec, config)).collect();
        json!({ "name": group.name, "title": group.title, "parameters": specs, "advanced": is_advanced(group) })
    });
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "groups": groups.collect::<Vec<_>>(),
        "formats": OutputFormat::ALL.iter().map(|format| format_of(*format)).collect::<Vec<_>>(),
        "looks": filter::NAMES,
        "samples": samples,
        "presets": params.presets.keys().collect::<Vec<_>>(),
        "colors": params.preset_colors.keys().collect::<Vec<_>>(),
        "signed": !params.signing.keys.is_empty(),
        "strict": params.strict,
        "originals": params.allow_original,
        "uploads": { "accepted": uploads, "token": !config.uploads.tokens.is_empty() },
        "otherOrigins": config.origin.allow_dynamic,
    })
}

/// Groups whose parameters are not about the look of a picture: the page shows them last and closed.
fn is_advanced(group: Group) -> bool {
    matches!(group.name, "source" | "rules" | "control" | "signature")
}

fn format_of(format: OutputFormat) -> Value {
    json!({ "name": format.name(), "type": format.media_type(), "lossy": format.is_lossy() })
}

fn parameter(spec: &Spec, config: &Config) -> Value {
    let allowed = &config.params.allowed;
    let is_allowed = allowed.is_empty() || allowed.iter().any(|name| spec.answers_to(name));
    let example = |Example { query, shows, .. }: &Example| json!({ "query": query, "shows": shows });
    json!({
        "name": spec.name,
        "aliases": spec.aliases,
        "summary": spec.summary,
        "help": spec.help,
        "values": spec.grammar.to_string(),
        "default": spec.default,
        "needs": spec.needs,
        "examples": spec.examples.iter().map(example).collect::<Vec<_>>(),
        "allowed": is_allowed,
        "control": control(spec),
    })
}

/// The control for the values of a parameter: by its grammar, and by its name where the grammar is prose.
fn control(spec: &Spec) -> Value {
    match (spec.name, spec.grammar) {
        ("mark_pos", _) => json!({ "kind": "position" }),
        ("crop", _) => json!({ "kind": "crop", "choices": words(spec.grammar) }),
        ("layers", _) => json!({ "kind": "layers" }),
        ("mark", _) => json!({ "kind": "picture" }),
        ("filter", _) => json!({ "kind": "choice", "choices": filter::NAMES }),
        ("quality", _) => json!({ "kind": "whole", "min": 1, "max": 100, "words": ["auto"] }),
        ("recognition", _) => json!({ "kind": "choice", "choices": ["nsfw", "labels", "nsfw,labels"] }),
        (_, Grammar::Whole(min, max)) => json!({ "kind": "whole", "min": min, "max": max }),
        (_, Grammar::Decimal(min, max)) => json!({ "kind": "decimal", "min": min, "max": max }),
        (_, Grammar::Degrees) => json!({ "kind": "degrees", "min": -180, "max": 180 }),
        (_, Grammar::Boolean) => json!({ "kind": "boolean" }),
        (_, Grammar::Colour) => json!({ "kind": "colour" }),
        (_, Grammar::Keyword(words)) if !words.is_empty() => json!({ "kind": "choice", "choices": words }),
        _ => json!({ "kind": "text" }),
    }
}

/// The single words among the values that a grammar describes.
fn words(grammar: Grammar) -> Vec<String> {
    let text = grammar.to_string();
    let words = text.split([',', ' ']).filter(|word| word.chars().all(|letter| letter.is_ascii_lowercase()));
    words
        .filter(|word| !matches!(*word, "" | "or" | "x" | "y" | "width" | "height"))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use image_api::{params::policy::Policy, table};

    use super::*;

    fn described(config: &Config) -> Value {
        describe(config, &["/a.jpg".to_owned()], false)
    }

    fn parameters(about: &Value) -> Vec<Value> {
        let groups = about["groups"].as_array().unwrap();
        groups.iter().flat_map(|group| group["parameters"].as_array().unwrap().clone()).collect()
    }

    #[test]
    fn every_parameter_of_the_table_has_a_control() {
        let parameters = parameters(&described(&Config::default()));
        assert_eq!(parameters.len(), table::rows().len());
        let kind = |name: &str| {
            let found = parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
            found["control"]["kind"].as_str().unwrap().to_owned()
        };
        for (name, expected) in [
            ("width", "whole"),
            ("contrast", "decimal"),
            ("rotate", "degrees"),
            ("flip", "boolean"),
            ("pad_color", "colour"),
            ("format", "choice"),
            ("mark_pos", "position"),
            ("crop", "crop"),
            ("layers", "layers"),
        ] {
            assert_eq!(kind(name), expected, "{name}");
        }
    }

    /// The names in [`control`] are written by hand: each is one of the table, and each choice is a value.
    #[test]
    fn choices_are_values() {
        let policy = Policy::default();
        let mut checked = 0;
        for parameter in parameters(&described(&Config::default())) {
            let name = parameter["name"].as_str().unwrap();
            for word in
                ["choices", "words"].iter().filter_map(|key| parameter["control"][key].as_array()).flatten()
            {
                let query = format!("{name}={}", word.as_str().unwrap());
                assert!(policy.parse(&query).is_ok(), "{query}");
                checked += 1;
            }
        }
        assert!(checked > 40, "{checked}");
        assert_eq!(words(table::find("crop").unwrap().spec.grammar).len(), 8);
    }

    #[test]
    fn the_policy_is_told_and_no_secret() {
        let mut config = Config::default();
        config.params.allowed = vec!["w".to_owned()];
        config.params.signing.keys.insert("main".to_owned(), "hunter2hunter2hunter2".into());
        config.params.presets.insert("thumb".to_owned(), "width=1".to_owned());
        config.uploads.tokens = vec!["hunter2hunter2hunter2".into()];
        config.origin.url = "https://user:hunter2@a.example/hunter2".into();
        let about = described(&config);
        let allowed = parameters(&about).into_iter().filter(|parameter| parameter["allowed"] == true);
        assert_eq!(allowed.map(|parameter| parameter["name"].clone()).collect::<Vec<_>>(), ["width"]);
        assert_eq!((&about["signed"], &about["presets"]), (&json!(true), &json!(["thumb"])));
        let text = about.to_string();
        assert!(!text.contains("hunter2") && !text.contains("a.example"), "{text}");
    }
}
