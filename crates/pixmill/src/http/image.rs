//! The handler of every path that is not a page: a picture.

use std::{borrow::Cow, rc::Rc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::HeaderMap},
    web::Payload,
};
use result_cache::clock;
use vips_ops::params::{Parsed, refusal::Refusal, source};

use super::{
    accept::accept,
    client_hints, error,
    image_response::{self, ResponseNotes},
    jobs,
    origin_params::locate,
    upload, worker,
};
use crate::{
    cache_key::negotiates,
    config::SourceUrlQuery,
    failure::Failure,
    render::Class,
    service::{self, Request},
    signing::{Admitted, Purpose},
    state::{Shared, Worker},
    timing::Timing,
    uploads::control_params,
};

/// How `X-Pixmill-Warning` names a URL whose query may have been meant for the request.
const SOURCE_URL: &str = "source_url";

/// How `Vary` names the header that chooses a format.
const ACCEPT_HEADER: &str = "Accept";

/// Answers with a picture, or says why not.
pub async fn image(request: HttpRequest, payload: Payload) -> HttpResponse {
    let worker = worker(&request);
    let answered = match *request.method() {
        Method::GET | Method::HEAD => fetched(worker, &request).await,
        Method::POST if upload::accepts_uploads(&request) => upload::answer(worker, &request, payload).await,
        _ => Err(Failure::Method),
    };
    answered.unwrap_or_else(|failure| error::response(&failure))
}

/// Answers with a picture of the origin, now or later.
async fn fetched(worker: &Rc<Worker>, request: &HttpRequest) -> Result<HttpResponse, Failure> {
    let admitted = admitted(&worker.shared, Purpose::Picture, request.uri().path(), request.query_string())?;
    if control_params::may_contain(&admitted.query) {
        return jobs::answer(worker, request, admitted).await;
    }
    picture(worker, request, &admitted).await
}

/// Answers with the picture that a query string asks for.
pub(super) async fn picture(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    admitted: &Admitted<'_>,
) -> Result<HttpResponse, Failure> {
    let shared = &worker.shared;
    let (wanted, mut notes) = read(worker, request, &admitted.query)?;
    if wanted.params.gives_original() && !shared.config.params.allow_original {
        return Err(Failure::OriginalRefused);
    }
    notes.left = admitted.expires.map(|expires| Duration::from_secs(expires.saturating_sub(seconds())));
    let answer = service::answer(worker, wanted).await?;
    let looked = Timing { cache: answer.timing.cache, ..Timing::default() };
    shared.counters.phases.observe(&looked);
    Ok(image_response::build(request, &answer, &notes))
}

/// What a request asks for by this query string, and what is to be said of that.
pub(super) fn read(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    query: &str,
) -> Result<(Request, ResponseNotes), Failure> {
    let shared = &worker.shared;
    let target = locate(worker, request, query)?;
    let (Parsed { params, mut clamped }, mut varies) = parsed(shared, query, request.headers())?;
    if source::is_ambiguous(query) {
        clamped.push(SOURCE_URL);
    }
    if negotiates(&params) {
        varies.push(ACCEPT_HEADER);
    }
    let notes = ResponseNotes { clamped, varies, asks_hints: shared.config.client_hints.enabled, left: None };
    let accept = accept(request.headers());
    Ok((Request { target, params, accept, class: Class::Picture }, notes))
}

/// The request as far as its signature covers it, where signatures are wanted.
pub(super) fn admitted<'a>(
    shared: &Shared,
    purpose: Purpose,
    path: &str,
    query: &'a str,
) -> Result<Admitted<'a>, Failure> {
    let admitted = match &shared.signer {
        Some(signer) => signer.check(purpose, path, query, seconds())?,
        None => Admitted { query: Cow::Borrowed(query), expires: None },
    };
    if shared.config.params.source_url_query == SourceUrlQuery::Original {
        return Ok(admitted);
    }
    let query = source::with_own_query(&admitted.query).into_owned();
    Ok(Admitted { query: query.into(), ..admitted })
}

/// The parameters, and the headers by which they vary.
fn parsed(shared: &Shared, query: &str, headers: &HeaderMap) -> Result<(Parsed, Vec<&'static str>), Refusal> {
    let config = &shared.config.client_hints;
    if !config.enabled {
        return Ok((shared.rules.parse(query)?, Vec::new()));
    }
    let (parsed, hints) = shared.rules.parse_hinted(query, &client_hints::from_headers(headers, config))?;
    Ok((parsed, hints.into_iter().map(client_hints::header).collect()))
}

/// Now, in seconds of Unix time.
fn seconds() -> u64 {
    clock::now() / 1000
}
