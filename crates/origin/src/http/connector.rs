//! Connects to allowed addresses only: looks up, filters and connects, without a second look-up in between (DNS
//! rebinding).
//!
//! actix-tls' own connector passes IP literals by a custom resolver, so it is replaced as a whole. Each host has a client
//! of its own, so a connection that is allowed for one host is used for no other.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_rt::net::TcpStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use futures_util::future::LocalBoxFuture;
use ipnet::IpNet;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::{
    counted_stream::{Connections, CountedStream},
    tls,
};
use crate::guard::{self, AddressClass};

/// Which private addresses may be connected to.
#[derive(Debug, Default)]
pub(crate) struct AddressPolicy {
    /// Hosts and ports that may have any address: those of configured origins.
    pub(crate) exempt: Vec<HostPort>,
    /// Private networks that may be connected to.
    pub(crate) trusted: Vec<IpNet>,
}

/// A host and port that may have any address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPort {
    /// As in a URL: an IPv6 address is in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The service that awc's connector calls for every new connection.
#[derive(Clone)]
pub(crate) struct GuardedConnector {
    pub(crate) guard: Rc<AddressPolicy>,
    /// The address to connect to in place of those of the host. A client chose it, so it is never exempt.
    pub(crate) address: Option<IpAddr>,
    /// Set if the connections of the client use TLS: all do, or none.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// For connecting, and again for the handshake.
    pub(crate) timeout: Duration,
    pub(crate) connections: Connections,
}

/// No address of a host may be connected to. Passed inside an [`io::Error`], the only error that awc passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) address: IpAddr,
    pub(crate) why: AddressClass,
}

impl Service<ConnectInfo<Uri>> for GuardedConnector {
    type Response = Connection<Uri, CountedStream>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let connector = self.clone();
        Box::pin(request_trace::in_span("origin.connect", async move {
            let host = info.hostname();
            let tcp = connector.connect(host, info.port()).await.map_err(ConnectError::Io)?;
            let stream = tls::stream(tcp, connector.tls.as_ref(), host, connector.timeout).await;
            let wire = CountedStream::new(stream.map_err(ConnectError::Io)?, &connector.connections);
            Ok(Connection::new(info.request().clone(), wire))
        }))
    }
}

impl GuardedConnector {
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let deadline = Instant::now() + self.timeout;
        let found = match self.address {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => timeout_at(deadline, look_up(host, port)).await.map_err(|_| timed_out())??,
        };
        let addresses = self.approved(host, port, found)?;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for (tried, address) in addresses.iter().enumerate() {
            // an address that does not answer leaves a share of the time to those after it
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / (addresses.len() - tried) as u32;
            match timeout_at(Instant::now() + share, TcpStream::connect(*address)).await {
                Ok(Ok(stream)) => {
                    stream.set_nodelay(true)?;
                    return Ok(stream);
                }
                Ok(Err(error)) => failure = error,
                Err(_) => failure = timed_out(),
            }
        }
        Err(failure)
    }

    fn approved(&self, host: &str, port: u16, found: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
        if self.address.is_none() && self.guard.exempt.iter().any(|exempt| exempt.matches(host, port)) {
            return Ok(found);
        }
        let mut refused = None;
        let mut approved = Vec::with_capacity(found.len());
        for socket in found {
            match guard::forbidden_unless_trusted(socket.ip(), &self.guard.trusted) {
                None => approved.push(socket),
                Some(why) => refused = refused.or(Some(Refused { address: socket.ip(), why })),
            }
        }
        match refused {
            Some(refused) if approved.is_empty() => Err(io::Error::other(refused)),
            _ => Ok(approved),
        }
    }
}

impl HostPort {
    /// Whether these are host and port of the URL.
    pub(crate) fn matches_url(&self, url: &Url) -> bool {
        let port = url.port_or_known_default();
        url.host_str().zip(port).is_some_and(|(host, port)| self.matches(host, port))
    }

