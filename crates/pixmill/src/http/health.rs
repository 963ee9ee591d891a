//! Whether the server lives, and whether it should get requests.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde_json::json;

use super::{error, put_uncached, worker};

/// Says that the process lives.
pub async fn health() -> HttpResponse {
    let mut response = HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("healthy");
    put_uncached(response.headers_mut());
    response
}

/// Says whether requests are welcome, and if not, why.
pub async fn ready(request: HttpRequest) -> HttpResponse {
    let shared = &worker(&request).shared;
    let mut reasons = Vec::new();
    if shared.is_draining() {
        reasons.push("the server is shutting down");
    }
    // a request that waits longer than this has little time left for its render
    if shared.renderer.pool().load().oldest > shared.config.limits.deadline / 2 {
        reasons.push("renders wait too long for a thread");
    }
    if shared.renderer.is_broken() {
        reasons.push("no render worker can be started");
    }
    let status = if reasons.is_empty() { StatusCode::OK } else { error::UNREADY };
    let mut told = json!({ "ready": reasons.is_empty(), "reasons": reasons });
    // no reason to stay away: everything else is served
    if shared.renderer.sight().is_blind() {
        told["limits"] = json!([error::BLIND]);
    }
    let mut response = HttpResponse::build(status).json(told);
    put_uncached(response.headers_mut());
    response
}
