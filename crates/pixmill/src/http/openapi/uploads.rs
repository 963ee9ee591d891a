//! Uploads, and requests that are answered later, in the OpenAPI document.

use serde_json::{Map, Value, json};

use super::{answer, error, refusal};

/// The operation that takes an upload.
pub fn operation() -> Value {
    let mut responses = Map::new();
    let content = json!({
        "image/*": {},
        "video/mp4": {},
        "application/json": { "schema": { "$ref": "#/components/schemas/Stored" } },
    });
    let says = "The picture, or what is to be said of it; with `cache_queries`, what was stored.";
    responses.insert("200".to_owned(), answer(says, Some(content)));
    responses.insert("202".to_owned(), accepted());
    responses.extend(error::upload_statuses().into_iter().map(refusal));
    let schema = form();
    json!({
        "operationId": "upload",
        "summary": "Processes the picture that is sent.",
        "description": "Where the server takes uploads; elsewhere the method is not answered. Every parameter of the \
                        query string can be a field of the form instead; then it goes before that of the query string.",
        "security": [{}, { "token": [] }],
        "requestBody": { "required": true, "content": {
            "multipart/form-data": { "schema": schema },
            "*/*": { "schema": { "type": "string", "format": "binary", "description": "The picture itself." } },
        } },
        "responses": responses,
    })
}

fn form() -> Value {
    let queries =
        "Query strings of pictures that are made of the same original and stored; it may be repeated.";
    json!({
        "type": "object",
        "required": ["file"],
        "properties": {
            "file": { "type": "string", "format": "binary", "description": "The picture." },
            "cache_processed": {
                "type": "boolean",
                "default": false,
                "description": "Whether the processed picture becomes the original of the path.",
            },
            "cache_queries": {
                "type": "string",
                "description": format!("{queries} Without `cache_processed`, the upload becomes the original as it came."),
                "example": "[\"width=200\",\"width=400\",\"height=500\"]",
            },
            "async": {
                "type": "boolean",
                "default": false,
                "description": "Whether the work is done after the answer; a GET can ask for that too.",
            },
        },
        "additionalProperties": { "type": "string", "description": "A parameter of the picture." },
    })
}

/// The answer to a request that is answered later.
pub fn accepted() -> Value {
    json!({
        "description": "With `async`: the work is begun, and is told of at `Location`.",
        "headers": { "Location": { "schema": { "type": "string" }, "description": "Where it is told how it goes." } },
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } },
    })
}

/// The page of a job.
pub fn status() -> Value {
    page(
        "job",
        "How far a request is that is answered later.",
        &json!({
            "application/json": { "schema": { "$ref": "#/components/schemas/Job" } },
        }),
    )
}

/// The page of a job's picture.
pub fn result() -> Value {
    page("jobResult", "The picture that was made of an upload.", &json!({ "image/*": {}, "video/mp4": {} }))
}

fn page(id: &str, summary: &str, content: &Value) -> Value {
    let (absent, response) = refusal((404, "Not Found", vec!["no_such_job"]));
    json!({
        "parameters": [{
            "name": "id",
            "in": "path",
            "required": true,
            "description": "As the answer to the request named it.",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        }],
        "get": {
            "operationId": id,
            "summary": summary,
            "responses": { "200": { "description": summary, "content": content }, absent: response },
        },
    })
}

/// What is said of a job.
pub fn job() -> Value {
    json!({
        "type": "object",
        "required": ["id", "status", "location"],
        "properties": {
            "id": { "type": "string" },
            "status": { "type": "string", "enum": ["pending", "processing", "done", "failed"] },
            "location": { "type": "string", "description": "Where this is told." },
            "result": { "type": "string", "description": "Where the picture is, when it is done." },
            "stored": { "type": "array", "items": item() },
            "error": { "$ref": "#/components/schemas/Error/properties/error" },
        },
    })
}

/// What was stored.
pub fn stored() -> Value {
    json!({
        "type": "object",
        "required": ["stored"],
        "properties": { "stored": { "type": "array", "items": item() } },
    })
}

fn item() -> Value {
    json!({
        "type": "object",
        "required": ["location"],
        "properties": {
            "location": { "type": "string", "description": "The URL under which the picture is found." },
            "content_type": { "type": "string" },
            "bytes": { "type": "integer" },
            "etag": { "type": "string" },
            "fresh_for": { "type": "integer", "description": "Seconds for which it is." },
            "error": { "$ref": "#/components/schemas/Error/properties/error" },
        },
    })
}
