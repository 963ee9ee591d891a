//! Connection policy: whether a request on this connection is served, and whether the connection is kept alive.

use actix_http::{ConnectionType, Request, Response, body::BoxBody};
use actix_web::{HttpMessage, dev::ServiceResponse};

use super::capacity::Capacity;
use crate::{
    config::Errors,
    error::Error,
    http::{
        HEALTH, READY, error,
        request_id::{REQUEST_ID, request_id},
    },
    telemetry::current_request::RequestScope,
};

/// Marks connections beyond `listen.max_connections`.
pub struct Reserve;

/// The refusal of a request on a connection beyond the limit; `None`: it is served.
pub fn refusal(request: &Request, settings: &Errors) -> Option<Response<BoxBody>> {
    let is_probe = [HEALTH, READY].contains(&request.path());
    if is_probe || request.conn_data::<Reserve>().is_none() {
        return None;
    }
    let id = request_id(request.headers().get(REQUEST_ID));
    let scope = RequestScope { id: Some(id.clone().into()), trace: None };
    let response = scope.sync_scope(|| error::response(&Error::Connections, settings));
    let mut response = Response::from(response);
    response.headers_mut().insert(REQUEST_ID, id);
    close(&mut response);
    Some(response)
}

/// The response with `Connection: close` if the connection is beyond the limit, most of the limit is in use, or the server is
/// shutting down.
pub fn finish(
    response: ServiceResponse<BoxBody>,
    capacity: &Capacity,
    is_reserve: bool,
    is_draining: bool,
) -> Response<BoxBody> {
    let mut response = Response::from(response);
    if is_reserve || is_draining || capacity.is_scarce() {
        close(&mut response);
    }
    response
}

fn close(response: &mut Response<BoxBody>) {
    response.head_mut().set_connection_type(ConnectionType::Close);
}
