//! What handlers take from a request beside its parameters.

use std::rc::Rc;

use actix_web::HttpRequest;

use crate::state::Worker;

/// The state of the worker that handles a request.
pub fn worker(request: &HttpRequest) -> &Rc<Worker> {
    request.app_data().expect("invariant: every app is given its worker when it is made")
}
