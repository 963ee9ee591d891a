//! Before every request: whether its connection is one that gets an answer, and whether it is kept for a next one.

use actix_http::{ConnectionType, Request, Response, body::BoxBody};
use actix_web::dev::ServiceResponse;

use super::capacity::Capacity;
use crate::{
    error::Error,
    http::{HEALTH, READY, error},
};

/// Marks connections beyond the cap.
pub struct Reserve;

/// The answer to a request on a connection that is beyond the cap; none: it is answered as any.
pub fn refusal(request: &Request) -> Option<Response<BoxBody>> {
    let is_probe = [HEALTH, READY].contains(&request.path());
    if is_probe || request.conn_data::<Reserve>().is_none() {
        return None;
    }
    let mut response = Response::from(error::response(&Error::Connections));
    close(&mut response);
    Some(response)
}

/// The answer as it goes out: the connection is closed after it where there are few left, or it is beyond the cap.
pub fn sent(response: ServiceResponse<BoxBody>, capacity: &Capacity, is_reserve: bool) -> Response<BoxBody> {
    let mut response = Response::from(response);
    if is_reserve || capacity.is_scarce() {
        close(&mut response);
    }
    response
}

fn close(response: &mut Response<BoxBody>) {
    response.head_mut().set_connection_type(ConnectionType::Close);
}
