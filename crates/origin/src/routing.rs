//! Which origin and which original a request means, or which rule forbids it.

use std::collections::BTreeMap;

use ipnet::IpNet;
use url::{Host, Url};

use crate::{
    bucket::name,
    config::{dynamic::DynamicConfig, named_origins::RouteConfig, section::Config},
    guard,
    host_allowlist::HostPattern,
    http::{authority::authority, connector::HostPort},
    http_origin,
    object_ref::{Location, ObjectRef, RemoteUrl, below},
    path::SourcePath,
    selection::{Refusal, Rule, Selection},
    url_param::{self, Expected, ResolvePin},
};

/// What is shown in place of a value that may hold a secret.
const MASK: &str = "***";

/// The rules by which requests are mapped to originals.
#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) allow_dynamic: bool,
    pub(crate) hosts_allowed: Vec<HostPattern>,
    pub(crate) buckets_allowed: Vec<String>,
    pub(crate) trusted: Vec<IpNet>,
    /// Hosts and ports of configured origins that are allowed by name.
    pub(crate) exempt: Vec<HostPort>,
    pub(crate) routes: Vec<Route>,
    /// The URL of each configured origin, if it has one, the default one first.
    pub(crate) bases: Vec<Option<Url>>,
}

/// Which requests go to a named origin.
#[derive(Debug)]
pub(crate) struct Route {
    /// Its index among the configured origins; 0 is the default one.
    pub(crate) origin: usize,
    pub(crate) prefix: Option<SourcePath>,
    /// Empty: requests for any host.
    pub(crate) hosts: Vec<HostPattern>,
}

impl Router {
    /// The rules of a configuration.
    pub(crate) fn new(default: &Config, named: &BTreeMap<String, Config>) -> Self {
        let DynamicConfig { is_allowed, hosts, buckets, private_networks, .. } = default.into();
        let all = std::iter::once(default).chain(named.values());
        let bases: Vec<_> = all.map(|section| http_origin::parse_url(&section.url).ok()).collect();
        let own = bases.iter().flatten().filter_map(HostPort::from_url);
        // a pattern of many hosts does not mean a private one
        let by_name = |own: &HostPort| hosts.iter().any(|pattern| pattern.is_for(&own.host, own.port));
        let exempt = own.filter(by_name).collect();
        let route = |(index, section): (usize, &Config)| {
            let RouteConfig { prefix, hosts } = section.into();
            Route { origin: index + 1, prefix, hosts }
        };
        Self {
            allow_dynamic: is_allowed,
            trusted: private_networks,
            exempt,
            routes: named.values().enumerate().map(route).collect(),
            bases,
            hosts_allowed: hosts,
            buckets_allowed: buckets,
        }
    }

    /// The original that a request means, if it may be fetched.
    pub(crate) fn locate(&self, selection: &Selection<'_>) -> Result<ObjectRef, Refusal> {
        let in_path = url_param::in_path(selection.path);
        if !self.allow_dynamic
            && let Some(parameter) = selection.dynamic(in_path.is_some())
        {
            return Err(Refusal::Forbidden { parameter, rule: Rule::AllowDynamic });
        }
        if let Some(url) = in_path {
            let url = url.map_err(|expected| malformed("path", selection.path, expected))?;
            return self.remote(selection, "path", url);
        }
        if let Some(text) = selection.source_url {
            if !selection.path.trim_matches('/').is_empty() {
                return Err(malformed("source_url", text, "the path to be / beside a whole URL"));
            }
            let url = url_param::url(text).map_err(|expected| malformed("source_url", text, expected))?;
            return self.remote(selection, "source_url", url);
        }
        let path = SourcePath::parse(selection.path).map_err(Refusal::Path)?;
        if let Some(text) = selection.origin {
            let base = url_param::base(text).map_err(|expected| malformed("origin", text, expected))?;
            return self.below(selection, base, &path);
        }
        if let Some(bucket) = selection.bucket {
            return self.in_bucket(bucket, selection.region, path);
        }
        self.configured(selection, path)
    }

    /// Whether a named origin is selected by this `Host`, other than by a pattern that matches all hosts.
    pub(crate) fn names_host(&self, host: &str) -> bool {
        let Ok(host) = url_param::host(host, "http") else { return false };
        let mut patterns = self.routes.iter().flat_map(|route| &route.hosts);
        patterns.any(|pattern| pattern.weight() > 0 && pattern.names_host(&host))
    }

    /// The original at a URL that another parameter names: an overlay.
    pub(crate) fn at(&self, text: &str, parameter: &'static str) -> Result<ObjectRef, Refusal> {
        if !self.allow_dynamic {
            return Err(Refusal::Forbidden { parameter, rule: Rule::AllowDynamic });
        }
        let url = url_param::url(text).map_err(|expected| malformed(parameter, text, expected))?;
        self.remote(&Selection::default(), parameter, url)
    }

    fn remote(
        &self,
        selection: &Selection<'_>,
        parameter: &'static str,
        url: Url,
    ) -> Result<ObjectRef, Refusal> {
        self.permit(parameter, &url)?;
        let host = self.host_header(selection, &url)?;
        let mut base = url.clone();
        base.set_path("/");
        base.set_query(None);
        Ok(ObjectRef(Location::Remote(RemoteUrl { base, url, host, address: None })))
    }

    fn below(&self, selection: &Selection<'_>, base: Url, path: &SourcePath) -> Result<ObjectRef, Refusal> {
        self.permit("origin", &base)?;
        let host = self.host_header(selection, &base)?;
        let address = match selection.resolve {
            Some(text) => self.pinned(text, &base)?,
            None => None,
        };
        let url = below(&base, path);
        Ok(ObjectRef(Location::Remote(RemoteUrl { base, url, host, address })))
    }

