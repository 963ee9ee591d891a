//! The query string of a request, parsed once: the access log and the handler share the result.

use std::rc::Rc;

use actix_web::{HttpMessage, HttpRequest};
use image_api::{params::spec::Invalid, query::RequestQuery};

/// Parses the query string, and keeps the result with the request for [`parsed`].
pub fn parse(request: &HttpRequest) -> Result<Rc<RequestQuery>, Invalid> {
    let query = Rc::new(RequestQuery::parse(request.query_string())?);
    request.extensions_mut().insert(Rc::clone(&query));
    Ok(query)
}

/// The query string, parsed by now or before.
pub fn parsed(request: &HttpRequest) -> Result<Rc<RequestQuery>, Invalid> {
    let known = request.extensions().get::<Rc<RequestQuery>>().cloned();
    known.map_or_else(|| Ok(Rc::new(RequestQuery::parse(request.query_string())?)), Ok)
}
