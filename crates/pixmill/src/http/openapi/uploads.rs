//! Uploads and asynchronous jobs in the OpenAPI document.

use serde_json::{Map, Value, json};

use super::{error, error_response, picture_response};

/// The operation of an upload.
pub fn operation() -> Value {
    let mut responses = Map::new();
    let content = json!({
        "image/*": {},
        "video/mp4": {},
        "application/json": { "schema": { "$ref": "#/components/schemas/Stored" } },
    });
    let description =
        "The picture, or its description as JSON; with `cache_queries`, the list of stored pictures.";
    responses.insert("200".to_owned(), picture_response(description, Some(content)));
    responses.insert("202".to_owned(), accepted());
    responses.extend(error::upload_statuses().into_iter().map(error_response));
    let schema = form();
    json!({
        "operationId": "upload",
        "summary": "Uploads a picture and processes it.",
        "description": "Available on listeners that accept uploads; others respond with 405. Every parameter of the \
                        query string can be a form field instead, which takes precedence over the query string.",
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
        "Query strings of pictures that are rendered from the same original and stored; may be repeated.";
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
                "description": format!("{queries} Without `cache_processed`, the upload itself becomes the original."),
                "example": "[\"width=200\",\"width=400\",\"height=500\"]",
            },
            "async": {
                "type": "boolean",
                "default": false,
                "description": "Whether the request is processed asynchronously. Also available for GET requests.",
            },
        },
        "additionalProperties": { "type": "string", "description": "A parameter of the picture." },
    })
}

/// The response to an asynchronous request.
pub fn accepted() -> Value {
    json!({
        "description": "With `async`: the job is queued, and its status is at `Location`.",
        "headers": { "Location": { "schema": { "type": "string" }, "description": "URL of the status of the job." } },
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Job" } } },
    })
}

/// The status page of a job.
pub fn status() -> Value {
    page(
        "job",
        "The status of an asynchronous job.",
        &json!({
            "application/json": { "schema": { "$ref": "#/components/schemas/Job" } },
        }),
    )
}

/// The result page of a job.
pub fn result() -> Value {
    page("jobResult", "The picture that the job produced.", &json!({ "image/*": {}, "video/mp4": {} }))
}

fn page(id: &str, summary: &str, content: &Value) -> Value {
    let (absent, response) = error_response((404, "Not Found", vec!["no_such_job"]));
    json!({
        "parameters": [{
            "name": "id",
            "in": "path",
            "required": true,
            "description": "Id of the job, from the response to the asynchronous request.",
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        }],
        "get": {
            "operationId": id,
            "summary": summary,
            "responses": { "200": { "description": summary, "content": content }, absent: response },
        },
    })
}

/// The schema of the status of a job.
pub fn job() -> Value {
    json!({
        "type": "object",
        "required": ["id", "status", "location"],
        "properties": {
            "id": { "type": "string" },
            "status": { "type": "string", "enum": ["pending", "processing", "done", "failed"] },
            "location": { "type": "string", "description": "URL of this status." },
            "result": { "type": "string", "description": "URL of the picture, once the job is done." },
            "stored": { "type": "array", "items": item() },
            "error": { "$ref": "#/components/schemas/Error/properties/error" },
        },
    })
}

/// The schema of a list of stored pictures.
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
            "location": { "type": "string", "description": "URL of the picture." },
            "content_type": { "type": "string" },
            "bytes": { "type": "integer" },
            "etag": { "type": "string" },
            "fresh_for": { "type": "integer", "description": "Remaining freshness lifetime in seconds." },
            "error": { "$ref": "#/components/schemas/Error/properties/error" },
        },
    })
}
