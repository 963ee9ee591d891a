//! The bytes of originals: compressed SVGs are decompressed, and bytes are hashed, both in chunks so that other requests of the
//! worker are not blocked.

use bytes::Bytes;
use tokio::task::yield_now;
use vips_ops::source::{
    sniff::sniff,
    svg::decode_text::{Progress, TextDecoder, TooLarge},
};

/// Bytes that are hashed at a time: less than 100 µs of work.
const PIECE_BYTES: usize = 64 * 1024;

/// The bytes to render: those of a compressed SVG are decompressed to at most `limit` bytes.
pub async fn unpacked(body: Bytes, limit: u64) -> Result<Bytes, TooLarge> {
    let Some(mut decoder) = TextDecoder::new(&body, limit) else { return Ok(body) };
    loop {
        if let Progress::Done(text) = decoder.step()? {
            return Ok(text);
        }
        yield_now().await;
    }
}

/// The fetched original, with its bytes decompressed. Fails if it has neither the content coding that its origin states nor the
/// signature of a picture.
pub async fn checked(found: origin::Original, limit: u64) -> Result<origin::Original, origin::Error> {
    let Ok(body) = unpacked(found.body.clone(), limit).await else {
        let original = "the decompressed SVG".to_owned();
        return Err(origin::Error::TooLarge { original, limit });
    };
    match found.coding_warning {
        Some(reason) if sniff(&body).is_none() => {
            Err(origin::Error::Broken { host: "the origin".to_owned(), reason })
        }
        _ => Ok(origin::Original { body, ..found }),
    }
}

/// The BLAKE3 digest of the bytes, in hexadecimal digits.
pub async fn digest(body: &Bytes) -> String {
    let mut hasher = blake3::Hasher::new();
    for piece in body.chunks(PIECE_BYTES) {
        hasher.update(piece);
        yield_now().await;
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn pieces_hash_as_the_whole() {
        let body = Bytes::from(vec![7; 3 * PIECE_BYTES + 1]);
        assert_eq!(digest(&body).await, blake3::hash(&body).to_hex().as_str());
    }
}
