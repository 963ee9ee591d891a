//! Asynchronous requests (`async=true`), and the pages of their jobs.

use std::{rc::Rc, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse, Route,
    http::{
        Method,
        header::{CONTENT_TYPE, LOCATION},
    },
    web::{Path, ServiceConfig, get, head, resource, scope, to},
};

use super::{
    error,
    extract::worker,
    headers::{put, put_uncached},
    image_response, job_status, picture_request,
    response_head::ResponseNotes,
    upload,
};
use crate::{
    error::Error,
    model::{cache_status::CacheStatus, variant::ServedVariant},
    signing::Admitted,
    state::{Shared, Worker},
    telemetry::current_request,
    uploads::{
        UploadError,
        control_params::{self, Delivery},
        job::{Job, QueuedBy},
        status::{JOB_PREFIX, JobId, JobState, JobStatus},
        status_store, workers,
    },
};

/// Pattern of an id in a path. Other paths below [`JOB_PREFIX`] are paths of pictures.
const ID: &str = "{id:[0-9a-f]{32}}";

/// Adds the pages of jobs to a listener; `pictures` serves all other paths below theirs. They have a scope of their own: the router then compares a prefix with the path of a
/// picture, where it would match a regular expression against it for each page.
pub fn pages(config: &mut ServiceConfig, pictures: Route) {
    let other = || to(async |request: HttpRequest| error::respond(&request, &Error::Method));
    let status = resource(format!("/{ID}")).route(get().to(status)).route(head().to(status));
    let result = resource(format!("/{ID}/result")).route(get().to(result)).route(head().to(result));
    let pages =
        scope(JOB_PREFIX).service(status.default_service(other())).service(result.default_service(other()));
    config.service(pages.default_service(pictures));
}

/// Whether a path is the page of a job.
pub fn is_page(path: &str) -> bool {
    let Some(rest) = path.strip_prefix(JOB_PREFIX).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    JobId::parse(rest.strip_suffix("/result").unwrap_or(rest)).is_some()
}

/// Responds to a GET or HEAD request whose query string may contain control parameters.
pub async fn respond(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    admitted: Admitted,
) -> Result<HttpResponse, Error> {
    let shared = &worker.shared;
    let control = control_params::parse(&admitted.query, &[], shared.config.uploads.max_queries)?;
    if control.delivery == Delivery::Immediate || *request.method() == Method::HEAD {
        // the other control parameters apply to uploads and asynchronous requests only
        let admitted = Admitted { query: Rc::new(control.rest), ..admitted };
        return picture_request::respond(worker, request, &admitted).await;
    }
    // one request for many pictures needs the same permission as an upload
    if !control.queries.is_empty() {
        if !upload::accepts_uploads(request) {
            let reason = "cache_queries is available on listeners that accept uploads only";
            return Err(UploadError::Refused { parameter: "cache_queries", reason }.into());
        }
        upload::authorize(shared, request)?;
    }
    let (job, _) = upload::parse_job(worker, request, &control)?;
    if job.wanted.params.gives_original() && !shared.config.params.allow_original {
        return Err(Error::OriginalRefused);
    }
    enqueue(shared, job).await
}

/// Queues a job and responds with 202 and the location of its status.
pub async fn enqueue(shared: &Shared, job: Job) -> Result<HttpResponse, Error> {
    if shared.config.uploads.queue == 0 || !shared.config.cache.results.enabled {
        let reason = "asynchronous requests are disabled: see uploads.queue and cache.results.enabled";
        return Err(UploadError::Refused { parameter: "async", reason }.into());
    }
    let span = request_trace::current().map(|context| context.as_parent());
    let queued_by =
        QueuedBy { request_id: current_request::current().map(|id| id.as_str().to_owned()), span };
    let id = workers::enqueue(shared, job, queued_by).await?;
    let status = job_status::to_json(&JobStatus::unfinished(id, JobState::Pending), &shared.config.errors);
    let mut response = HttpResponse::Accepted().json(status);
    let headers = response.headers_mut();
    put_uncached(headers);
    put(headers, LOCATION, id.location());
    Ok(response)
}

async fn status(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let status = match JobId::parse(&id) {
        Some(id) => status_store::load(&worker(&request).shared, id).await,
        None => None,
    };
    let Some(status) = status else { return error::respond(&request, &UploadError::UnknownJob.into()) };
    let mut response = HttpResponse::Ok().body(status);
    let headers = response.headers_mut();
    put(headers, CONTENT_TYPE, "application/json");
    put_uncached(headers);
    response
}

async fn result(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let started = Instant::now();
    let hit = match JobId::parse(&id) {
        Some(id) => status_store::load_result(&worker(&request).shared, id).await,
        None => None,
    };
    let Some(hit) = hit else { return error::respond(&request, &UploadError::UnknownJob.into()) };
    let answer = ServedVariant::cached(&hit.entry, CacheStatus::Hit(hit.tier), started.elapsed());
    image_response::build(&request, &answer, &ResponseNotes { no_store: true, ..ResponseNotes::default() })
}
