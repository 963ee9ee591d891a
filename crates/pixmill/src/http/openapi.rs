//! The public listener in OpenAPI 3.1, made from the table of parameters and the table of errors.

mod uploads;

use image_api::params::{
    group::{Group, groups},
    spec::{Grammar, Spec},
};
use serde_json::{Map, Value, json};

use super::error;

/// Colours as CSS writes them; names of `params.preset_colors` are texts too, so there is no pattern.
const COLOUR: &str = "a CSS colour name, 3, 4, 6 or 8 hex digits, rgb(r,g,b) or rgba(r,g,b,a)";

/// Headers of answers with a picture, and what they say.
const HEADERS: &[(&str, &str)] = &[
    ("ETag", "A strong validator of this answer, the negotiated format included."),
    ("Last-Modified", "When the original was changed last, if its origin says so."),
    ("Cache-Control", "How long the answer may be kept: what the origin says, within the configured bounds."),
    ("Age", "Seconds since the original was fetched or found unchanged."),
    (
        "Vary",
        "The headers of the request on which the answer depends: `Accept` with `format=auto`, client hints, `Origin`.",
    ),
    ("Accept-Ranges", "`bytes`: parts can be asked for."),
    (
        "Access-Control-Allow-Origin",
        "Whose scripts may read the answer: all, or those of the configured sites.",
    ),
    ("Server-Timing", "Milliseconds of each stage: queue, fetch, decode, process, encode, cache."),
    ("X-Cache", "Where the answer came from: hit-memory, hit-disk, hit-redis, miss, stale or coalesced."),
    ("X-Original-Filesize", "Bytes of the original."),
    ("X-Original-Resolution", "Width and height of the original, `640x427`."),
    ("X-Origin-Fetch-Time", "Milliseconds that the origin took."),
    (
        "X-Pixmill-Warning",
        "Parameters to look at, joined by comma: values that were brought into their range, sizes of 0, and `source_url` if its query may have been meant for the request.",
    ),
    ("X-Request-Id", "The request's own id if it sent one, else a new one."),
];

/// The document.
pub fn document() -> Value {
    let parameters = groups().flat_map(|(group, specs)| specs.into_iter().map(move |spec| (group, spec)));
    let parameters = parameters.map(|(group, spec)| parameter(group, spec));
    let parameters: Vec<_> = std::iter::once(path()).chain(parameters).collect();
    let tags = groups().map(|(group, _)| json!({ "name": group.name, "description": group.title }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pixmill",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Pictures, processed as the query string says.",
            "description": "Every parameter can be sent in base64 under its name with `64` appended; then it goes \
                            before the plain one. Unknown parameters are ignored and values out of range brought into \
                            it, unless the server is strict.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.collect::<Vec<_>>(),
        "paths": {
            "/{path}": {
                "parameters": parameters,
                "get": operation("picture", "A picture, or the original if nothing is asked for."),
                "head": operation("pictureHead", "The headers of the picture."),
                "post": uploads::operation(),
            },
            "/async/{id}": uploads::status(),
            "/async/{id}/result": uploads::result(),
            "/config": admin_page("config", "The configuration that holds, secrets masked.", "application/json"),
            "/stats": admin_page("stats", "What the server has done so far.", "application/json"),
            "/metrics": admin_page("metrics", "Every number, for Prometheus.", "text/plain"),
        },
        "components": {
            "headers": HEADERS.iter().map(|(name, says)| ((*name).to_owned(), header(says))).collect::<Map<_, _>>(),
            "schemas": { "Error": error_schema(), "Job": uploads::job(), "Stored": uploads::stored() },
            "securitySchemes": {
                "password": { "type": "http", "scheme": "basic" },
                "token": { "type": "http", "scheme": "bearer" },
            },
        },
    })
}

fn path() -> Value {
    json!({
        "name": "path",
        "in": "path",
        "required": true,
        "description": "The path of the original below the configured origin; it may have slashes.",
        "schema": { "type": "string" },
        "example": "china.jpg",
    })
}

/// A page of the listener for operators.
fn admin_page(id: &str, summary: &str, kind: &str) -> Value {
    json!({
        "servers": [{ "url": "http://127.0.0.1:17006", "description": "The listener for operators." }],
        "get": {
            "operationId": id,
            "summary": summary,
            "security": [{}, { "password": [] }],
            "responses": {
                "200": { "description": summary, "content": { kind: {} } },
                "401": { "description": "There is a password, and it was not given." },
            },
        },
    })
}

fn parameter(group: Group, spec: &Spec) -> Value {
    let mut notes = vec![spec.summary.to_owned()];
    notes.extend((!spec.help.is_empty()).then(|| spec.help.to_owned()));
    notes.extend((!spec.aliases.is_empty()).then(|| format!("Also `{}`.", spec.aliases.join("`, `"))));
    notes.extend((!spec.needs.is_empty()).then(|| format!("Needs one of `{}`.", spec.needs.join("`, `"))));
    notes.push(format!("Default: {}.", spec.default));
    let mut parameter = json!({
        "name": spec.name,
        "in": "query",
        "required": false,
        "description": notes.join(" "),
        "schema": schema(spec),
        "x-group": group.name,
    });
    if !spec.aliases.is_empty() {
        parameter["x-aliases"] = json!(spec.aliases);
    }
    if let Some(value) = spec.examples.iter().find_map(|example| example_value(spec, example.query)) {
        parameter["example"] = value;
    }
    parameter
}

