//! HTTP basic authentication (RFC 7617) of the admin listener.
//!
//! The crate actix-web-httpauth is not used: it compares the scheme by case, though schemes are case-insensitive (RFC 9110,
//! 11.1), and refuses more than one space after it (docs/adr/0021).

use actix_web::{
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderMap},
    middleware::Next,
};
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    config::Admin,
    error::Error,
    http::{error, extract::worker},
};

/// Refuses requests without the configured credentials, if a password is set.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let admin = &worker(request.request()).shared.config.admin;
    if admin.password.is_empty() || is_known(admin, request.headers()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let refusal = error::respond(request.request(), &Error::Credentials);
    Ok(request.into_response(refusal).map_into_right_body())
}

/// Whether the credentials are right. Digests are compared, which takes constant time: timing reveals nothing of the password.
fn is_known(admin: &Admin, headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, token)) = given.and_then(|given| given.split_once(' ')) else { return false };
    let expected = STANDARD.encode(format!("{}:{}", admin.username, admin.password.reveal()));
    scheme.eq_ignore_ascii_case("basic")
        && blake3::hash(token.trim().as_bytes()) == blake3::hash(expected.as_bytes())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[test]
    fn user_name_and_password_must_match() {
        let admin = Admin { username: "ops".to_owned(), password: "s:cret ä".into(), ..Admin::default() };
        for (given, known) in [
            ("Basic b3BzOnM6Y3JldCDDpA==", true),
            ("basic  b3BzOnM6Y3JldCDDpA==", true),
            ("Basic b3BzOnM6Y3JldA==", false),
            ("Bearer b3BzOnM6Y3JldCDDpA==", false),
            ("b3BzOnM6Y3JldCDDpA==", false),
            ("Basic", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, HeaderValue::from_static(given));
            assert_eq!(is_known(&admin, &headers), known, "{given}");
        }
        assert!(!is_known(&admin, &HeaderMap::new()));
    }
}