    pub(crate) fn from_url(url: &Url) -> Option<Self> {
        Some(Self { host: url.host_str()?.to_owned(), port: url.port_or_known_default()? })
    }

    fn matches(&self, host: &str, port: u16) -> bool {
        self.port == port && self.host.eq_ignore_ascii_case(host)
    }
}

/// The addresses of a host as in a URL; an IP literal needs no look-up.
async fn look_up(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(ip) = literal.parse() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    Ok(tokio::net::lookup_host((host, port)).await?.collect())
}

fn timed_out() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.address, self.why)
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    fn connector(host: &str, port: u16) -> GuardedConnector {
        GuardedConnector {
            guard: Rc::new(AddressPolicy {
                exempt: vec![HostPort { host: host.to_owned(), port }],
                trusted: Vec::new(),
            }),
            address: None,
            tls: None,
            timeout: Duration::from_secs(5),
            connections: Connections::default(),
        }
    }

    fn sockets(list: &[&str]) -> Vec<SocketAddr> {
        list.iter().map(|socket| socket.parse().unwrap()).collect()
    }

    #[test]
    fn only_the_exempt_host_and_port_may_be_private() {
        let connector = connector("origin.example", 80);
        let private = sockets(&["10.0.0.1:80", "[::1]:80"]);
        assert_eq!(connector.approved("ORIGIN.example", 80, private.clone()).unwrap(), private);
        for (host, port) in [("origin.example", 81), ("other.example", 80), ("origin.example.", 80)] {
            let error = connector.approved(host, port, private.clone()).unwrap_err();
            let refused = error.get_ref().unwrap().downcast_ref::<Refused>().unwrap();
            assert_eq!(
                *refused,
                Refused { address: "10.0.0.1".parse().unwrap(), why: AddressClass::Private }
            );
        }
    }

    #[test]
    fn private_addresses_among_public_ones_are_left_out() {
        let mixed = sockets(&["192.168.0.1:80", "8.8.8.8:80", "[fe80::1]:80", "1.1.1.1:80"]);
        let approved = connector("a", 1).approved("b", 80, mixed).unwrap();
        assert_eq!(approved, sockets(&["8.8.8.8:80", "1.1.1.1:80"]));
        assert_eq!(connector("a", 1).approved("b", 80, Vec::new()).unwrap(), Vec::new());
    }

    #[test]
    fn trusted_networks_are_as_public_ones() {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        let connector = GuardedConnector {
            guard: Rc::new(AddressPolicy { exempt: Vec::new(), trusted }),
            ..connector("a", 1)
        };
        let found = sockets(&["192.168.0.1:80", "10.0.0.1:80", "169.254.169.254:80"]);
        assert_eq!(connector.approved("a", 1, found).unwrap(), sockets(&["10.0.0.1:80"]));
    }

    #[actix_rt::test]
    async fn an_address_in_place_of_the_host_is_looked_at_whatever_the_host_may() {
        let connector =
            GuardedConnector { address: Some("127.0.0.2".parse().unwrap()), ..connector("a.example", 9) };
        let error = connector.connect("a.example", 9).await.unwrap_err();
        let refused = error.get_ref().unwrap().downcast_ref::<Refused>().unwrap();
        assert_eq!(refused.address, connector.address.unwrap());
    }

    #[actix_rt::test]
    async fn addresses_need_no_look_up() {
        assert_eq!(look_up("[::1]", 80).await.unwrap(), sockets(&["[::1]:80"]));
        assert_eq!(look_up("10.1.2.3", 443).await.unwrap(), sockets(&["10.1.2.3:443"]));
    }

    #[actix_rt::test]
    async fn names_are_judged_by_their_addresses() {
        let error = connector("origin.example", 80).connect("localhost", 9).await.unwrap_err();
        let refused = error.get_ref().unwrap().downcast_ref::<Refused>().unwrap();
        assert_eq!(refused.why, AddressClass::Loopback);
    }
}
