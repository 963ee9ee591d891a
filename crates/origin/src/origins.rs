//! All origins of a configuration, as one worker uses them.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    Config, Error, Fetched, Hosts, NamedBuckets, ObjectRef, Origin, OriginResponse, Refusal, Result,
    Selection, SourcePath, Validators,
    config::{OriginKind, named_problems},
    filesystem::FolderOrigin,
    http::{AddressPolicy, FetchRequest, HostPort, Http, RedirectPolicy, Trust, authority},
    object_ref::{Location, RemoteUrl},
    selection::{Route, Router},
};

/// All origins: the default one, the named ones, and the hosts that requests may name. Connections belong to this worker
/// alone; limits and breakers of hosts are those of the process.
pub struct Origins {
    /// The default one first, then the named ones in the order of their names.
    configured: Vec<Origin>,
    /// Names of the named ones, in the same order.
    names: Vec<String>,
    /// None: requests may name no host.
    remote: Option<Http>,
    /// None: requests may name no bucket.
    buckets: Option<NamedBuckets>,
    router: Router,
}

impl Origins {
    /// Sets up the origins for the current worker; nothing is connected to yet. Originals larger than `max_bytes` are
    /// refused. An empty URL is no error here: each fetch then fails with [`crate::ErrorKind::NotConfigured`].
    pub fn open(
        default: &Config,
        named: &BTreeMap<String, Config>,
        max_bytes: u64,
        hosts: &Arc<Hosts>,
    ) -> Result<Self> {
        let problems = [default.problems(), named_problems(named)].concat();
        if !problems.is_empty() {
            return Err(Error::Misconfigured { problems });
        }
        let all = || std::iter::once(default).chain(named.values());
        let router = router(default, named);
        let open = |config| Origin::open(config, &router.trusted, max_bytes, hosts);
        let configured = all().map(open).collect::<Result<_>>()?;
        let guard = AddressPolicy { exempt: router.exempt.clone(), trusted: router.trusted.clone() };
        let redirects = RedirectPolicy::Listed(router.hosts_allowed.clone());
        let remote =
            router.allow_dynamic.then(|| Http::open(default, None, (guard, redirects), max_bytes, hosts));
        let remote =
            remote.transpose().map_err(|problem| Error::Misconfigured { problems: vec![problem] })?;
        let buckets = (router.allow_dynamic && !router.buckets_allowed.is_empty())
            .then(|| NamedBuckets::new(default.provider(), default, max_bytes));
        let order = named.keys().cloned().collect();
        Ok(Self { configured, names: order, remote, buckets: buckets.transpose()?, router })
    }

    /// The original that a request means, if it may.
    pub fn locate(&self, asked: &Selection<'_>) -> Result<ObjectRef, Refusal> {
        self.router.locate(asked)
    }

    /// Whether a named origin is chosen by this `Host` header, other than by a pattern of all hosts.
    pub fn names_host(&self, host: &str) -> bool {
        self.router.names_host(host)
    }

    /// The original at a whole URL, which `parameter` names.
    pub fn locate_url(&self, url: &str, parameter: &'static str) -> Result<ObjectRef, Refusal> {
        self.router.at(url, parameter)
    }

    /// Fetches an original; with `known`, only if it is no longer the version with these validators.
    ///
    /// Dropping the future abandons the fetch.
    pub async fn fetch(&self, target: &ObjectRef, known: Option<&Validators>) -> Result<Fetched> {
        let started = Instant::now();
        let known = known.filter(|known| !known.is_empty());
        let (name, fetched) = match &target.0 {
            Location::Configured { origin, path, host } => {
                let origin = &self.configured[*origin];
                (origin.name().to_owned(), origin.fetch(path, host.as_deref(), known).await)
            }
            Location::Remote(remote) => (authority(&remote.url), self.fetch_remote(remote, known).await),
            Location::Bucket { name, region, path } => {
                (name.clone(), self.fetch_from_bucket(name, region.as_deref(), path, known).await)
            }
        };
        let elapsed = started.elapsed();
        log(&name, &fetched, elapsed);
        fetched.map(|answer| answer.into_fetched(elapsed))
    }

    async fn fetch_from_bucket(
        &self,
        name: &str,
        region: Option<&str>,
        path: &SourcePath,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let buckets = self.buckets.as_ref().ok_or(Error::NotConfigured)?;
        buckets.open(name, region)?.fetch(path, known).await
    }

    async fn fetch_remote(&self, remote: &RemoteUrl, known: Option<&Validators>) -> Result<OriginResponse> {
        let http = self.remote.as_ref().ok_or(Error::NotConfigured)?;
        let ask = FetchRequest {
            url: remote.url.clone(),
            // its path and its query may well be secrets
            original: format!("an original of {}", authority(&remote.url)),
            trust: Trust::Foreign,
            host: remote.host.clone(),
            address: remote.address,
        };
        http.fetch(&ask, known).await
    }

