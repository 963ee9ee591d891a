//! An upload that has come in whole: the bytes of its picture, and the other fields of its form.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::{
    http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap},
    web::Payload,
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use vips_ops::query::MAX_QUERY_BYTES;

use super::{Error, Reservation, chunk_buffer::ChunkBuffer, limited_body::LimitedBody};
use crate::{failure::Failure, state::Shared};

/// The field with the picture.
const FILE: &str = "file";

/// Fields of a form beside the picture. There are fewer parameters than that.
const MOST_FIELDS: usize = 128;

/// What a form may need beside its picture and its texts: boundaries, and the headers of its parts.
const OVERHEAD_BYTES: u64 = 128 * 1024;

/// An upload.
#[derive(Debug)]
pub struct Upload {
    /// The picture's bytes.
    pub file: Bytes,
    /// Names and values of the other fields, in order.
    pub fields: Vec<(String, String)>,
    /// The budget that it takes.
    pub reservation: Reservation,
}

/// Receives an upload: a form with the field `file`, or the picture itself.
pub async fn receive(shared: &Shared, headers: &HeaderMap, payload: Payload) -> Result<Upload, Failure> {
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
    let announced = announced(headers);
    if announced > limit {
        return Err(Error::TooLarge { limit: max_bytes }.into());
    }
    let body = LimitedBody::new(payload, limit, &shared.upload_memory, &shared.config.uploads);
    let state = body.state();
    let form = if is_form { form(headers, body, max_bytes).await } else { raw(body).await };
    let (file, fields) = form.map_err(|failure| state.failure().unwrap_or(failure))?;
    Ok(Upload { file: file.into_bytes().await, fields, reservation: state.reservation() })
}

/// The picture, and the other fields.
type Form = (ChunkBuffer, Vec<(String, String)>);

async fn raw(mut body: LimitedBody) -> Result<Form, Failure> {
    let mut file = ChunkBuffer::default();
    while let Some(piece) = body.next().await {
        file.push(&piece.map_err(|_| malformed("expected a whole picture, it broke off"))?);
    }
    if file.length() == 0 {
        return Err(malformed("expected a picture, the body is empty"));
    }
    Ok((file, Vec::new()))
}

async fn form(headers: &HeaderMap, body: LimitedBody, max_bytes: u64) -> Result<Form, Failure> {
    let mut form = Multipart::new(headers, body);
    let (mut file, mut fields, mut text_bytes) = (None, Vec::new(), 0);
    while let Some(mut field) = form.try_next().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            FILE if file.is_some() => return Err(malformed("expected one field `file`, got several")),
            FILE => file = Some(picture(&mut field, max_bytes).await?),
            "" => return Err(malformed("expected a name of every field")),
            _ if fields.len() == MOST_FIELDS => {
                return Err(malformed("expected at most 128 fields beside `file`"));
            }
            _ => {
                let value = text(&mut field, MAX_QUERY_BYTES.saturating_sub(text_bytes)).await?;
                text_bytes += name.len() + value.len();
                fields.push((name, value));
            }
        }
    }
    match file {
        Some(file) if file.length() > 0 => Ok((file, fields)),
        Some(_) => Err(malformed("expected a picture, the field `file` is empty")),
        None => Err(malformed("expected a field `file` with a picture")),
    }
}

async fn picture(field: &mut Field, max_bytes: u64) -> Result<ChunkBuffer, Failure> {
    let mut file = ChunkBuffer::default();
    while let Some(piece) = field.try_next().await.map_err(unreadable)? {
        file.push(&piece);
        if file.length() > max_bytes {
            return Err(Error::TooLarge { limit: max_bytes }.into());
        }
    }
    Ok(file)
}

async fn text(field: &mut Field, most_bytes: usize) -> Result<String, Failure> {
    let mut value = Vec::new();
    while let Some(piece) = field.try_next().await.map_err(unreadable)? {
        if value.len() + piece.len() > most_bytes {
            return Err(malformed("expected at most 64 KiB in all fields beside `file`"));
        }
        value.extend_from_slice(&piece);
    }
    String::from_utf8(value).map_err(|_| malformed("expected UTF-8 in every field beside `file`"))
}

/// The length that the client announces; none: zero.
fn announced(headers: &HeaderMap) -> u64 {
    headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or_default()
}

fn malformed(expected: &'static str) -> Failure {
    Error::Malformed(expected).into()
}

/// The crate's own words may quote what was sent; the sender knows that.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: MultipartError) -> Failure {
    tracing::debug!(%error, "a form cannot be read");
    malformed(match error {
        MultipartError::BoundaryMissing => "expected multipart/form-data with its boundary",
        MultipartError::Incomplete | MultipartError::Payload(_) => "expected a whole form, it broke off",
        MultipartError::ContentDispositionMissing | MultipartError::ContentDispositionNameMissing => {
            "expected a name of every field"
        }
        _ => "expected a well-formed multipart/form-data body",
    })
}