fn schema(spec: &Spec) -> Value {
    let mut schema = match spec.grammar {
        Grammar::Whole(low, high) => json!({ "type": "integer", "minimum": low, "maximum": high }),
        Grammar::Decimal(low, high) => json!({ "type": "number", "minimum": low, "maximum": high }),
        Grammar::Degrees => json!({ "type": "number" }),
        Grammar::Boolean => json!({ "type": "boolean" }),
        Grammar::Colour => json!({ "type": "string", "description": COLOUR }),
        Grammar::Keyword(words) => json!({ "type": "string", "enum": words }),
        Grammar::Text(text) => json!({ "type": "string", "description": text }),
    };
    // a default in words is told in the description
    if let Some(default) = typed(spec.grammar, spec.default) {
        schema["default"] = default;
    }
    schema
}

/// A value in the type of its grammar, if it is one.
fn typed(grammar: Grammar, text: &str) -> Option<Value> {
    match grammar {
        Grammar::Whole(..) => text.parse::<u32>().ok().map(Value::from),
        Grammar::Decimal(..) | Grammar::Degrees => text.parse::<f64>().ok().map(Value::from),
        Grammar::Boolean => text.parse::<bool>().ok().map(Value::from),
        Grammar::Keyword(words) => words.contains(&text).then(|| text.into()),
        Grammar::Colour => (!text.contains(' ')).then(|| text.into()),
        Grammar::Text(_) => None,
    }
}

/// The value that an example gives the parameter.
fn example_value(spec: &Spec, query: &str) -> Option<Value> {
    let value = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| spec.answers_to(name))?.1;
    match spec.grammar {
        Grammar::Text(_) => Some(value.into()),
        grammar => typed(grammar, &value),
    }
}

fn operation(id: &str, summary: &str) -> Value {
    let has_body = id == "picture";
    let mut responses = Map::new();
    let content =
        || json!({ "image/*": {}, "video/mp4": {}, "application/json": { "schema": { "type": "object" } } });
    let description = "The picture, or what is to be said of it.";
    responses.insert("200".to_owned(), answer(description, has_body.then(content)));
    let description = "The part that `Range` asks for.";
    responses.insert("206".to_owned(), answer(description, has_body.then(content)));
    responses.insert("304".to_owned(), answer("The client has it already.", None));
    if has_body {
        responses.insert("202".to_owned(), uploads::accepted());
    }
    for (status, mut response) in error::statuses().into_iter().map(refusal) {
        if !has_body {
            response.as_object_mut().and_then(|response| response.remove("content"));
        }
        responses.insert(status, response);
    }
    json!({ "operationId": id, "summary": summary, "responses": responses })
}

/// An answer that tells of an error, by its status.
fn refusal((status, reason, codes): (u16, &str, Vec<&str>)) -> (String, Value) {
    let response = json!({
        "description": format!("{reason}: `{}`.", codes.join("`, `")),
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    (status.to_string(), response)
}

fn answer(description: &str, content: Option<Value>) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let headers: Map<_, _> = HEADERS.iter().map(|(name, _)| ((*name).to_owned(), reference(name))).collect();
    let mut answer = json!({ "description": description, "headers": headers });
    if let Some(content) = content {
        answer["content"] = content;
    }
    answer
}

fn header(says: &str) -> Value {
    json!({ "description": says, "schema": { "type": "string" } })
}

fn error_schema() -> Value {
    let codes: Vec<_> = error::upload_statuses().into_iter().flat_map(|(_, _, codes)| codes).collect();
    json!({
        "type": "object",
        "required": ["error"],
        "properties": { "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": { "type": "string", "enum": codes, "description": "What went wrong; stable." },
                "parameter": { "type": "string", "description": "The parameter at fault, where one is." },
                "message": { "type": "string", "description": "The same in words, for people." },
            },
        } },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use image_api::{params::SPECS, table};

    use super::*;

    #[test]
    fn every_parameter_is_there_once_with_its_range() {
        let document = document();
        let parameters = document["paths"]["/{path}"]["parameters"].as_array().unwrap();
        assert_eq!(parameters.len(), 1 + table::rows().len(), "the path and the table");
        let find = |name: &str| parameters.iter().find(|parameter| parameter["name"] == name).unwrap();
        let range = json!({ "type": "integer", "minimum": 1, "maximum": 65535 });
        assert_eq!((&find("width")["schema"], &find("width")["x-aliases"]), (&range, &json!(["w"])));
        assert_eq!(find("dpr")["schema"]["default"], 1.0);
        assert_eq!(find("format")["schema"]["enum"][0], "jpeg");
        assert_eq!(find("autorotate")["schema"]["default"], true);
        for spec in SPECS {
            let parameter = find(spec.name);
            assert!(!parameter["example"].is_null(), "{} has no example value", spec.name);
            assert!(parameter["description"].as_str().unwrap().starts_with(spec.summary));
        }
    }

    #[test]
    fn references_lead_somewhere_and_operations_differ() {
        let document = document();
        let text = document.to_string();
        for part in text.split("\"$ref\":\"#").skip(1) {
            let pointer = part.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        let item = &document["paths"]["/{path}"];
        let ids: HashSet<_> =
            ["get", "head", "post"].map(|method| item[method]["operationId"].to_string()).into();
        assert_eq!(ids.len(), 3);
        let responses = item["get"]["responses"].as_object().unwrap();
        for status in ["200", "206", "304", "400", "401", "403", "404", "415", "416", "422", "503", "504"] {
            assert!(!responses[status]["description"].as_str().unwrap().is_empty(), "{status}");
        }
    }
}
