//! The handler of every path that is not a page: a picture.

use std::{borrow::Cow, rc::Rc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{ALLOW, HeaderMap, HeaderValue},
    },
};
use origin::SourcePath;
use result_cache::clock;
use vips_ops::params::{Parsed, refusal::Refusal};

use super::{
    accept::accept,
    error::{self, METHODS},
    hints, put_uncached, refusal,
    request_id::{REQUEST_ID, request_id},
    success::{self, Remarks},
    worker,
};
use crate::{
    failure::Failure,
    keys::negotiates,
    service::{self, Answer, Request},
    signing::{Admitted, Purpose},
    state::{Shared, Worker},
    telemetry::access::Entry,
    timing::Timing,
};

/// How `Vary` names the header that chooses a format.
const ACCEPT_HEADER: &str = "Accept";

/// Answers with a picture, or says why not.
pub async fn image(request: HttpRequest) -> HttpResponse {
    let worker = worker(&request);
    let _answering = worker.answering();
    let id = request_id(request.headers());
    let mut entry = Entry::begin(&request, &id, &worker.shared.counters);
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => match picture(worker, &request).await {
            Ok((answer, remarks)) => {
                entry.found(answer.found);
                success::response(&request, &answer, &remarks)
            }
            Err(failure) => {
                entry.failed(&failure);
                worker.shared.counters.failures.add(error::code(&failure));
                error::response(&failure)
            }
        },
        Method::OPTIONS => options(),
        _ => error::response(&Failure::Method),
    };
    worker.shared.cors.describe(&request, &mut response);
    response.headers_mut().insert(REQUEST_ID, id.clone());
    entry.end(&response);
    response
}

async fn picture(worker: &Rc<Worker>, request: &HttpRequest) -> Result<(Answer, Remarks), Failure> {
    let shared = &worker.shared;
    let path = request.uri().path();
    let Admitted { query, expires } = admitted(shared, path, request.query_string())?;
    refusal::check(path, &query)?;
    let path = Rc::new(SourcePath::parse(path)?);
    let (Parsed { params, clamped }, mut varies) = parsed(shared, &query, request.headers())?;
    if params.gives_original() && !shared.config.params.allow_original {
        return Err(Failure::OriginalRefused);
    }
    if negotiates(&params) {
        varies.push(ACCEPT_HEADER);
    }
    let left = expires.map(|expires| Duration::from_secs(expires.saturating_sub(seconds())));
    let remarks = Remarks { clamped, varies, asks_hints: shared.config.client_hints.enabled, left };
    let accept = accept(request.headers());
    let answer = service::answer(worker, Request { path, params, accept }).await?;
    let looked = Timing { cache: answer.timing.cache, ..Timing::default() };
    shared.counters.phases.observe(&looked);
    Ok((answer, remarks))
}

/// The request as far as its signature covers it, where signatures are wanted.
fn admitted<'a>(shared: &Shared, path: &str, query: &'a str) -> Result<Admitted<'a>, Failure> {
    match &shared.signer {
        Some(signer) => Ok(signer.check(Purpose::Picture, path, query, seconds())?),
        None => Ok(Admitted { query: Cow::Borrowed(query), expires: None }),
    }
}

/// The parameters, and the headers by which they vary.
fn parsed(shared: &Shared, query: &str, headers: &HeaderMap) -> Result<(Parsed, Vec<&'static str>), Refusal> {
    let config = &shared.config.client_hints;
    if !config.enabled {
        return Ok((shared.rules.parse(query)?, Vec::new()));
    }
    let (parsed, hints) = shared.rules.parse_hinted(query, &hints::hints(headers, config))?;
    Ok((parsed, hints.into_iter().map(hints::header).collect()))
}

/// Now, in seconds of Unix time.
fn seconds() -> u64 {
    clock::now() / 1000
}

fn options() -> HttpResponse {
    let mut response = HttpResponse::NoContent().finish();
    let headers = response.headers_mut();
    put_uncached(headers);
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    response
}
