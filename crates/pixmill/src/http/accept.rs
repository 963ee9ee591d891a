//! The `Accept` header: which of the newer formats the client accepts.
//!
//! The typed header of actix-web is not used: it allocates for each media type of each request, and drops a media type whose
//! weight is malformed (docs/adr/0021).

use actix_web::http::header::{ACCEPT, HeaderMap};
use image_api::Accept;

/// The newer formats that a client accepts by name. `image/*` and `*/*` do not count: clients that cannot decode AVIF or
/// WebP send them too.
pub fn accepted_formats(headers: &HeaderMap) -> Accept {
    let mut accept = Accept::default();
    for line in headers.get_all(ACCEPT).filter_map(|line| line.to_str().ok()) {
        for range in line.split(',') {
            let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
            let kind = kind.trim();
            if is_excluded(parameters) {
                continue;
            }
            accept.avif |= kind.eq_ignore_ascii_case("image/avif");
            accept.webp |= kind.eq_ignore_ascii_case("image/webp");
        }
    }
    accept
}

/// Whether the weight is zero, which means "not acceptable" (RFC 9110, 12.4.2).
fn is_excluded(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn headers_of_browsers() {
        for (line, avif, webp) in [
            ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", true, true),
            ("image/webp,image/apng,*/*", false, true),
            ("image/png,image/*;q=0.8,*/*;q=0.5", false, false),
            ("*/*", false, false),
            ("", false, false),
            ("Image/AVIF ; q=0.9 , IMAGE/WEBP;Q=0", true, false),
            ("image/avif;q=0.000, image/webp;v=1;q=1", false, true),
            ("image/avif;q=much", true, false),
            ("image/avifs, ximage/webp", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.append(ACCEPT, HeaderValue::from_static(line));
            assert_eq!(accepted_formats(&headers), Accept { avif, webp }, "{line}");
        }
    }

    #[test]
    fn header_lines_are_combined() {
        let mut headers = HeaderMap::new();
        assert_eq!(accepted_formats(&headers), Accept::default());
        headers.append(ACCEPT, HeaderValue::from_static("image/webp"));
        headers.append(ACCEPT, HeaderValue::from_static("image/avif"));
        assert_eq!(accepted_formats(&headers), Accept { avif: true, webp: true });
    }
}
