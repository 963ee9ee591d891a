//! The handler of every path that is not a page: a picture.

use std::rc::Rc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{ALLOW, HeaderValue},
    },
};
use origin::SourcePath;
use vips_ops::params::Parsed;

use super::{
    accept::accept,
    error::{self, METHODS},
    put_uncached, refusal,
    request_id::{REQUEST_ID, request_id},
    success::{self, Remarks},
    worker,
};
use crate::{
    failure::Failure,
    keys::negotiates,
    service::{self, Answer, Request},
    state::Worker,
    telemetry::access::Entry,
};

/// Answers with a picture, or says why not.
pub async fn image(request: HttpRequest) -> HttpResponse {
    let worker = worker(&request);
    let _answering = worker.answering();
    let id = request_id(request.headers());
    let mut entry = Entry::begin(&request, &id);
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => match picture(worker, &request).await {
            Ok((answer, remarks)) => {
                entry.found(answer.found);
                success::response(&request, &answer, &remarks)
            }
            Err(failure) => {
                entry.failed(&failure);
                error::response(&failure)
            }
        },
        Method::OPTIONS => options(),
        _ => error::response(&Failure::Method),
    };
    response.headers_mut().insert(REQUEST_ID, id.clone());
    entry.end(&response);
    response
}

async fn picture(worker: &Rc<Worker>, request: &HttpRequest) -> Result<(Answer, Remarks), Failure> {
    let (path, query) = (request.uri().path(), request.query_string());
    refusal::check(path, query)?;
    let path = Rc::new(SourcePath::parse(path)?);
    let Parsed { params, clamped } = worker.shared.rules.parse(query)?;
    if params.gives_original() && !worker.shared.config.params.allow_original {
        return Err(Failure::OriginalRefused);
    }
    let remarks = Remarks { clamped, negotiated: negotiates(&params) };
    let accept = accept(request.headers());
    let answer = service::answer(worker, Request { path, params, accept }).await?;
    Ok((answer, remarks))
}

fn options() -> HttpResponse {
    let mut response = HttpResponse::NoContent().finish();
    let headers = response.headers_mut();
    put_uncached(headers);
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}
