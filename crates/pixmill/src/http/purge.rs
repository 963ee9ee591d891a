//! Purging, on the listener for operators: one original with all that shows it, or everything.

use actix_web::{HttpRequest, HttpResponse, http::Method};
use result_cache::{PurgeReach, PurgeScope};
use serde_json::json;
use vips_ops::params::source;

use super::{error, origin_params::locate, put_uncached, worker};
use crate::{cache_key::CacheKeys, failure::Failure, state::Worker};

/// The paths that stand for everything.
const EVERYTHING: [&str; 2] = ["/", "/cache"];

/// `DELETE /path` forgets the original of this path and whatever shows it, `DELETE /` and `DELETE /cache` everything,
/// unless parameters name an origin: in every tier, on every node, at once. Which original it is, path, `Host` and parameters say as they do in requests for
/// pictures. Other methods find no page here.
pub async fn purge(request: HttpRequest) -> HttpResponse {
    if *request.method() != Method::DELETE {
        return error::response(&Failure::Page);
    }
    let path = request.uri().path();
    match forget(worker(&request), &request).await {
        Ok(tag) => {
            tracing::info!(path, "purged");
            let scope = if tag.is_some() { path } else { "everything" };
            let mut response =
                HttpResponse::Ok().json(json!({ "purged": scope, "tag": tag, "nodes": "all" }));
            put_uncached(response.headers_mut());
            response
        }
        Err(failure) => {
            tracing::warn!(path, error = %failure, "not purged everywhere");
            error::response(&failure)
        }
    }
}

/// Purges; the tag, if it was one original.
async fn forget(worker: &Worker, request: &HttpRequest) -> Result<Option<String>, Failure> {
    let query = request.query_string();
    let names_no_origin = source::read(query)? == source::Source::default();
    let tag = if EVERYTHING.contains(&request.uri().path()) && names_no_origin {
        None
    } else {
        Some(CacheKeys::purge_tag(&worker.origins.identity(&*locate(worker, request, query)?)))
    };
    let scope = tag.clone().map_or(PurgeScope::Everything, PurgeScope::Tag);
    match worker.shared.peers.purge(scope).await {
        Ok(PurgeReach::AllNodes) => Ok(tag),
        Ok(PurgeReach::ThisNode) => Err(Failure::PurgeUnsent),
        Err(error) => {
            tracing::error!(%error, "a purge is not written down");
            Err(Failure::PurgeUnwritten)
        }
    }
}
