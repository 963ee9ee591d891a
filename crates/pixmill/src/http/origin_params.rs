//! Which original a request selects: by path, `Host` header, and parameters such as `origin` and `source_url`.

use std::rc::Rc;

use actix_web::{
    HttpRequest,
    http::{header::HOST, uri::Authority},
};
use image_api::{params::source::Source, query::RequestQuery};
use origin::{ObjectRef, Selection};

use crate::{error::Error, state::Worker};

/// Locates the original of a request with this path, if the configuration permits it. `query` is the part of the query that the
/// signature covers.
pub fn locate(
    worker: &Worker,
    request: &HttpRequest,
    path: &str,
    query: &RequestQuery,
) -> Result<Rc<ObjectRef>, Error> {
    let source = query.source()?;
    let Source { origin, source_url, host_header, resolve, bucket, region } = &source;
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let selection = Selection {
        path,
        // the host of a request target in absolute form takes precedence (RFC 9112, 3.2.2)
        host: request.uri().authority().map(Authority::as_str).or(header),
        origin: origin.as_deref(),
        source_url: source_url.as_deref(),
        host_header: host_header.as_deref(),
        resolve: resolve.as_deref(),
        bucket: bucket.as_deref(),
        region: region.as_deref(),
    };
    Ok(Rc::new(worker.origins.locate(&selection)?))
}
