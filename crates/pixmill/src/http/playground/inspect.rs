//! What is shown beside a picture: the plan in words, and its score. Both take the path and the query of the picture, with the same
//! signature where one is required.

use std::rc::Rc;

use actix_web::{HttpRequest, HttpResponse};
use image_api::{Plan, query::RequestQuery};
use serde_json::{Value, json};
use vips_ops::cost::Outline;

use super::PREFIX;
use crate::{
    error::Error,
    http::{
        error,
        extract::worker,
        headers::put_uncached,
        picture_request::{parse_request_for, verify_query},
        response_head::ResponseNotes,
    },
    model::variant::VariantRequest,
    signing::Purpose,
    state::Worker,
    variants::inspect::Explanation,
};

/// Responds with the canonical form of the parameters, the header of the original and the plan of the render.
pub async fn explain(request: HttpRequest) -> HttpResponse {
    respond(&request, explained(&request).await)
}

/// Responds with SSIMULACRA2 of the picture against its pixels before they were encoded; null: it is not compared.
pub async fn score(request: HttpRequest) -> HttpResponse {
    respond(&request, scored(&request).await)
}

fn respond(request: &HttpRequest, result: Result<Value, Error>) -> HttpResponse {
    let mut response = match result {
        Ok(value) => HttpResponse::Ok().json(value),
        Err(failure) => return error::respond(request, &failure),
    };
    put_uncached(response.headers_mut());
    response
}

async fn explained(request: &HttpRequest) -> Result<Value, Error> {
    let (worker, wanted, notes) = picture(request, "/explain")?;
    let Explanation { outline, original_bytes } = worker.variants.explain(&wanted).await?;
    let plan = outline.as_ref().and_then(|outline| outline.plan.as_ref());
    Ok(json!({
        "canonical": wanted.params.canonical(),
        "effective": wanted.params.pairs().into_iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "warnings": notes.warnings,
        "source": outline.as_ref().map(|outline| source(outline, original_bytes)),
        "plan": plan.map(lines),
        "answer": plan.map(|plan| json!({
            "type": plan.encode.format.media_type(),
            "width": plan.size.width,
            "height": plan.size.height,
        })),
    }))
}

fn source(Outline { source, .. }: &Outline, bytes: usize) -> Value {
    json!({
        "type": source.format.media_type(),
        "width": source.stored.width,
        "height": source.stored.height,
        "frames": source.frames,
        "bytes": bytes,
    })
}

fn lines(plan: &Plan) -> Vec<String> {
    plan.to_string().lines().map(str::to_owned).collect()
}

async fn scored(request: &HttpRequest) -> Result<Value, Error> {
    let (worker, wanted, _) = picture(request, "/score")?;
    Ok(json!({ "ssimulacra2": worker.variants.score(wanted).await? }))
}

/// The picture whose path follows the path of a page, if a request for it would be served.
fn picture<'a>(
    request: &'a HttpRequest,
    page: &str,
) -> Result<(&'a Rc<Worker>, VariantRequest, ResponseNotes), Error> {
    let worker = worker(request);
    let path = request.uri().path();
    let path = path.strip_prefix(PREFIX).and_then(|path| path.strip_prefix(page)).ok_or(Error::Page)?;
    let query = Rc::new(RequestQuery::parse(request.query_string())?);
    let admitted = verify_query(&worker.shared, Purpose::Picture, path, query)?;
    let (wanted, notes) = parse_request_for(worker, request, path, &admitted.query)?;
    if wanted.params.gives_original() && !worker.shared.config.params.allow_original {
        return Err(Error::OriginalRefused);
    }
    Ok((worker, wanted, notes))
}
