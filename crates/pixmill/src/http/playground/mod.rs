//! The playground: a page on which people try parameters out, and the landing page at `/` that leads to it.
//!
//! Pictures come from the same URLs as for everybody, so that the page can do no more than any client of this listener. Its own
//! routes serve the page and what programs read of the documentation ([`assets`]), describe the server ([`about`]), and explain and score a picture ([`inspect`]).

mod about;
mod assets;
mod inspect;
pub mod samples;

use actix_web::{
    HttpRequest, Route,
    dev::RequestHead,
    guard::fn_guard,
    http::Uri,
    web::{ServiceConfig, get, head, resource, scope, to},
};

use super::error;
use crate::{config::Playground, error::Error};

/// Path of the page, and prefix of all others.
const PREFIX: &str = "/playground";

/// Path of the index of the documentation for language models.
const INDEX: &str = "/llms.txt";

/// Path of the OpenAPI document.
const OPENAPI: &str = "/openapi.json";

/// Whether a path is a page of the playground, if it is on.
pub fn is_page(uri: &Uri, config: &Playground) -> bool {
    match uri.path().strip_prefix(PREFIX) {
        Some(rest) => rest.is_empty() || rest.starts_with('/'),
        None => [INDEX, OPENAPI].contains(&uri.path()) || config.landing && is_landing(uri),
    }
}

/// Without a query: a picture at `/` has parameters, such as `source_url`.
fn is_landing(uri: &Uri) -> bool {
    uri.path() == "/" && uri.query().is_none_or(str::is_empty)
}

/// Adds the pages to a listener; `pictures` serves `/` if that is not the landing page.
pub fn pages(config: &mut ServiceConfig, pictures: Route) {
    let other = || to(async |request: HttpRequest| error::respond(&request, &Error::Method));
    let read = |path: &str| resource(path.to_owned()).default_service(other());
    let landing = fn_guard(|context| {
        let head: &RequestHead = context.head();
        let is_on = context.app_data().is_some_and(landing_is_on);
        is_on && is_landing(&head.uri)
    });
    let page = async |request: HttpRequest| assets::page(&request, "index.html");
    let asset = async |request: HttpRequest| assets::asset(&request);
    let welcome = async |request: HttpRequest| assets::page(&request, "landing.html");
    config.service(
        scope(PREFIX)
            .service(read("").route(get().to(page)).route(head().to(page)))
            .service(read("/about.json").route(get().to(about::about)).route(head().to(about::about)))
            .service(read("/explain/{path:.*}").route(get().to(inspect::explain)))
            .service(read("/score/{path:.*}").route(get().to(inspect::score)))
            .service(read("/{name}").route(get().to(asset)).route(head().to(asset)))
            .default_service(to(async |request: HttpRequest| error::respond(&request, &Error::Page))),
    );
    let index = async |request: HttpRequest| assets::index(&request);
    let openapi = async |request: HttpRequest| assets::openapi(&request);
    config.service(read(INDEX).route(get().to(index)).route(head().to(index)));
    config.service(read(OPENAPI).route(get().to(openapi)).route(head().to(openapi)));
    config.service(
        resource("/")
            .guard(landing)
            .route(get().to(welcome))
            .route(head().to(welcome))
            .default_service(pictures),
    );
}

fn landing_is_on(worker: &std::rc::Rc<crate::state::Worker>) -> bool {
    worker.shared.config.playground.landing
}
