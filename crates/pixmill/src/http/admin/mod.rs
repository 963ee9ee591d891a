//! The pages of the admin listener.

pub mod basic_auth;
pub mod host;
pub mod metrics;
mod stats;

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    web::{ServiceConfig, delete, get, head, resource, to},
};
use serde_json::Value;

use super::{error, extract::worker, headers::put_uncached, purge};
use crate::error::Error;

/// The routes of the admin listener that require the password, if one is set.
pub fn pages(config: &mut ServiceConfig) {
    let json = |page: fn(&HttpRequest) -> Value| {
        move |request: HttpRequest| async move { uncached(HttpResponse::Ok().json(page(&request))) }
    };
    let settings = json(|request| worker(request).shared.config.redacted());
    let stats = json(|request| stats::stats(&worker(request).shared));
    let metrics = async |request: HttpRequest| metrics(&request);
    config
        .service(page("/config").route(get().to(settings)).route(head().to(settings)))
        .service(page("/stats").route(get().to(stats)).route(head().to(stats)))
        .service(page("/metrics").route(get().to(metrics)).route(head().to(metrics)))
        .default_service(to(purge::purge));
}

fn page(path: &str) -> Resource {
    // an original may have the path of a page: it can be purged too
    resource(path)
        .route(delete().to(purge::purge))
        .default_service(to(async |request: HttpRequest| error::respond(&request, &Error::Method)))
}

fn metrics(request: &HttpRequest) -> HttpResponse {
    let text = metrics::text(&worker(request).shared);
    uncached(HttpResponse::Ok().content_type(metrics::CONTENT_TYPE).body(text))
}

fn uncached(mut response: HttpResponse) -> HttpResponse {
    put_uncached(response.headers_mut());
    response
}
