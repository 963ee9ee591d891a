//! Client hints: request headers that describe the client's screen and its preference for reduced data usage.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use image_api::params::hints::{Hint, Hints};

use crate::config::ClientHints;

/// The value of `Accept-CH`. `Save-Data` need not be requested.
pub const ACCEPTED: HeaderValue = HeaderValue::from_static("Sec-CH-DPR, Sec-CH-Width");

/// The header that requests client hints.
pub const ACCEPT_CH: HeaderName = HeaderName::from_static("accept-ch");

/// The hints in the headers of a request. Malformed ones are ignored.
pub fn from_headers(headers: &HeaderMap, config: &ClientHints) -> Hints {
    let text = |hint: Hint| headers.get(header(hint))?.to_str().ok().map(str::trim);
    let saves = text(Hint::SaveData).is_some_and(|value| value.eq_ignore_ascii_case("on"));
    let ratio = text(Hint::Dpr).and_then(|text| text.parse().ok());
    Hints {
        width: text(Hint::Width).and_then(|text| text.parse().ok()).filter(|width| *width > 0),
        dpr: ratio.filter(|ratio: &f64| ratio.is_finite() && *ratio > 0.0),
        quality: saves.then_some(config.save_data_quality),
    }
}

/// The name of a hint's header.
pub fn header(hint: Hint) -> &'static str {
    match hint {
        Hint::Width => "Sec-CH-Width",
        Hint::Dpr => "Sec-CH-DPR",
        Hint::SaveData => "Save-Data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_browsers() {
        let config = ClientHints::default();
        let none = Hints::default();
        for (name, value, expected) in [
            ("sec-ch-width", "640", Hints { width: Some(640), ..none }),
            ("sec-ch-dpr", "2.625", Hints { dpr: Some(2.625), ..none }),
            ("save-data", "on", Hints { quality: Some(50), ..none }),
            ("save-data", "off", none),
            ("sec-ch-width", "0", none),
            ("sec-ch-width", "wide", none),
            ("sec-ch-dpr", "NaN", none),
            ("sec-ch-dpr", "-1", none),
            ("dpr", "2", none),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert_eq!(from_headers(&headers, &config), expected, "{name}: {value}");
        }
    }
}
