//! What a request for a picture means: its signature, its original and its parameters; and the response to it.

use std::{borrow::Cow, rc::Rc, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header::HeaderMap};
use image_api::{
    params::{
        Parsed,
        refusal::{Refusal, mistyped},
    },
    query::RequestQuery,
};
use result_cache::clock;

use super::{
    accept::accepted_formats,
    client_hints, image_response,
    origin_params::locate,
    recent_requests::KnownRequest,
    response_head::{ResponseHead, ResponseNotes},
};
use crate::{
    cache_key::negotiates,
    config::SourceUrlQuery,
    error::Error,
    model::{cache_status::CacheStatus, variant::VariantRequest},
    render::Class,
    server_timing::ServerTiming,
    signing::{Admitted, Purpose},
    state::{Shared, Worker},
};

/// In `X-Pixmill-Warning`: `source_url` has an unencoded query, whose parameters may have been meant for the request.
const SOURCE_URL: &str = "source_url";

/// In `Vary`: the header that selects the format.
const ACCEPT_HEADER: &str = "Accept";

/// Responds with the picture that the query string of a request describes.
pub(super) async fn respond(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    admitted: &Admitted,
) -> Result<HttpResponse, Error> {
    let known = understand(worker, request, admitted)?;
    Ok(serve(worker, request, &known).await?.0)
}

/// What a request means.
pub(super) fn understand(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    admitted: &Admitted,
) -> Result<KnownRequest, Error> {
    let (wanted, notes) = parse_request(worker, request, &admitted.query)?;
    if wanted.params.gives_original() && !worker.shared.config.params.allow_original {
        return Err(Error::OriginalRefused);
    }
    let key = worker.variants.key(&wanted);
    Ok(KnownRequest::new(key, wanted, notes, admitted.signature))
}

/// Responds with the picture that a request means, and says where it came from.
pub(super) async fn serve(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    known: &KnownRequest,
) -> Result<(HttpResponse, CacheStatus), Error> {
    let expires = known.signature.and_then(|signature| signature.expires);
    let max_age = expires.map(|expires| Duration::from_secs(expires.saturating_sub(unix_seconds())));
    let answer = worker.variants.serve_key(known.key, || known.wanted.clone()).await?;
    let lookup = ServerTiming { cache: answer.timing.cache, ..ServerTiming::default() };
    worker.shared.counters.phases.observe(&lookup);
    let head = match answer.cache_status {
        CacheStatus::Hit(_) => known.head(&answer.entry),
        _ => Rc::new(ResponseHead::new(&answer.entry.meta, answer.storability, &known.notes)),
    };
    Ok((image_response::build_with(request, &answer, &head, max_age), answer.cache_status))
}

/// Interprets a request with this query. Returns it with the notes for its response.
pub(super) fn parse_request(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    query: &RequestQuery,
) -> Result<(VariantRequest, ResponseNotes), Error> {
    parse_request_for(worker, request, request.uri().path(), query)
}

/// The same for the path of another picture than that of the request.
pub(super) fn parse_request_for(
    worker: &Rc<Worker>,
    request: &HttpRequest,
    path: &str,
    query: &RequestQuery,
) -> Result<(VariantRequest, ResponseNotes), Error> {
    let shared = &worker.shared;
    let target = locate(worker, request, path, query)?;
    let (Parsed { params, clamped }, mut varies) = parse_params(shared, query, request.headers())?;
    let mut warnings = warnings(clamped, query);
    if query.is_ambiguous() {
        warnings.push(SOURCE_URL.into());
    }
    if negotiates(&params) {
        varies.push(ACCEPT_HEADER);
    }
    let notes = ResponseNotes {
        warnings,
        varies,
        asks_hints: shared.config.client_hints.enabled,
        ..ResponseNotes::default()
    };
    let accept = accepted_formats(request.headers());
    Ok((VariantRequest { target, params, accept, class: Class::Picture }, notes))
}

/// Verifies the signature of a request, if requests must be signed, and returns the part of the query that it covers.
pub(super) fn verify_query(
    shared: &Shared,
    purpose: Purpose,
    path: &str,
    query: Rc<RequestQuery>,
) -> Result<Admitted, Error> {
    let admitted = match &shared.signer {
        Some(signer) => signer.check(purpose, path, RequestQuery::clone(&query), unix_seconds())?,
        None => Admitted { query, signature: None },
    };
    if shared.config.params.source_url_query == SourceUrlQuery::Original {
        return Ok(admitted);
    }
    let query = RequestQuery::clone(&admitted.query).with_own_query();
    Ok(Admitted { query: Rc::new(query), ..admitted })
}

/// The parameters of a query that its author should check: those whose values were clamped, and unknown ones that resemble
/// known ones.
pub(super) fn warnings(clamped: Vec<&'static str>, query: &RequestQuery) -> Vec<Cow<'static, str>> {
    let clamped = clamped.into_iter().map(Cow::Borrowed);
    clamped.chain(mistyped(query).into_iter().map(Cow::Owned)).collect()
}

/// The parameters, and the request headers that they depend on.
fn parse_params(
    shared: &Shared,
    query: &RequestQuery,
    headers: &HeaderMap,
) -> Result<(Parsed, Vec<&'static str>), Refusal> {
    let config = &shared.config.client_hints;
    if !config.enabled {
        return Ok((shared.rules.parse_query(query)?, Vec::new()));
    }
    let (parsed, hints) = shared.rules.parse_hinted(query, &client_hints::from_headers(headers, config))?;
    Ok((parsed, hints.into_iter().map(client_hints::header).collect()))
}

/// The current time in seconds of Unix time.
pub(super) fn unix_seconds() -> u64 {
    clock::now() / 1000
}
