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
mod playground;
mod purge;
mod range;
mod recent_requests;
pub(crate) mod request_id;
mod response_head;
mod upload;

use actix_web::{
    HttpRequest,
    middleware::from_fn,
    web::{ServiceConfig, get, head, resource, scope, to},
};

pub use self::{admin::metrics::text as metrics_text, playground::samples::samples as playground_samples};
use crate::error::Error;

/// Path of the liveness probe.
pub const HEALTH: &str = "/health";

/// Path of the readiness probe.
pub const READY: &str = "/ready";

/// Registers the routes of a listener.
type Pages = fn(&mut ServiceConfig);

/// The routes of the public listener and of the upload listener, with the playground or without.
pub fn picture_pages(has_playground: bool) -> (Pages, Pages) {
    if has_playground {
        (
            |config| {
                playground::pages(config, to(image::image));
                public(config);
            },
            |config| {
                playground::pages(config, to(image::image));
                uploads(config);
            },
        )
    } else {
        (public, uploads)
    }
}

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
    let other = || to(async |request: HttpRequest| error::respond(&request, &Error::Method));
    let health = resource(HEALTH).route(get().to(health::health)).route(head().to(health::health));
    let ready = resource(READY).route(get().to(health::ready)).route(head().to(health::ready));
    config.service(health.default_service(other())).service(ready.default_service(other()));
}
