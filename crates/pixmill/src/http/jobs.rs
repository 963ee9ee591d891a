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
    error, image,
    image_response::{self, ResponseNotes},
    put, put_uncached, upload, worker,
};
use crate::{
    failure::Failure,
    original::Standing,
    service::{Answer, Found},
    signing::Admitted,
    state::{Shared, Worker},
    uploads::{
        Error,
        control_params::{self, Delivery},
        job::Job,
        queue::JobQueue,
        status::{self, JOB_PREFIX, JobId, JobState},
    },
};

/// An id in a path. Other paths below [`JOB_PREFIX`] are those of pictures.
const ID: &str = "{id:[0-9a-f]{32}}";

/// The pages of jobs.
pub fn pages(config: &mut ServiceConfig) {
    let other = || to(async || error::response(&Failure::Method));
    let status = resource(format!("{JOB_PREFIX}/{ID}")).route(get().to(status)).route(head().to(status));
    let result =
        resource(format!("{JOB_PREFIX}/{ID}/result")).route(get().to(result)).route(head().to(result));
    config.service(status.default_service(other())).service(result.default_service(other()));
}

/// Whether a path is one of these.
pub fn is_page(path: &str) -> bool {
    let Some(rest) = path.strip_prefix(JOB_PREFIX).and_then(|rest| rest.strip_prefix('/')) else {
        return false;
    };
    JobId::parse(rest.strip_suffix("/result").unwrap_or(rest)).is_some()
}

/// Answers a request for a picture whose query string may ask for more than a picture.
pub async fn answer(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    admitted: Admitted<'_>,
) -> Result<HttpResponse, Failure> {
    let shared = &worker.shared;
    let control = control_params::parse(&admitted.query, &[], shared.config.uploads.max_queries)?;
    if control.when == Delivery::Immediate || *request.method() == Method::HEAD {
        // the others need an upload, or a request that is answered later
        let admitted = Admitted { query: control.rest.into(), ..admitted };
        return image::picture(worker, request, &admitted).await;
    }
    // one request for many pictures is for those who may upload
    if !control.queries.is_empty() {
        if !upload::accepts_uploads(request) {
            let reason = "expected a listener that takes uploads";
            return Err(Error::Refused { parameter: "cache_queries", reason }.into());
        }
        upload::authorize(shared, request)?;
    }
    let (job, _) = upload::read(worker, request, &control)?;
    if job.wanted.params.gives_original() && !shared.config.params.allow_original {
        return Err(Failure::OriginalRefused);
    }
    accepted(shared, job).await
}

/// Takes the work over, and says where it is told how it goes.
pub async fn accepted(shared: &Shared, job: Job) -> Result<HttpResponse, Failure> {
    if shared.config.uploads.queue == 0 || !shared.config.cache.results.enabled {
        let reason = "this server answers no requests later";
        return Err(Error::Refused { parameter: "async", reason }.into());
    }
    let id = JobQueue::enqueue(shared, job).await?;
    let mut response = HttpResponse::Accepted().json(id.unended(JobState::Pending));
    let headers = response.headers_mut();
    put_uncached(headers);
    put(headers, LOCATION, id.location());
    Ok(response)
}

async fn status(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let told = match JobId::parse(&id) {
        Some(id) => status::look_up(&worker(&request).shared, id).await,
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
    let hit = match JobId::parse(&id) {
        Some(id) => status::result(&worker(&request).shared, id).await,
        None => None,
    };
    let Some(hit) = hit else { return error::response(&Error::UnknownJob.into()) };
    let known = Answer::known(&hit.entry, Found::Hit(hit.tier), began.elapsed());
    let answer = Answer { standing: Standing::Unkept, ..known };
    image_response::build(&request, &answer, &ResponseNotes::default())
}
