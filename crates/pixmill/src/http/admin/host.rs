//! Protects the admin listener from DNS rebinding, by its `Host` header.
//!
//! A web page that an operator visits can point a host name of its own at the address of this listener. For the browser the
//! listener is then the page's own site, which the page may read and purge. The `Host` header reveals it. With a password this
//! check is not needed, since browsers send credentials to the host name they were entered for only. Hosts of configured
//! origins are the operator's own and pass, because purges select an origin by `Host`.

use std::net::{IpAddr, SocketAddr};

use actix_web::{
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{header::HOST, uri::Authority},
    middleware::Next,
};

use crate::{
    config::Admin,
    error::Error,
    http::{error, extract::worker},
};

/// Refuses requests whose `Host` is not an address or a name of this listener, unless a password is set.
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let admin = &worker(request.request()).shared.config.admin;
    let header = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    // the host of a request target in absolute form takes precedence (RFC 9112, 3.2.2)
    let host = request.uri().authority().map(Authority::as_str).or(header);
    let host = host.unwrap_or_default();
    let origins = &worker(request.request()).origins;
    if !admin.password.is_empty() || is_known(admin, host) || origins.names_host(host) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    tracing::warn!(host, "refused a request to the admin listener: its host is not in admin.hosts_allowed");
    let refusal = error::respond(request.request(), &Error::Host);
    Ok(request.into_response(refusal).map_into_right_body())
}

/// Whether a `Host` belongs to this listener: an IP address, which no page can claim; `localhost`; or a name in
/// `admin.hosts_allowed`.
///
/// A listener on one address accepts that and loopback addresses. One on all addresses accepts any address, since it cannot
/// know by which of them it is reached (a pod's address, a published port).
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

/// The IP address in a `Host`, with or without a port.
fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ip = host.parse().map(|address: SocketAddr| address.ip()).or_else(|_| bare.parse());
    ip.ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hosts() {
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