    /// A region without a bucket is ignored; an invalid one is refused before anything is sent.
    fn in_bucket(&self, bucket: &str, region: Option<&str>, path: SourcePath) -> Result<ObjectRef, Refusal> {
        if !self.buckets_allowed.iter().any(|allowed| allowed == bucket) {
            return Err(Refusal::Forbidden { parameter: "bucket", rule: Rule::BucketsAllowed });
        }
        if let Some(text) = region {
            let fine = name::region(text);
            fine.map_err(|told| malformed("region", text, told.trim_start_matches("expected ")))?;
        }
        let (name, region) = (bucket.to_owned(), region.map(str::to_owned));
        Ok(ObjectRef(Location::Bucket { name, region, path }))
    }

    /// The configured origin whose route matches best: a host takes precedence over none, a long prefix over a short one.
    fn configured(&self, selection: &Selection<'_>, path: SourcePath) -> Result<ObjectRef, Refusal> {
        let host = selection.host.and_then(|host| url_param::host(host, "http").ok());
        let fits =
            |route: &Route| Some((route.weight(host.as_ref(), &path)?, route.origin, route.below(&path)));
        let best = self.routes.iter().filter_map(fits).max_by_key(|(weight, ..)| *weight);
        let (origin, path) = match best {
            Some((_, origin, Some(below))) => (origin, below),
            Some((_, origin, None)) => (origin, path),
            None => (0, path),
        };
        // only HTTP origins are sent a header
        let host = match self.bases.get(origin) {
            Some(Some(base)) => self.host_header(selection, base)?,
            _ => None,
        };
        Ok(ObjectRef(Location::Configured { origin, path, host }))
    }

    /// Whether requests may name this host, which may be an address.
    fn permit(&self, parameter: &'static str, url: &Url) -> Result<(), Refusal> {
        let forbidden = |rule| Err(Refusal::Forbidden { parameter, rule });
        if self.exempt.iter().any(|exempt| exempt.matches_url(url)) {
            return Ok(());
        }
        if !self.hosts_allowed.iter().any(|pattern| pattern.names(url)) {
            return forbidden(Rule::HostsAllowed);
        }
        let address = match url.host() {
            Some(Host::Ipv4(ip)) => Some(ip.into()),
            Some(Host::Ipv6(ip)) => Some(ip.into()),
            _ => None,
        };
        match address.and_then(|ip| guard::forbidden_unless_trusted(ip, &self.trusted)) {
            Some(_) => forbidden(Rule::PrivateAllowed),
            None => Ok(()),
        }
    }

    /// The `Host` to send to a URL, if it is not its own. It can select another site of the server, so it must be allowed.
    fn host_header(&self, selection: &Selection<'_>, url: &Url) -> Result<Option<String>, Refusal> {
        let Some(text) = selection.host_header else { return Ok(None) };
        let wanted = url_param::host(text, url.scheme())
            .map_err(|expected| malformed("host_header", text, expected))?;
        let named = self.hosts_allowed.iter().any(|pattern| pattern.names(&wanted));
        if !named && !self.exempt.iter().any(|exempt| exempt.matches_url(&wanted)) {
            return Err(Refusal::Forbidden { parameter: "host_header", rule: Rule::HostsAllowed });
        }
        let wanted = authority(&wanted);
        Ok((wanted != authority(url)).then_some(wanted))
    }

    /// The address to connect to; `None` if `resolve` is about another host or port.
    fn pinned(&self, text: &str, url: &Url) -> Result<Option<std::net::IpAddr>, Refusal> {
        let ResolvePin { host, port, address } =
            url_param::pin(text).map_err(|expected| malformed("resolve", text, expected))?;
        if guard::forbidden_unless_trusted(address, &self.trusted).is_some() {
            return Err(Refusal::Forbidden { parameter: "resolve", rule: Rule::PrivateAllowed });
        }
        if url.host_str() != Some(&host) || url.port_or_known_default() != Some(port) {
            return Ok(None);
        }
        // a certificate proves that the host is at this address; without TLS the address itself must be allowed
        if url.scheme() == "http" {
            let mut there = url.clone();
            let set = there.set_ip_host(address).is_ok();
            if !set || !self.hosts_allowed.iter().any(|pattern| pattern.names(&there)) {
                return Err(Refusal::Forbidden { parameter: "resolve", rule: Rule::HostsAllowed });
            }
        }
        Ok(Some(address))
    }
}

impl Route {
    /// How specific the match is; `None` if it does not match.
    fn weight(&self, host: Option<&Url>, path: &SourcePath) -> Option<(Option<usize>, usize)> {
        let by_host = if self.hosts.is_empty() {
            None
        } else {
            let host = host?;
            let fitting = self.hosts.iter().filter(|pattern| pattern.names_host(host));
            Some(fitting.map(HostPattern::weight).max()?)
        };
        let by_path = match &self.prefix {
            Some(prefix) => {
                path.below(prefix)?;
                prefix.segments().len()
            }
            None => 0,
        };
        Some((by_host, by_path))
    }

    fn below(&self, path: &SourcePath) -> Option<SourcePath> {
        path.below(self.prefix.as_ref()?)
    }
}

fn malformed(parameter: &'static str, value: &str, expected: Expected) -> Refusal {
    // there may be a password before an @, and this is logged
    let value = if value.contains('@') { MASK } else { value };
    Refusal::Malformed { parameter, value: value.to_owned(), expected }
}

#[cfg(test)]
#[path = "routing_tests.rs"]
mod tests;
