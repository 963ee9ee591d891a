//! The handler of uploads: authorization, the job that a request describes, and the response.

use std::{rc::Rc, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{AUTHORIZATION, CONTENT_LOCATION},
    web::Payload,
};
use image_api::{params::Parsed, query::RequestQuery};
use origin::{ObjectRef, SourcePath};

use super::{
    headers::{put, put_uncached},
    image_response, job_status, jobs, picture_request,
    response_head::ResponseNotes,
};
use crate::{
    config::Errors,
    error::Error,
    model::variant::VariantRequest,
    render::Class,
    signing::{Admitted, Fault, Purpose},
    state::{Shared, Worker},
    uploads::{
        Upload, UploadError,
        control_params::{self, ControlParams, Delivery, ProcessedUpload},
        job::{Job, JobInput, JobOutcome, Retention, Variant},
        receive, run,
        status::Stored,
    },
};

/// Marks the upload listener.
pub struct UploadListener;

/// Whether the listener of this request accepts uploads.
pub fn accepts_uploads(request: &HttpRequest) -> bool {
    let public = || super::extract::worker(request).shared.config.uploads.public;
    request.app_data::<UploadListener>().is_some() || public()
}

/// Fails unless the request carries one of `uploads.tokens`. Without tokens, it refuses requests that a browser sends on
/// behalf of another site, as `Sec-Fetch-Site` tells.
pub fn authorize(shared: &Shared, request: &HttpRequest) -> Result<(), Error> {
    let uploads = &shared.config.uploads;
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
    let is_authorized = if uploads.tokens.is_empty() {
        request.headers().get("sec-fetch-site").is_none_or(|site| site != "cross-site")
    } else {
        given.is_some_and(|token| uploads.knows(token))
    };
    if is_authorized {
        return Ok(());
    }
    Err(UploadError::Unauthorized.into())
}

/// The token of an `Authorization` header (RFC 6750, 2.1).
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Receives an upload and runs its job. Responds with the picture, or with the list of what was stored.
pub async fn respond(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let shared = &worker.shared;
    authorize(shared, request)?;
    // refuse invalid paths before the body is received
    SourcePath::parse(request.uri().path())?;
    let Admitted { query, .. } = picture_request::verify_query(
        shared,
        Purpose::Upload,
        request.uri().path(),
        Rc::new(RequestQuery::parse(request.query_string())?),
    )?;
    let Upload { file, fields, reservation } = receive(shared, request.headers(), payload).await?;
    let deadline = Instant::now() + shared.config.limits.deadline;
    if shared.signer.is_some() && !fields.is_empty() {
        // fields of a form are not covered by the signature
        return Err(Fault::Wrong.into());
    }
    let control = control_params::parse(&query, &fields, shared.config.uploads.max_queries)?;
    let retention = retention(&control);
    let (job, mut notes) = parse_job(worker, request, &control)?;
    let mut job = Job { input: JobInput::Upload { file, reservation, retention }, ..job };
    if retention == Retention::Processed {
        // defaults apply when the stored picture is requested, so not here too
        let Parsed { params, clamped } = without_defaults(shared, &control.rest)?;
        notes.warnings = picture_request::warnings(clamped, &control.rest);
        job.wanted.params = params;
    }
    if control.delivery == Delivery::Async {
        return jobs::enqueue(shared, job).await;
    }
    let JobOutcome { answer, stored } = run::run(worker, &job, Class::Picture, deadline).await?;
    if !job.others.is_empty() {
        return Ok(list_stored(&stored, &shared.config.errors));
    }
    // the response to a POST must not be cached
    notes.no_store = true;
    let mut response = image_response::build(request, &answer, &notes);
    if retention == Retention::Processed {
        put(response.headers_mut(), CONTENT_LOCATION, &job.path);
    }
    Ok(response)
}

/// Which picture of an upload is stored.
fn retention(control: &ControlParams) -> Retention {
    match (control.processed, control.queries.is_empty()) {
        (ProcessedUpload::Store, _) => Retention::Processed,
        (ProcessedUpload::ReturnOnly, true) => Retention::None,
        (ProcessedUpload::ReturnOnly, false) => Retention::Original,
    }
}

/// The job that a request describes, and the notes for its response.
pub fn parse_job(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    control: &ControlParams,
) -> Result<(Job, ResponseNotes), Error> {
    let (VariantRequest { target, params, accept, .. }, notes) =
        picture_request::parse_request(worker, request, &control.rest)?;
    let (place, query) = control_params::split_source(&control.rest);
    let wanted = Variant { query, params };
    let others = control.queries.iter().map(|query| {
        let parsed = RequestQuery::parse(query)?;
        let (VariantRequest { params, .. }, _) = picture_request::parse_request(worker, request, &parsed)?;
        if params.gives_original() && !worker.shared.config.params.allow_original {
            return Err(Error::OriginalRefused);
        }
        Ok(Variant { query: query.clone(), params })
    });
    let others = others.collect::<Result<_, _>>()?;
    let sent = request.uri().path();
    // a whole URL in place of a path has no canonical form
    let path = SourcePath::parse(sent).map_or_else(|_| sent.to_owned(), |path| path.canonical().to_owned());
    let path = control_params::location(&path, &place);
    let target = ObjectRef::clone(&target);
    Ok((Job { target, path, wanted, others, accept, input: JobInput::Origin }, notes))
}

fn without_defaults(shared: &Shared, query: &RequestQuery) -> Result<Parsed, Error> {
    let mut rules = shared.rules.clone();
    rules.set_defaults("")?;
    Ok(rules.parse_query(query)?)
}

/// The response to an upload with `cache_queries`.
fn list_stored(stored: &[Stored], settings: &Errors) -> HttpResponse {
    let mut response = HttpResponse::Ok().json(job_status::stored_list(stored, settings));
    put_uncached(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_tokens() {
        for (value, token) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("abc", None),
        ] {
            assert_eq!(bearer(value), token, "{value}");
        }
    }
}
