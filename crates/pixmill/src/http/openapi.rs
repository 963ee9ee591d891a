//! The OpenAPI 3.1 document of the HTTP interface, generated from the table of parameters and the table of errors.

mod uploads;

use image_api::params::{
    group::{Group, groups},
    spec::{Grammar, Spec},
};
use serde_json::{Map, Value, json};

use super::error;

/// The description of a colour. There is no pattern, since names in `params.preset_colors` are colours too.
const COLOUR: &str = "a CSS colour name, 3, 4, 6 or 8 hex digits, rgb(r,g,b) or rgba(r,g,b,a)";

/// Headers of responses with a picture, with their descriptions.
const HEADERS: &[(&str, &str)] = &[
    ("ETag", "Strong validator of this response, which includes the negotiated format."),
    ("Last-Modified", "Modification date of the original, if the origin reports one."),
    (
        "Cache-Control",
        "How long the response may be cached: the lifetimes stated by the origin, within the configured bounds.",
    ),
    ("Age", "Seconds since the original was fetched or revalidated."),
    (
        "Vary",
        "Request headers that the response depends on: `Accept` with `format=auto`, client hints, `Origin`.",
    ),
    ("Accept-Ranges", "`bytes`: range requests are supported."),
    (
        "Access-Control-Allow-Origin",
        "The sites whose scripts may read the response: all (`*`), or a configured site.",
    ),
    ("Server-Timing", "Duration of phases in milliseconds: queue, fetch, decode, process, encode, cache."),
    ("X-Cache", "Cache status of the response: hit-memory, hit-disk, hit-redis, miss, stale or coalesced."),
    ("X-Original-Filesize", "Size of the original in bytes."),
    ("X-Original-Resolution", "Width and height of the original in pixels, such as `640x427`."),
    ("X-Origin-Fetch-Time", "Duration of the fetch from the origin in milliseconds."),
    (
        "X-Pixmill-Warning",
        "Names of parameters to check, separated by commas: values that were clamped to their range, sizes of 0, `source_url` if its query may have been meant for the request, and unknown parameters whose name resembles a known one, such as `widht is ignored (width?)`.",
    ),
    ("X-Request-Id", "The id from the request if it has a valid one, else a generated one."),
];

/// The OpenAPI document.
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
            "summary": "Image proxy: renders images by the parameters of the query string.",
            "description": "Every parameter can be sent in base64 under its name with `64` appended, which takes \
                            precedence over the plain one. Unknown parameters are ignored and values out of range \
                            clamped, unless the server is strict.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags.collect::<Vec<_>>(),
        "paths": {
            "/{path}": {
                "parameters": parameters,
                "get": operation("picture", "A rendered picture; without parameters, the unmodified original."),
                "head": operation("pictureHead", "The headers of the picture."),
                "post": uploads::operation(),
            },
            "/async/{id}": uploads::status(),
            "/async/{id}/result": uploads::result(),
            "/config": admin_page("config", "The effective configuration, with secrets masked.", "application/json"),
            "/stats": admin_page("stats", "A summary of the metrics as JSON.", "application/json"),
            "/metrics": admin_page("metrics", "All metrics, in the text format of Prometheus.", "text/plain"),
        },
        "components": {
            "headers": HEADERS.iter().map(|(name, text)| ((*name).to_owned(), header(text))).collect::<Map<_, _>>(),
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
        "description": "Path of the original below the configured origin; it may contain slashes.",
        "schema": { "type": "string" },
        "example": "china.jpg",
    })
}

/// A page of the admin listener.
fn admin_page(id: &str, summary: &str, kind: &str) -> Value {
    json!({
        "servers": [{ "url": "http://127.0.0.1:17006", "description": "The admin listener." }],
        "get": {
            "operationId": id,
            "summary": summary,
            "security": [{}, { "password": [] }],
            "responses": {
                "200": { "description": summary, "content": { kind: {} } },
                "401": { "description": "Missing or wrong password." },
            },
        },
    })
}

fn parameter(group: Group, spec: &Spec) -> Value {
    let mut notes = vec![spec.summary.to_owned()];
    notes.extend((!spec.help.is_empty()).then(|| spec.help.to_owned()));
    notes.extend((!spec.aliases.is_empty()).then(|| format!("Aliases: `{}`.", spec.aliases.join("`, `"))));
    notes.extend((!spec.needs.is_empty()).then(|| format!("Requires one of `{}`.", spec.needs.join("`, `"))));
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
    // a default that is not a value is in the description only
    if let Some(default) = typed(spec.grammar, spec.default) {
        schema["default"] = default;
    }
    schema
}

/// A value in the JSON type of its grammar; none if the text is not a value.
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

/// The value of the parameter in an example query.
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
    let description = "The picture, or its description as JSON.";
    responses.insert("200".to_owned(), picture_response(description, has_body.then(content)));
    let description = "The byte range requested by `Range`.";
    responses.insert("206".to_owned(), picture_response(description, has_body.then(content)));
    responses.insert("304".to_owned(), picture_response("Not modified: the client has this version.", None));
    if has_body {
        responses.insert("202".to_owned(), uploads::accepted());
    }
    for (status, mut response) in error::statuses().into_iter().map(error_response) {
        if !has_body {
            response.as_object_mut().and_then(|response| response.remove("content"));
        }
        responses.insert(status, response);
    }
    json!({ "operationId": id, "summary": summary, "responses": responses })
}

/// The status and the response object of an error.
fn error_response((status, reason, codes): (u16, &str, Vec<&str>)) -> (String, Value) {
    let response = json!({
        "description": format!("{reason}: `{}`.", codes.join("`, `")),
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    });
    (status.to_string(), response)
}

/// The response object of a picture.
fn picture_response(description: &str, content: Option<Value>) -> Value {
    let reference = |name: &str| json!({ "$ref": format!("#/components/headers/{name}") });
    let headers: Map<_, _> = HEADERS.iter().map(|(name, _)| ((*name).to_owned(), reference(name))).collect();
    let mut response = json!({ "description": description, "headers": headers });
    if let Some(content) = content {
        response["content"] = content;
    }
    response
}

fn header(description: &str) -> Value {
    json!({ "description": description, "schema": { "type": "string" } })
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
                "code": { "type": "string", "enum": codes, "description": "Machine-readable, stable error code." },
                "parameter": { "type": "string", "description": "The invalid parameter, if there is one." },
                "message": { "type": "string", "description": "Human-readable error message." },
                "help": { "type": "string", "format": "uri", "description": "The page that explains the code, if `errors.help_url` is set." },
                "request_id": { "type": "string", "description": "The id of the request, as in `X-Request-Id`; of a failed job, that of the request that queued it." },
                "trace_id": { "type": "string", "description": "The id of the request's trace, if the server traces requests." },
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
    fn every_parameter_is_listed_once_with_its_range() {
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
    fn references_resolve_and_operation_ids_are_unique() {
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
