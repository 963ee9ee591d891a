//! Section `origin`, and each of `origins`, as they are written in the configuration.
//!
//! One type for both, so that a key in the wrong one of them can be refused with a hint. What is made of it is apart:
//! [`OriginConfig`](crate::config::origin_config::OriginConfig), how one origin is reached;
//! [`DynamicConfig`](crate::config::dynamic::DynamicConfig), what requests may name;
//! [`RouteConfig`](crate::config::named_origins::RouteConfig), which requests go to a named origin.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::Url;

use crate::bucket::config::Config as BucketConfig;

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "***";

/// Where originals come from, and how they are fetched: section `origin`, and each of `origins`.
///
/// Secrets (the header values, a password in the URL) are masked as `***` by `Debug` and when serialised.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the origin: `http` or `https`, with a path if all originals are below one; a bucket
    /// (`s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`); or a folder, as a path or a `file://` URL.
    /// Empty: no origin. Its own host and port may be private; redirects to other private addresses are refused.
    #[serde(serialize_with = "without_password")]
    pub url: String,
    /// Time limit for looking up the host and connecting to it; the TLS handshake has the same limit again.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// Time limit for the head of the response, waiting for a free connection included, and then between two chunks of
    /// the body.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub response_timeout: Duration,
    /// Time limit for a whole fetch, redirects included.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Maximum number of consecutive redirects that are followed, 0 to 20.
    pub max_redirects: u8,
    /// The `User-Agent` of our requests. It must contain the word `imagizer`, by which CDN workers recognise our
    /// fetches and do not send them back to us.
    pub user_agent: String,
    /// Additional request headers, such as `Authorization`. They are sent to the origin's own host only, never to the
    /// target of a redirect.
    #[serde(serialize_with = "masked")]
    pub headers: BTreeMap<String, String>,
    /// Maximum number of concurrent connections to one host per worker; further fetches wait.
    pub max_connections: u32,
    /// How long an idle connection is kept open; best a little shorter than the keep-alive timeout of the origin.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// A PEM file of certificate authorities to trust in addition to the public ones.
    pub ca_file: Option<PathBuf>,
    /// Region, endpoint and credentials of a bucket.
    pub bucket: BucketConfig,
    /// In `origins.NAME` only: requests for paths below this prefix, such as `/shop`, go to this origin. The prefix is
    /// removed: `/shop/a.jpg` is fetched as `/a.jpg`.
    pub path_prefix: String,
    /// In `origins.NAME` only: requests with one of these `Host` headers, `shop.example.com` or `*.shop.example`, go to
    /// this origin; if `path_prefix` is set too, both must match. A matching host takes precedence over a matching prefix,
    /// and a longer prefix over a shorter one; requests that match nothing go to `origin`.
    pub hosts: Vec<String>,
    /// Whether requests may name another origin, by `origin`, `source_url`, a URL as the path, `host_header`, `resolve`,
    /// `bucket`, or an absolute URL of an overlay. If not, such requests are refused.
    pub allow_dynamic: bool,
    /// Allowlist of the hosts that requests may name: `images.example.com`, `*.example.com`, `images.example.com:8080`,
    /// `a.example:*` for every port, `*` for all hosts. Without a port, only the default port of http or https is
    /// allowed. Redirects from such a host must lead to hosts of this list too. Empty: none.
    pub hosts_allowed: Vec<String>,
    /// Allowlist of the buckets that requests may name by `bucket`. Empty: none.
    pub buckets_allowed: Vec<String>,
    /// Private networks, such as `10.0.0.0/8`, that may be connected to for hosts named by requests and for redirects.
    /// Cloud metadata services are refused nevertheless.
    pub private_allowed: Vec<String>,
    /// Maximum number of concurrent requests to one host for the whole process; further ones wait, up to
    /// `max_waiting_per_host` of them and for at most `response_timeout`.
    pub max_connections_per_host: u32,
    /// Maximum number of fetches that may wait for one host; further requests are answered 503 with `Retry-After`.
    pub max_waiting_per_host: u32,
    /// Number of consecutive failures (no connection, no response in time, a 5xx) after which the circuit breaker of a host
    /// opens; 0: never.
    pub breaker_failures: u32,
    /// How long a circuit breaker stays open. After that, one request at a time is sent to the host until one succeeds.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub breaker_pause: Duration,
    /// For a folder: how long the result of checking a file for changes is reused. A file that was replaced, changed or
    /// removed shows after this time at the latest, in every size; responses to browsers and other caches keep the
    /// lifetimes that `cache` gives them. Zero: each request checks.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub folder_check: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: String::new(),
            connect_timeout: Duration::from_secs(3),
            response_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            max_redirects: 4,
            user_agent: concat!("Pixmill/", env!("CARGO_PKG_VERSION"), " (imagizer-compatible)").to_owned(),
            headers: BTreeMap::new(),
            max_connections: 64,
            keep_alive: Duration::from_secs(15),
            ca_file: None,
            bucket: BucketConfig::default(),
            path_prefix: String::new(),
            hosts: Vec::new(),
            allow_dynamic: false,
            hosts_allowed: Vec::new(),
            buckets_allowed: Vec::new(),
            private_allowed: Vec::new(),
            max_connections_per_host: 128,
            max_waiting_per_host: 512,
            breaker_failures: 10,
            breaker_pause: Duration::from_secs(3),
            folder_check: Duration::from_secs(1),
        }
    }
}

/// The URL with its password masked, or masked as a whole if it cannot be parsed and may hold one.
pub(crate) fn hide_password(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.password().is_some() => match url.set_password(Some(MASK)) {
            Ok(()) => url.into(),
            Err(()) => MASK.to_owned(),
        },
        Err(_) if text.contains('@') => MASK.to_owned(),
        _ => text.to_owned(),
    }
}

fn without_password<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hide_password(url))
}

fn masked<S: Serializer>(headers: &BTreeMap<String, String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.keys().map(|name| (name, MASK)))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: BTreeMap<_, _> = self.headers.keys().map(|name| (name, MASK)).collect();
        f.debug_struct("Config")
            .field("url", &hide_password(&self.url))
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("timeout", &self.timeout)
            .field("max_redirects", &self.max_redirects)
            .field("user_agent", &self.user_agent)
            .field("headers", &headers)
            .field("max_connections", &self.max_connections)
            .field("keep_alive", &self.keep_alive)
            .field("ca_file", &self.ca_file.as_deref().map(Path::display))
            .field("bucket", &self.bucket)
            .field("path_prefix", &self.path_prefix)
            .field("hosts", &self.hosts)
            .field("allow_dynamic", &self.allow_dynamic)
            .field("hosts_allowed", &self.hosts_allowed)
            .field("buckets_allowed", &self.buckets_allowed)
            .field("private_allowed", &self.private_allowed)
            .field("max_connections_per_host", &self.max_connections_per_host)
            .field("max_waiting_per_host", &self.max_waiting_per_host)
            .field("breaker_failures", &self.breaker_failures)
            .field("breaker_pause", &self.breaker_pause)
            .field("folder_check", &self.folder_check)
            .finish()
    }
}
