//! Middleware of every listener: request id, access log, request metrics, CORS, and responses to `OPTIONS`.

use std::rc::Rc;

use actix_web::{
    Error, HttpResponse,
    body::BoxBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{ALLOW, HeaderValue},
    },
    middleware::Next,
};

use super::{
    HEALTH, READY,
    cors::Cors,
    error::{METHODS, UPLOAD_METHODS},
    extract::worker,
    headers::put_uncached,
    jobs, playground,
    recent_requests::RecentRequests,
    request_id::{REQUEST_ID, request_id},
    upload,
};
use crate::{
    config::Playground,
    model::cache_status::CacheStatus,
    telemetry::{
        access::AccessEntry,
        counters::{ListenerKind, Route},
        current_request::RequestScope,
        traces::RequestTrace,
    },
};

/// Wraps all routes of a listener. It responds to `OPTIONS` itself, except on the admin listener, which scripts of other
/// sites must not use: its responses have no CORS headers either.
pub async fn observe(
    listener: ListenerKind,
    cors: Rc<Cors>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse, Error> {
    let worker = Rc::clone(worker(request.request()));
    let route = route(listener, &request, &worker.shared.config.playground);
    // requests to the admin listener do not count: a scrape of metrics would count itself
    let _in_flight = (route != Route::Admin).then(|| worker.enter());
    let id = request_id(request.headers().get(REQUEST_ID));
    let (shared, trusted_proxies) = (&worker.shared, worker.shared.config.listen.trusted_proxies);
    let trace = shared.tracer.as_ref().and_then(|tracer| tracer.begin(request.request(), route));
    let context = trace.as_ref().map(RequestTrace::context);
    let entry =
        AccessEntry::begin(request.request(), &id, route, &shared.counters, trusted_proxies, context.clone());
    let result = if route != Route::Admin && *request.method() == Method::OPTIONS {
        Ok(request.into_response(options()))
    } else {
        let scope = RequestScope { id: Some(id.clone().into()), trace: context };
        scope.scope(next.call(request)).await
    };
    let (request, mut response) = match result {
        Ok(response) => response.into_parts(),
        Err(error) => {
            let response = error.error_response();
            entry.end(&response, || None);
            end(trace, &response, None, &id);
            return Err(error);
        }
    };
    if route == Route::Image && response.headers().contains_key(ALLOW) && upload::accepts_uploads(&request) {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(UPLOAD_METHODS));
    }
    // pages of other sites have no use for the playground
    if !matches!(route, Route::Admin | Route::Playground) {
        cors.add_headers(&request, &mut response);
    }
    response.headers_mut().insert(REQUEST_ID, id.clone());
    let found = entry.end(&response, || RecentRequests::logged(&request, &shared.config.client_hints));
    end(trace, &response, found, &id);
    Ok(ServiceResponse::new(request, response))
}

/// Ends the trace, if the request has one.
fn end(trace: Option<RequestTrace>, response: &HttpResponse, found: Option<CacheStatus>, id: &HeaderValue) {
    if let Some(trace) = trace {
        trace.end(response.status().as_u16(), found, id.to_str().unwrap_or_default());
    }
}

fn route(listener: ListenerKind, request: &ServiceRequest, config: &Playground) -> Route {
    match request.path() {
        _ if listener == ListenerKind::Admin => Route::Admin,
        HEALTH | READY => Route::Health,
        _ if config.enabled && playground::is_page(request.uri(), config) => Route::Playground,
        path if jobs::is_page(path) => Route::Job,
        _ => Route::Image,
    }
}

fn options() -> HttpResponse {
    let mut response = HttpResponse::NoContent().finish();
    let headers = response.headers_mut();
    put_uncached(headers);
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn routes() {
        let id = "0123456789abcdef0123456789abcdef";
        for (path, expected) in [
            ("/health", Route::Health),
            ("/ready", Route::Health),
            ("/healthy.jpg", Route::Image),
            (&format!("/async/{id}"), Route::Job),
            (&format!("/async/{id}/result"), Route::Job),
            (&format!("/async/{id}/other"), Route::Image),
            (&format!("/async/{id}0"), Route::Image),
            ("/async/photo.jpg", Route::Image),
        ] {
            let request = TestRequest::with_uri(path).to_srv_request();
            let off = Playground::default();
            assert_eq!(route(ListenerKind::Public, &request, &off), expected, "{path}");
            assert_eq!(route(ListenerKind::Uploads, &request, &off), expected, "{path}");
            assert_eq!(route(ListenerKind::Admin, &request, &off), Route::Admin, "{path}");
        }
    }

    #[test]
    fn the_playground_has_pages_only_if_it_is_on() {
        let config = |enabled, landing| Playground { enabled, landing, ..Playground::default() };
        for (path, on, landing) in [
            ("/playground", true, true),
            ("/playground/app.js", true, true),
            ("/playground/explain/a.jpg?width=3", true, true),
            ("/llms.txt", true, true),
            ("/openapi.json", true, true),
            ("/playgrounds", false, false),
            ("/", false, true),
            ("/?width=3", false, false),
        ] {
            let request = TestRequest::with_uri(path).to_srv_request();
            for (config, expected) in
                [(config(false, false), false), (config(true, false), on), (config(true, true), landing)]
            {
                let expected = if expected { Route::Playground } else { Route::Image };
                assert_eq!(route(ListenerKind::Public, &request, &config), expected, "{path} {config:?}");
            }
        }
    }
}
