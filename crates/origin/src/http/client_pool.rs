//! Connections to many hosts, of which only those to the latest are kept.

use std::{cell::RefCell, net::IpAddr};

use awc::Client;
use url::{Origin, Url};

use super::request::ClientFactory;

/// How many hosts have connections kept for them, for each worker and configuration. awc closes idle connections only
/// when their host is asked for again, so each host has a pool of its own, which goes as a whole.
const MAX_CLIENTS: usize = 64;

/// One pool for each host that was asked lately.
pub(crate) struct ClientPool {
    factory: ClientFactory,
    /// The latest comes last.
    open: RefCell<Vec<PooledClient>>,
}

struct PooledClient {
    origin: Origin,
    address: Option<IpAddr>,
    client: Client,
}

impl ClientPool {
    pub(crate) fn new(factory: ClientFactory) -> Self {
        Self { factory, open: RefCell::default() }
    }

    /// The client for the host of a URL, or for the address that stands for that host.
    pub(crate) fn client(&self, url: &Url, address: Option<IpAddr>) -> Client {
        let mut open = self.open.borrow_mut();
        let pool = match position(&open, url, address) {
            Some(known) => open.remove(known),
            None => PooledClient { origin: url.origin(), address, client: self.factory.client(url, address) },
        };
        let client = pool.client.clone();
        if open.len() >= MAX_CLIENTS {
            // who still reads from one of its connections holds the client
            open.remove(0);
        }
        open.push(pool);
        client
    }

    /// Leaves all pooled connections to a host behind.
    ///
    /// After a response whose end awc cannot tell (a switch of protocols, no length) it takes the connection for idle, and
    /// what still comes on it would be taken for the answer to the next request: another picture.
    pub(crate) fn retire(&self, url: &Url, address: Option<IpAddr>) {
        let mut open = self.open.borrow_mut();
        if let Some(known) = position(&open, url, address) {
            tracing::debug!(host = url.host_str(), "a response without an end: connections are left behind");
            open.remove(known);
        }
    }
}

fn position(open: &[PooledClient], url: &Url, address: Option<IpAddr>) -> Option<usize> {
    let origin = url.origin();
    open.iter().rposition(|pool| pool.address == address && pool.origin == origin)
}
