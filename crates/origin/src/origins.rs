//! All origins of a configuration, as one worker uses them.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use http_semantics::Validators;

use crate::{
    bucket::named_buckets::NamedBuckets,
    config::{
        dynamic::DynamicConfig, named_origins::named_problems, origin_config::OriginConfig, section::Config,
    },
    error::{Error, Result},
    fetched::{Fetched, OriginResponse},
    http::{
        authority::authority,
        connector::AddressPolicy,
        fetcher::HttpFetcher,
        hop::FetchRequest,
        redirect::{RedirectPolicy, Trust},
    },
    kinds,
    object_ref::{Location, ObjectRef, RemoteUrl},
    origin::{LocalFiles, OpenContext, Origin, OriginRequest},
    path::SourcePath,
    routing::Router,
    selection::{Refusal, Selection},
    upstream::Hosts,
};

/// All origins of one worker: the default one, the named ones, and the hosts and buckets that requests may name.
/// Connections belong to this worker; limits and circuit breakers of hosts are shared by the process.
pub struct Origins {
    /// The default origin first, then the named ones in the order of their names.
    configured: Vec<Box<dyn Origin>>,
    /// Names of the named ones, in the same order.
    names: Vec<String>,
    /// `None`: requests may name no host.
    remote: Option<HttpFetcher>,
    /// `None`: requests may name no bucket.
    buckets: Option<NamedBuckets>,
    router: Router,
}

impl Origins {
    /// Sets up the origins for the current worker, without connecting. Originals larger than `max_bytes` bytes are
    /// refused. An invalid configuration is [`Error::Misconfigured`]; an empty URL is not: each fetch then fails with
    /// [`Error::NotConfigured`].
    pub fn open(
        default: &Config,
        named: &BTreeMap<String, Config>,
        max_bytes: u64,
        hosts: &Arc<Hosts>,
    ) -> Result<Self> {
        let problems = [default.problems(), named_problems(named)].concat();
        if !problems.is_empty() {
            let problems = problems.iter().map(ToString::to_string).collect();
            return Err(Error::Misconfigured { problems });
        }
        let router = Router::new(default, named);
        let context = OpenContext { trusted: &router.trusted, max_bytes, hosts };
        let open = |section: &Config| kinds::open(&section.into(), &context).map_err(misconfigured);
        let configured = std::iter::once(default).chain(named.values()).map(open).collect::<Result<_>>()?;
        let config = OriginConfig::from(default);
        let remote = router.allow_dynamic.then(|| open_remote(&config, &router, &context)).transpose()?;
        let provider = DynamicConfig::from(default).bucket_provider;
        let buckets = (router.allow_dynamic && !router.buckets_allowed.is_empty())
            .then(|| NamedBuckets::new(provider, &config, max_bytes))
            .transpose()?;
        Ok(Self { configured, names: named.keys().cloned().collect(), remote, buckets, router })
    }

    /// The original that a request means, if it may be fetched.
    pub fn locate(&self, asked: &Selection<'_>) -> Result<ObjectRef, Refusal> {
        self.router.locate(asked)
    }

    /// Whether a named origin is selected by this `Host` header, other than by a pattern that matches all hosts.
    pub fn names_host(&self, host: &str) -> bool {
        self.router.names_host(host)
    }

    /// The original at a whole URL that `parameter` names, if it may be fetched.
    pub fn locate_url(&self, url: &str, parameter: &'static str) -> Result<ObjectRef, Refusal> {
        self.router.at(url, parameter)
    }

