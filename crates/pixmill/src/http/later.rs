//! Requests that are answered later, and the pages that tell how far they are.

use std::{rc::Rc, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{CONTENT_TYPE, LOCATION},
    },
    web::{Path, ServiceConfig, get, head, resource, to},
};

use super::{
    error, image, put, put_uncached,
    success::{self, Remarks},
    upload, worker,
};
use crate::{
    failure::Failure,
    original::Standing,
    service::{Answer, Found},
    signing::Admitted,
    state::{Shared, Worker},
    uploads::{
        Error,
        background::Background,
        job::{self, Id, PAGES, Point},
        order::Order,
        wishes::{self, When},
    },
};

/// An id in a path. Other paths below [`PAGES`] are those of pictures.
const ID: &str = "{id:[0-9a-f]{32}}";

/// The pages of jobs.
pub fn pages(config: &mut ServiceConfig) {
    let other = || to(async || error::response(&Failure::Method));
    let status = resource(format!("{PAGES}/{ID}")).route(get().to(status)).route(head().to(status));
    let result = resource(format!("{PAGES}/{ID}/result")).route(get().to(result)).route(head().to(result));
    config.service(status.default_service(other())).service(result.default_service(other()));
}

/// Whether a path is one of these.
pub fn is_page(path: &str) -> bool {
    let Some(rest) = path.strip_prefix(PAGES).and_then(|rest| rest.strip_prefix('/')) else { return false };
    Id::parse(rest.strip_suffix("/result").unwrap_or(rest)).is_some()
}

/// Answers a request for a picture whose query string may ask for more than a picture.
pub async fn answer(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    admitted: Admitted<'_>,
) -> Result<HttpResponse, Failure> {
    let shared = &worker.shared;
    let wishes = wishes::read(&admitted.query, &[], shared.config.uploads.max_queries)?;
    if wishes.when == When::Now || *request.method() == Method::HEAD {
        // the others need an upload, or a request that is answered later
        let admitted = Admitted { query: wishes.rest.into(), ..admitted };
        return image::picture(worker, request, &admitted).await;
    }
    // one request for many pictures is for those who may upload
    if !wishes.queries.is_empty() {
        if !upload::is_welcome(request) {
            let reason = "expected a listener that takes uploads";
            return Err(Error::Refused { parameter: "cache_queries", reason }.into());
        }
        upload::authorize(shared, request)?;
    }
    let (order, _) = upload::read(worker, request, &wishes)?;
    if order.wanted.params.gives_original() && !shared.config.params.allow_original {
        return Err(Failure::OriginalRefused);
    }
    accepted(shared, order).await
}

/// Takes the work over, and says where it is told how it goes.
pub async fn accepted(shared: &Shared, order: Order) -> Result<HttpResponse, Failure> {
    if shared.config.uploads.queue == 0 || !shared.config.cache.results.enabled {
        let reason = "this server answers no requests later";
        return Err(Error::Refused { parameter: "async", reason }.into());
    }
    let id = Background::enter(shared, order).await?;
    let mut response = HttpResponse::Accepted().json(id.unended(Point::Pending));
    let headers = response.headers_mut();
    put_uncached(headers);
    put(headers, LOCATION, id.location());
    Ok(response)
}

async fn status(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let told = match Id::parse(&id) {
        Some(id) => job::look_up(&worker(&request).shared, id).await,
        None => None,
    };
    let Some(told) = told else { return error::response(&Error::UnknownJob.into()) };
    let mut response = HttpResponse::Ok().body(told);
    let headers = response.headers_mut();
    put(headers, CONTENT_TYPE, "application/json");
    put_uncached(headers);
    response
}

async fn result(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let began = Instant::now();
    let hit = match Id::parse(&id) {
        Some(id) => job::result(&worker(&request).shared, id).await,
        None => None,
    };
    let Some(hit) = hit else { return error::response(&Error::UnknownJob.into()) };
    let known = Answer::known(&hit.envelope, Found::Hit(hit.tier), began.elapsed());
    let answer = Answer { standing: Standing::Unkept, ..known };
    success::response(&request, &answer, &Remarks::default())
}
