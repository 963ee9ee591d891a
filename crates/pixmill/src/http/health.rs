//! The liveness and readiness probes.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde_json::json;

use super::{error, extract::worker, headers::put_uncached};

/// The liveness probe: 200 while the process runs.
pub async fn health() -> HttpResponse {
    let mut response = HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("healthy");
    put_uncached(response.headers_mut());
    response
}

/// The readiness probe: 200 if the server can take requests, else 503 with the reasons. Load is no reason: a loaded server
/// refuses single requests, and the others would get the load of one that is taken out.
pub async fn ready(request: HttpRequest) -> HttpResponse {
    let shared = &worker(&request).shared;
    let mut reasons = Vec::new();
    if shared.is_draining() {
        reasons.push("the server is shutting down");
    }
    let redis = &shared.config.cache.redis;
    if redis.required && !shared.caches.coordinator.is_connected() {
        reasons.push("Redis is not connected");
    }
    if shared.rendering.renderer.is_broken() {
        reasons.push("no render worker can be started");
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { error::UNREADY };
    let mut body = json!({ "ready": reasons.is_empty(), "reasons": reasons });
    // not a reason to be unready: only some parameters need the models
    if shared.rendering.renderer.analyzer().lacks_models() {
        body["limits"] = json!([error::NO_MODELS]);
    }
    let mut response = HttpResponse::build(status).json(body);
    put_uncached(response.headers_mut());
    response
}