    /// Fetches an original whole; with `known`, only if it is no longer the version with these validators
    /// ([`Fetched::NotModified`]).
    ///
    /// Dropping the future abandons the fetch, on the wire too.
    pub async fn fetch(&self, target: &ObjectRef, known: Option<&Validators>) -> Result<Fetched> {
        let started = Instant::now();
        let known = known.filter(|known| !known.is_empty());
        let (name, fetched) = match &target.0 {
            Location::Configured { origin, path, host } => {
                let origin = &self.configured[*origin];
                let request = OriginRequest { path, host: host.as_deref(), known };
                (origin.name().to_owned(), origin.fetch(&request).await)
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
        buckets.open(name, region)?.fetch(&OriginRequest { path, host: None, known }).await
    }

    async fn fetch_remote(&self, remote: &RemoteUrl, known: Option<&Validators>) -> Result<OriginResponse> {
        let http = self.remote.as_ref().ok_or(Error::NotConfigured)?;
        let fetch = FetchRequest {
            url: remote.url.clone(),
            // its path and its query may well be secrets
            original: format!("an original of {}", authority(&remote.url)),
            trust: Trust::Foreign,
            host: remote.host.clone(),
            address: remote.address,
        };
        http.fetch(&fetch, known).await
    }

    /// A stable name of an original for cache keys and tags: its origin without credentials, and where it is there. It is
    /// the same on every node with this configuration, and originals of different origins never share one.
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

    /// The same for keys of results: one original can be reached below several base URLs, and each of them resolves relative
    /// overlays differently.
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
        self.configured.get(*origin)?.files()?;
        let name = origin.checked_sub(1).and_then(|named| self.names.get(named));
        Some(format!("{}{}", name.map_or("", String::as_str), path.identity()))
    }

    /// Checks a file by its name: the entity tag that it would be fetched with now, or `None` if there is no such file. A
    /// different tag from an earlier fetch belongs to another version, or to one that could not be told apart for
    /// certain.
    pub async fn file_version(&self, name: &str) -> Result<Option<String>> {
        let Some((files, path)) = self.files_of(name) else { return Ok(None) };
        files.version(&SourcePath::parse(path)?).await
    }

    /// How long the result of [`Self::file_version`] holds for this file: `folder_check` of its origin.
    pub fn file_check(&self, name: &str) -> Duration {
        self.files_of(name).map_or(Duration::ZERO, |(files, _)| files.check_interval())
    }

    /// Splits the name of a file: no name of an origin has a slash, and every path begins with one.
    fn files_of<'a>(&self, name: &'a str) -> Option<(&dyn LocalFiles, &'a str)> {
        let (name, path) = name.split_at(name.find('/')?);
        let origin = match name {
            "" => 0,
            name => 1 + self.names.iter().position(|known| known == name)?,
        };
        Some((self.configured.get(origin)?.files()?, path))
    }

    #[cfg(test)]
    pub(crate) fn router(&self) -> &Router {
        &self.router
    }

    /// Unambiguous, since no URL has a space, and no name a colon or a slash.
    fn identity_at(&self, origin: usize, path: &SourcePath) -> String {
        let identity = self.configured[origin].identity(path);
        match origin.checked_sub(1).and_then(|named| self.names.get(named)) {
            Some(name) => format!("{name} {identity}"),
            None => identity,
        }
    }
}

/// What fetches from hosts that requests name.
fn open_remote(config: &OriginConfig, router: &Router, context: &OpenContext<'_>) -> Result<HttpFetcher> {
    let addresses = AddressPolicy { exempt: router.exempt.clone(), trusted: router.trusted.clone() };
    let redirects = RedirectPolicy::Listed(router.hosts_allowed.clone());
    HttpFetcher::open(config, None, (addresses, redirects), context).map_err(misconfigured)
}

fn misconfigured(problem: String) -> Error {
    Error::Misconfigured { problems: vec![problem] }
}

fn log(host: &str, answer: &Result<OriginResponse>, elapsed: Duration) {
    match answer {
        Ok(OriginResponse { body: Some(body), .. }) => {
            tracing::debug!(host, status = 200, bytes = body.len(), ?elapsed, "fetched an original");
        }
        Ok(OriginResponse { body: None, .. }) => {
            tracing::debug!(host, status = 304, ?elapsed, "original not modified");
        }
        Err(error) => {
            tracing::debug!(host, kind = ?error.kind(), %error, ?elapsed, "fetching an original failed");
        }
    }
}
