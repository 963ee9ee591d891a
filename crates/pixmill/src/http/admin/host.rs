//! Which names the listener for operators is asked for by.
//!
//! A web page that an operator looks at can give a name of its own the address of this listener (DNS rebinding), and
//! then ask for, or purge, whatever it likes: to the browser it is the page's own site. The `Host` header tells. A
//! password keeps such pages out by itself, since browsers send it to no other name. The hosts of configured origins are
//! the operator's own, and pass.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{header::HOST, uri::Authority},
    middleware::Next,
};

use crate::{
    config::Admin,
    failure::Failure,
    http::{error, worker},
};

/// Lets those through who ask for an address or a name of this listener. With a password, everybody.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let admin = &worker(request.request()).shared.config.admin;
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // where a request line holds a whole URL, its host counts (RFC 9112, 3.2.2)
    let host = request.uri().authority().map(Authority::as_str).or(named);
    let host = host.unwrap_or_default();
    // by its `Host`, a purge says which origin it means
    let origins = &worker(request.request()).origins;
    if !admin.password.is_empty() || is_known(admin, host) || origins.names_host(host) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    tracing::warn!(
        host,
        "a request to the admin listener under an unknown name was refused: admin.hosts_allowed"
    );
    let refusal = error::response(&Failure::Host);
    Ok(request.into_response(refusal).map_into_right_body())
}

/// Whether a `Host` means this listener: an address, which no page can make its own; `localhost`; a name that is
/// configured.
///
/// A listener on one address takes that and the loopback addresses; one on all addresses takes any, since it cannot know
/// by which of them others reach it (a pod's address, a published port).
fn is_known(admin: &Admin, host: &str) -> bool {
    if let Some(ip) = address(host) {
        let bound = admin.address.ip();
        return bound.is_unspecified() || ip == bound.to_canonical() || ip.is_loopback();
    }
    let name = host.split_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let allowed = admin.hosts_allowed.iter().map(String::as_str).chain(["localhost"]);
    !name.is_empty() && allowed.into_iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The address in a `Host`, if it is one, with or without a port.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ip = host.parse().map(|address: SocketAddr| address.ip()).or_else(|_| bare.parse());
    ip.ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_configured_names_are_known() {
        let admin = |address: &str| Admin {
            address: address.parse().unwrap(),
            hosts_allowed: vec!["Admin.internal".to_owned()],
            ..Admin::default()
        };
        for (bound, host, known) in [
            ("127.0.0.1:17006", "127.0.0.1:17006", true),
            ("127.0.0.1:17006", "127.0.0.1", true),
            ("127.0.0.1:17006", "127.9.9.9:1", true),
            ("127.0.0.1:17006", "[::1]:17006", true),
            ("127.0.0.1:17006", "[::1]", true),
            ("127.0.0.1:17006", "localhost:17006", true),
            ("127.0.0.1:17006", "LOCALHOST.", true),
            ("127.0.0.1:17006", "admin.INTERNAL:80", true),
            ("127.0.0.1:17006", "10.0.0.7:17006", false),
            ("127.0.0.1:17006", "evil.example:17006", false),
            ("127.0.0.1:17006", "localhost.evil.example", false),
            ("127.0.0.1:17006", "127.0.0.1.evil.example", false),
            ("127.0.0.1:17006", "evil.example@localhost", false),
            ("127.0.0.1:17006", "", false),
            ("127.0.0.1:17006", ".", false),
            ("10.0.0.7:17006", "10.0.0.7:17006", true),
            ("10.0.0.7:17006", "[::ffff:10.0.0.7]:17006", true),
            ("10.0.0.7:17006", "10.0.0.8:17006", false),
            ("0.0.0.0:17006", "10.0.0.8:17006", true),
            ("[::]:17006", "[fd00::8]:17006", true),
            ("[::]:17006", "10.0.0.8", true),
            ("0.0.0.0:17006", "evil.example", false),
        ] {
            assert_eq!(is_known(&admin(bound), host), known, "{bound} {host}");
        }
    }
}