    /// A stable name of an original for keys of caches and tags, the same on every node with this configuration: which
    /// origin it is of, without credentials, and where it is there. Originals of different origins never share one.
    pub fn identity(&self, target: &ObjectRef) -> String {
        match &target.0 {
            Location::Configured { origin, path, host } => {
                let identity = self.identity_at(*origin, path);
                host.iter().fold(identity, |identity, host| format!("{identity} host {host}"))
            }
            Location::Remote(RemoteUrl { url, host, address, .. }) => {
                let mut identity = format!("dynamic {url}");
                identity.extend(host.iter().flat_map(|host| [" host ", host]));
                identity.extend(address.iter().map(|address| format!(" at {address}")));
                identity
            }
            Location::Bucket { name, path, .. } => format!("bucket {name}{}", path.object_identity()),
        }
    }

    /// The same for answers: one original can be named below several bases, and below each its relative overlays are
    /// others.
    pub fn identity_with_base(&self, target: &ObjectRef) -> String {
        let identity = self.identity(target);
        match &target.0 {
            Location::Remote(RemoteUrl { base, .. }) if base.path() != "/" => {
                format!("{identity} below {base}")
            }
            _ => identity,
        }
    }

    /// The name of the file that an original is, for [`Self::file_version`]; nothing if it is none of a folder. The same on every
    /// node with this configuration.
    pub fn file_name(&self, target: &ObjectRef) -> Option<String> {
        let Location::Configured { origin, path, .. } = &target.0 else { return None };
        self.configured.get(*origin)?.folder()?;
        let name = origin.checked_sub(1).and_then(|named| self.names.get(named));
        Some(format!("{}{}", name.map_or("", String::as_str), path.identity()))
    }

    /// Looks at a file by its name: the entity tag that it would be fetched with now, or nothing if there is no such
    /// file. A tag that was fetched and is another one is that of another version, or of one that could not be told
    /// from others for sure.
    pub async fn file_version(&self, name: &str) -> Result<Option<String>> {
        let Some((folder, path)) = self.folder_of(name) else { return Ok(None) };
        folder.version(&SourcePath::parse(path)?).await
    }

    /// How long a look at this file holds: `folder_check` of its origin.
    pub fn file_check(&self, name: &str) -> Duration {
        self.folder_of(name).map_or(Duration::ZERO, |(folder, _)| folder.check())
    }

    /// No name of an origin has a slash, and every path begins with one.
    fn folder_of<'a>(&self, name: &'a str) -> Option<(&FolderOrigin, &'a str)> {
        let (name, path) = name.split_at(name.find('/')?);
        let origin = match name {
            "" => 0,
            name => 1 + self.names.iter().position(|known| known == name)?,
        };
        Some((self.configured.get(origin)?.folder()?, path))
    }

    #[cfg(test)]
    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    /// No URL has a space and no name a colon or a slash, so these never meet.
    fn identity_at(&self, origin: usize, path: &SourcePath) -> String {
        let identity = self.configured[origin].identity(path);
        match origin.checked_sub(1).and_then(|named| self.names.get(named)) {
            Some(name) => format!("{name} {identity}"),
            None => identity,
        }
    }
}

fn router(default: &Config, named: &BTreeMap<String, Config>) -> Router {
    let hosts_allowed = default.host_patterns();
    let all = || std::iter::once(default).chain(named.values());
    let bases: Vec<_> = all()
        .map(|config| match config.kind() {
            Ok(OriginKind::Http(url)) => Some(url),
            _ => None,
        })
        .collect();
    let exempt = bases.iter().flatten().filter_map(HostPort::from_url);
    // a pattern of many hosts does not mean a private one
    let by_name =
        |exempt: &HostPort| hosts_allowed.iter().any(|pattern| pattern.is_for(&exempt.host, exempt.port));
    let route = |(number, config): (usize, &Config)| Route {
        origin: number + 1,
        prefix: config.prefix(),
        hosts: config.request_hosts(),
    };
    Router {
        allow_dynamic: default.allow_dynamic,
        trusted: default.private_networks(),
        exempt: exempt.filter(by_name).collect(),
        routes: named.values().enumerate().map(route).collect(),
        bases,
        hosts_allowed,
        buckets_allowed: default.buckets_allowed.clone(),
    }
}

fn log(host: &str, answer: &Result<OriginResponse>, elapsed: Duration) {
    match answer {
        Ok(OriginResponse { body: Some(body), .. }) => {
            tracing::debug!(host, status = 200, bytes = body.len(), ?elapsed, "fetched");
        }
        Ok(OriginResponse { body: None, .. }) => {
            tracing::debug!(host, status = 304, ?elapsed, "not modified")
        }
        Err(error) => tracing::debug!(host, kind = ?error.kind(), %error, ?elapsed, "fetch failed"),
    }
}
