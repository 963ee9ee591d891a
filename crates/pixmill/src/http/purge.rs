//! Purges on the admin listener: of one original with everything made of it, or of the whole cache.

use actix_web::{HttpRequest, HttpResponse, http::Method};
use image_api::{params::source::Source, query::RequestQuery};
use request_trace::in_span;
use result_cache::{PurgeReach, PurgeScope};
use serde_json::json;

use super::{error, extract::worker, headers::put_uncached, origin_params::locate};
use crate::{cache_key::CacheKeys, error::Error, state::Worker};

/// The paths that purge everything.
const EVERYTHING: [&str; 2] = ["/", "/cache"];

/// `DELETE /path` purges the original of the path and everything made of it; `DELETE /` and `DELETE /cache` purge everything,
/// unless parameters select an origin. A purge takes effect in every tier of every node. Path, `Host` and parameters select
/// the original as in requests for pictures. Other methods get 404.
pub async fn purge(request: HttpRequest) -> HttpResponse {
    if *request.method() != Method::DELETE {
        return error::respond(&request, &Error::Page);
    }
    let path = request.uri().path();
    match run_purge(worker(&request), &request).await {
        Ok(tag) => {
            tracing::info!(path, "purged");
            let scope = if tag.is_some() { path } else { "everything" };
            let mut response =
                HttpResponse::Ok().json(json!({ "purged": scope, "tag": tag, "nodes": "all" }));
            put_uncached(response.headers_mut());
            response
        }
        Err(failure) => {
            tracing::warn!(path, error = %failure, "purge failed or incomplete");
            error::respond(&request, &failure)
        }
    }
}

/// Purges. Returns the tag, if it was one original.
async fn run_purge(worker: &Worker, request: &HttpRequest) -> Result<Option<String>, Error> {
    let query = &RequestQuery::parse(request.query_string())?;
    let selects_no_origin = query.source()? == Source::default();
    let tag = if EVERYTHING.contains(&request.uri().path()) && selects_no_origin {
        None
    } else {
        Some(CacheKeys::purge_tag(&worker.origins.identity(&*locate(
            worker,
            request,
            request.uri().path(),
            query,
        )?)))
    };
    let scope = tag.clone().map_or(PurgeScope::Everything, PurgeScope::Tag);
    match in_span("purge", worker.shared.caches.coordinator.purge(scope)).await {
        Ok(PurgeReach::AllNodes) => Ok(tag),
        Ok(PurgeReach::ThisNode) => Err(Error::PurgeUnsent),
        Err(error) => {
            tracing::error!(%error, "a purge could not be recorded on disk");
            Err(Error::PurgeUnwritten)
        }
    }
}
