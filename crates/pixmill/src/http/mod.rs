//! The HTTP interface: handlers, middleware, and the headers of responses.

mod accept;
mod admin;
mod cache_control;
mod client_hints;
mod conditional;
pub mod cors;
pub mod error;
mod extract;
mod headers;
mod health;
mod image;
mod image_response;
pub mod job_status;
mod jobs;
pub mod middleware;
pub mod openapi;
mod origin_params;
mod picture_request;
mod purge;
mod range;
mod recent_requests;
pub(crate) mod request_id;
mod response_head;
mod upload;

use actix_web::{
    middleware::from_fn,
    web::{ServiceConfig, get, head, resource, scope, to},
};

pub use self::admin::metrics::text as metrics_text;
use crate::error::Error;

/// Path of the liveness probe.
pub const HEALTH: &str = "/health";

/// Path of the readiness probe.
pub const READY: &str = "/ready";

/// Routes of the public listener.
pub fn public(config: &mut ServiceConfig) {
    config.app_data(recent_requests::RecentRequests::default());
    health_pages(config);
    jobs::pages(config, to(image::image));
    config.default_service(to(image::image));
}

/// Routes of the upload listener: those of the public one, and uploads.
pub fn uploads(config: &mut ServiceConfig) {
    config.app_data(upload::UploadListener);
    public(config);
}

/// Routes of the admin listener.
pub fn admin(config: &mut ServiceConfig) {
    health_pages(config);
    let others = scope("").wrap(from_fn(admin::basic_auth::check)).wrap(from_fn(admin::host::check));
    config.service(others.configure(admin::pages));
}

fn health_pages(config: &mut ServiceConfig) {
    let other = || to(async || error::response(&Error::Method));
    let health = resource(HEALTH).route(get().to(health::health)).route(head().to(health::health));
    let ready = resource(READY).route(get().to(health::ready)).route(head().to(health::ready));
    config.service(health.default_service(other())).service(ready.default_service(other()));
}
