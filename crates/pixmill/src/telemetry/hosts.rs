//! The load of upstream hosts, by origin: if requests may name hosts there are many hosts, but few origins.

use std::collections::BTreeMap;

use origin::{Circuit, Hosts};

use crate::config::Config;

/// The name of section `origin`.
const DEFAULT: &str = "default";

/// The name of all other hosts together: those that requests name, and those that origins redirect to.
const OTHERS: &str = "others";

/// The load of the hosts of an origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Requests in flight.
    pub in_flight: usize,
    /// Requests waiting for a connection.
    pub waiting: usize,
    /// Hosts whose circuit breaker is not closed.
    pub open: usize,
}

/// The load of each HTTP origin, and of all other hosts together. Origins that share a host are counted at the first of them.
pub fn by_origin(config: &Config, hosts: &Hosts) -> BTreeMap<String, Load> {
    let named = config.origins.iter().map(|(name, origin)| (name.as_str(), origin));
    let mut origins = BTreeMap::new();
    let mut loads = BTreeMap::from([(OTHERS.to_owned(), Load::default())]);
    for (name, origin) in std::iter::once((DEFAULT, &config.origin)).chain(named) {
        let Some(host) = origin.host_and_port() else { continue };
        loads.entry(name.to_owned()).or_default();
        origins.entry(host).or_insert(name);
    }
    for host in hosts.stats().hosts {
        let origin = origins.get(&host.host).copied().unwrap_or(OTHERS);
        let load = loads.entry(origin.to_owned()).or_default();
        load.in_flight += host.in_flight;
        load.waiting += host.waiting;
        load.open += usize::from(host.circuit != Circuit::Closed);
    }
    loads
}
