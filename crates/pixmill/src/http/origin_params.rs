//! Which original a request means: its path, its `Host`, and the parameters that say where it is.

use std::rc::Rc;

use actix_web::{
    HttpRequest,
    http::{header::HOST, uri::Authority},
};
use origin::{ObjectRef, Selection};
use vips_ops::params::source::{self, Source};

use crate::{failure::Failure, state::Worker};

/// The original of a request, if it may be had; `query` is as much of its query string as is to be seen.
pub fn locate(worker: &Worker, request: &HttpRequest, query: &str) -> Result<Rc<ObjectRef>, Failure> {
    let source = source::read(query)?;
    let Source { origin, source_url, host_header, resolve, bucket, region } = &source;
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let selection = Selection {
        path: request.uri().path(),
        // where a request line holds a whole URL, its host counts (RFC 9112, 3.2.2)
        host: request.uri().authority().map(Authority::as_str).or(named),
        origin: origin.as_deref(),
        source_url: source_url.as_deref(),
        host_header: host_header.as_deref(),
        resolve: resolve.as_deref(),
        bucket: bucket.as_deref(),
        region: region.as_deref(),
    };
    Ok(Rc::new(worker.origins.locate(&selection)?))
}
