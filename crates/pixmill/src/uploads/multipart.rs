//! Receives an upload: a `multipart/form-data` form with a picture and further fields, or the picture itself as the body.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
    web::Payload,
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use image_api::query::MAX_QUERY_BYTES;

use super::{Reservation, UploadError, chunk_buffer::ChunkBuffer, limited_body::LimitedBody};
use crate::{error::Error, state::Shared};

/// Name of the field that contains the picture.
const FILE: &str = "file";

/// Maximum number of fields besides the picture; more than there are parameters.
const MAX_FIELDS: usize = 128;

/// Allowance for the boundaries of a form and the headers of its parts, in bytes.
const OVERHEAD_BYTES: u64 = 128 * 1024;

/// An upload that was received completely.
#[derive(Debug)]
pub struct Upload {
    /// The bytes of the picture.
    pub file: Bytes,
    /// Names and values of the other fields, in order.
    pub fields: Vec<(String, String)>,
    /// The memory reserved for it.
    pub reservation: Reservation,
}

/// Receives an upload, within `limits.max_bytes`, `uploads.timeout`, `uploads.idle_timeout` and `uploads.max_memory`.
pub async fn receive(shared: &Shared, headers: &HeaderMap, payload: Payload) -> Result<Upload, Error> {
    let max_bytes = shared.config.limits.max_bytes.as_u64();
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes()).to_ascii_lowercase();
    let is_form = kind.starts_with(b"multipart/");
    if kind.starts_with(b"application/x-www-form-urlencoded") {
        return Err(malformed(
            "expected multipart/form-data with a field `file`, or a picture under its own media type",
        ));
    }
    let limit =
        if is_form { max_bytes.saturating_add(MAX_QUERY_BYTES as u64 + OVERHEAD_BYTES) } else { max_bytes };
    if content_length(headers) > limit {
        return Err(UploadError::TooLarge { limit: max_bytes }.into());
    }
    let body = LimitedBody::new(payload, limit, &shared.upload_memory, &shared.config.uploads);
    let state = body.state();
    let form = if is_form { read_form(headers, body, max_bytes).await } else { read_raw(body).await };
    let (file, fields) = form.map_err(|failure| state.take_failure().unwrap_or(failure))?;
    Ok(Upload { file: file.into_bytes().await, fields, reservation: state.take_reservation() })
}

/// The picture and the other fields.
type Form = (ChunkBuffer, Vec<(String, String)>);

async fn read_raw(mut body: LimitedBody) -> Result<Form, Error> {
    let mut file = ChunkBuffer::default();
    while let Some(piece) = body.next().await {
        file.push(&piece.map_err(|_| {
            malformed("incomplete body: the connection ended before the whole picture arrived")
        })?);
    }
    if file.length() == 0 {
        return Err(malformed("empty body: expected a picture"));
    }
    Ok((file, Vec::new()))
}

async fn read_form(headers: &HeaderMap, body: LimitedBody, max_bytes: u64) -> Result<Form, Error> {
    let mut form = Multipart::new(headers, body);
    let (mut file, mut fields, mut text_bytes) = (None, Vec::new(), 0);
    while let Some(mut field) = form.try_next().await.map_err(parser_error)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            FILE if file.is_some() => return Err(malformed("several fields named `file`: expected one")),
            FILE => file = Some(read_picture(&mut field, max_bytes).await?),
            "" => return Err(malformed("a field of the form has no name")),
            _ if fields.len() == MAX_FIELDS => {
                return Err(malformed("too many fields: expected at most 128 besides `file`"));
            }
            _ => {
                let value = read_text(&mut field, MAX_QUERY_BYTES.saturating_sub(text_bytes)).await?;
                text_bytes += name.len() + value.len();
                fields.push((name, value));
            }
        }
    }
    match file {
        Some(file) if file.length() > 0 => Ok((file, fields)),
        Some(_) => Err(malformed("the field `file` is empty: expected a picture")),
        None => Err(malformed("no field `file`: expected one that contains the picture")),
    }
}

async fn read_picture(field: &mut Field, max_bytes: u64) -> Result<ChunkBuffer, Error> {
    let mut file = ChunkBuffer::default();
    while let Some(piece) = field.try_next().await.map_err(parser_error)? {
        file.push(&piece);
        if file.length() > max_bytes {
            return Err(UploadError::TooLarge { limit: max_bytes }.into());
        }
    }
    Ok(file)
}

async fn read_text(field: &mut Field, max_bytes: usize) -> Result<String, Error> {
    let mut value = Vec::new();
    while let Some(piece) = field.try_next().await.map_err(parser_error)? {
        if value.len() + piece.len() > max_bytes {
            return Err(malformed("fields too large: expected at most 64 KiB in all fields besides `file`"));
        }
        value.extend_from_slice(&piece);
    }
    String::from_utf8(value).map_err(|_| malformed("invalid UTF-8 in a field of the form"))
}

/// The value of `Content-Length`; 0 without it.
fn content_length(headers: &HeaderMap) -> u64 {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or_default()
}

fn malformed(problem: &'static str) -> Error {
    UploadError::Malformed(problem).into()
}

/// The text for an error of the form parser, whose own text is only logged.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn parser_error(error: MultipartError) -> Error {
    tracing::debug!(%error, "malformed form");
    malformed(match error {
        MultipartError::BoundaryMissing => {
            "no boundary in Content-Type: expected multipart/form-data; boundary=…"
        }
        MultipartError::Incomplete | MultipartError::Payload(_) => {
            "incomplete form: the connection ended before the last part"
        }
        MultipartError::ContentDispositionMissing | MultipartError::ContentDispositionNameMissing => {
            "a field of the form has no name"
        }
        _ => "malformed form: expected multipart/form-data",
    })
}
