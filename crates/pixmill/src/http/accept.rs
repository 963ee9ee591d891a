//! The `Accept` header: which formats beyond the common ones the client can show.

use actix_web::http::header::{ACCEPT, HeaderMap};
use vips_ops::Accept;

/// What the client says it can show. `image/*` and `*/*` are sent by clients that cannot show AVIF or WebP, and say
/// nothing of them.
pub fn accept(headers: &HeaderMap) -> Accept {
    let mut accept = Accept::default();
    for line in headers.get_all(ACCEPT).filter_map(|line| line.to_str().ok()) {
        for range in line.split(',') {
            let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
            let kind = kind.trim();
            if excluded(parameters) {
                continue;
            }
            accept.avif |= kind.eq_ignore_ascii_case("image/avif");
            accept.webp |= kind.eq_ignore_ascii_case("image/webp");
        }
    }
    accept
}

/// A weight of zero means "not acceptable" (RFC 9110, 12.4.2).
fn excluded(parameters: &str) -> bool {
    parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
        name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn what_browsers_send() {
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
            assert_eq!(accept(&headers), Accept { avif, webp }, "{line}");
        }
    }

    #[test]
    fn lines_add_up() {
        let mut headers = HeaderMap::new();
        assert_eq!(accept(&headers), Accept::default());
        headers.append(ACCEPT, HeaderValue::from_static("image/webp"));
        headers.append(ACCEPT, HeaderValue::from_static("image/avif"));
        assert_eq!(accept(&headers), Accept { avif: true, webp: true });
    }
}
