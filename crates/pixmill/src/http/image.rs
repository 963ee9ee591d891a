//! The handler of every path that is not a page: a request for a picture.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, http::Method, web::Payload};
use futures_util::FutureExt;
use image_api::query::RequestQuery;

use super::{
    error,
    extract::worker,
    jobs,
    picture_request::{serve, understand, unix_seconds, verify_query},
    recent_requests::{RecentRequests, Sent},
    upload,
};
use crate::{error::Error, model::cache_status::CacheStatus, signing::Purpose, state::Worker};

/// Handles a request for a picture, or an upload.
pub async fn image(request: HttpRequest, payload: Payload) -> HttpResponse {
    let worker = worker(&request);
    let result = match *request.method() {
        Method::GET | Method::HEAD => get(worker, &request).await,
        // boxed, as all that is rare and long: the future of a hit stays small
        Method::POST if upload::accepts_uploads(&request) => {
            upload::respond(worker, &request, payload).boxed_local().await
        }
        _ => Err(Error::Method),
    };
    result.unwrap_or_else(|failure| error::respond(&request, &failure))
}

/// Responds to GET and HEAD, at once or asynchronously. What the request means is not found out again if it came recently.
async fn get(worker: &Rc<Worker>, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let shared = &worker.shared;
    let recent = RecentRequests::of(request);
    let sent = Sent::new(request, &shared.config.client_hints);
    if let Some(known) = recent.find(&sent) {
        if let (Some(signer), Some(signature)) = (&shared.signer, &known.signature) {
            signer.check_again(signature, unix_seconds())?;
        }
        return Ok(serve(worker, request, &known).await?.0);
    }
    let query = Rc::new(RequestQuery::parse(request.query_string())?);
    let admitted = verify_query(shared, Purpose::Picture, request.uri().path(), query)?;
    if admitted.query.has_control() {
        return jobs::respond(worker, request, admitted).boxed_local().await;
    }
    let known = Rc::new(understand(worker, request, &admitted)?);
    let (response, cache_status) = serve(worker, request, &known).await?;
    if let CacheStatus::Hit(_) = cache_status {
        recent.keep(&sent, known);
    }
    Ok(response)
}
