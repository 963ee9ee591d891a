//! The handler of every path that is not a page: a request for a picture.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse, http::Method, web::Payload};

use super::{
    error,
    extract::worker,
    jobs,
    picture_request::{respond, verify_query},
    query, upload,
};
use crate::{error::Error, signing::Purpose, state::Worker};

/// Handles a request for a picture, or an upload.
pub async fn image(request: HttpRequest, payload: Payload) -> HttpResponse {
    let worker = worker(&request);
    let result = match *request.method() {
        Method::GET | Method::HEAD => get(worker, &request).await,
        Method::POST if upload::accepts_uploads(&request) => upload::respond(worker, &request, payload).await,
        _ => Err(Error::Method),
    };
    result.unwrap_or_else(|failure| error::response(&failure))
}

/// Responds to GET and HEAD, at once or asynchronously.
async fn get(worker: &Rc<Worker>, request: &HttpRequest) -> Result<HttpResponse, Error> {
    let admitted =
        verify_query(&worker.shared, Purpose::Picture, request.uri().path(), query::parsed(request)?)?;
    if admitted.query.has_control() {
        return jobs::respond(worker, request, admitted).await;
    }
    respond(worker, request, &admitted).await
}
