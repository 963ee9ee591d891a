//! Clients of many hosts, of which only the most recently used are kept.

use std::{cell::RefCell, net::IpAddr};

use awc::Client;
use url::{Origin, Url};

use super::request::ClientFactory;

/// How many hosts have pooled connections, per worker and configuration. awc closes idle connections only when their
/// host is requested again, so each host has a client of its own, which is dropped as a whole.
const MAX_CLIENTS: usize = 64;

/// One client, with its connections, per recently used host.
pub(crate) struct ClientPool {
    factory: ClientFactory,
    /// The most recently used comes last.
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

    /// The client for the host of a URL, or for the address that is connected to in its place.
    pub(crate) fn client(&self, url: &Url, address: Option<IpAddr>) -> Client {
        let mut open = self.open.borrow_mut();
        let pool = match position(&open, url, address) {
            Some(known) => open.remove(known),
            None => PooledClient { origin: url.origin(), address, client: self.factory.client(url, address) },
        };
        let client = pool.client.clone();
        if open.len() >= MAX_CLIENTS {
            // readers of its connections hold a reference to the client
            open.remove(0);
        }
        open.push(pool);
        client
    }

    /// Drops all pooled connections to a host.
    ///
    /// After a response whose end awc does not know (a switch of protocols, no length), awc takes the connection for
    /// idle, and what still comes on it would be taken for the response to the next request: another image.
    pub(crate) fn retire(&self, url: &Url, address: Option<IpAddr>) {
        let mut open = self.open.borrow_mut();
        if let Some(known) = position(&open, url, address) {
            tracing::debug!(
                host = url.host_str(),
                "response without a stated length: dropping the connections to the host"
            );
            open.remove(known);
        }
    }
}

fn position(open: &[PooledClient], url: &Url, address: Option<IpAddr>) -> Option<usize> {
    let origin = url.origin();
    open.iter().rposition(|pool| pool.address == address && pool.origin == origin)
}
