//! Connects to approved addresses only: look up, filter, connect, with no second look-up in between.
//!
//! actix-tls' own connector would take an IP literal past a custom resolver, so its place is taken whole. The client
//! pools connections by authority; one that was approved for the configured authority serves no other.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Duration,
};

use actix_rt::net::TcpStream;
use actix_service::Service;
use actix_tls::connect::{ConnectError, ConnectInfo, Connection};
use awc::http::Uri;
use futures_util::future::LocalBoxFuture;
use tokio::time::{Instant, timeout_at};

use super::wire::{Connections, Wire};
use crate::guard::{self, Why};

/// The one host and port that may have any address: the configured origin's own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Exempt {
    /// As it stands in a URL, an IPv6 address in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// The service that awc's connector calls for every new connection.
#[derive(Clone)]
pub(crate) struct GuardedConnector {
    pub(crate) exempt: Rc<Exempt>,
    pub(crate) timeout: Duration,
    pub(crate) connections: Connections,
}

/// No address of a host may be connected to. Travels inside an [`io::Error`], the only error that awc lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) address: IpAddr,
    pub(crate) why: Why,
}

impl Service<ConnectInfo<Uri>> for GuardedConnector {
    type Response = Connection<Uri, Wire>;
    type Error = ConnectError;
    type Future = LocalBoxFuture<'static, Result<Self::Response, Self::Error>>;

    actix_service::always_ready!();

    fn call(&self, info: ConnectInfo<Uri>) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let stream = connector.connect(info.hostname(), info.port()).await.map_err(ConnectError::Io)?;
            let wire = Wire::new(stream, &connector.connections);
            Ok(Connection::new(info.request().clone(), wire))
        })
    }
}

impl GuardedConnector {
    async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let deadline = Instant::now() + self.timeout;
        let found = timeout_at(deadline, look_up(host, port)).await.map_err(|_| timed_out())??;
        let addresses = self.approved(host, port, found)?;
        let mut failure = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for (tried, address) in addresses.iter().enumerate() {
            // a silent address leaves a fair share of the time to those after it
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
        if port == self.exempt.port && host.eq_ignore_ascii_case(&self.exempt.host) {
            return Ok(found);
        }
        let mut refused = None;
        let mut approved = Vec::with_capacity(found.len());
        for socket in found {
            match guard::forbidden(socket.ip()) {
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

/// The addresses of a host as it stands in a URL; an address needs no look-up.
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
            exempt: Rc::new(Exempt { host: host.to_owned(), port }),
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
            assert_eq!(*refused, Refused { address: "10.0.0.1".parse().unwrap(), why: Why::Private });
        }
    }

    #[test]
    fn private_addresses_among_public_ones_are_left_out() {
        let mixed = sockets(&["192.168.0.1:80", "8.8.8.8:80", "[fe80::1]:80", "1.1.1.1:80"]);
        let approved = connector("a", 1).approved("b", 80, mixed).unwrap();
        assert_eq!(approved, sockets(&["8.8.8.8:80", "1.1.1.1:80"]));
        assert_eq!(connector("a", 1).approved("b", 80, Vec::new()).unwrap(), Vec::new());
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
        assert_eq!(refused.why, Why::Loopback);
    }
}
