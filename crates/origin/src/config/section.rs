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

/// What a secret is shown as.
pub(crate) const MASK: &str = "***";

/// Where originals come from, and how they are fetched: section `origin`, and each of `origins`.
///
/// Secrets (the header values, a password in the URL) are shown as `***` by `Debug` and when serialised.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The origin: an http or https URL, with a path if originals lie below one, a bucket (`s3://bucket/prefix`,
    /// `gs://bucket/prefix`, `az://container/prefix`), or a folder, as a path or a `file://` URL. Empty: no origin. Its
    /// own host and port may be private; redirects to other private addresses are refused.
    #[serde(serialize_with = "without_password")]
    pub url: String,
    /// The longest time to look up the host and connect to it; the TLS handshake may take as long again.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// The longest time the origin may be silent: until the head of its response, waiting for a free connection
    /// included, and then between two pieces of the body.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub response_timeout: Duration,
    /// The longest time for a fetch as a whole, redirects included.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// How many redirects are followed one after another, 0 to 20.
    pub max_redirects: u8,
    /// The `User-Agent` of our requests. It must contain the word `imagizer`, by which CDN workers recognise our
    /// fetches and do not send them back to us.
    pub user_agent: String,
    /// Further request headers, an authorisation for example. They are sent to the origin's own host only, not to
    /// where it redirects.
    #[serde(serialize_with = "masked")]
    pub headers: BTreeMap<String, String>,
    /// The most fetches at once from one host for each worker; further ones wait.
    pub max_connections: u32,
    /// How long an idle connection is kept for the next fetch; best a little shorter than what the origin allows.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub keep_alive: Duration,
    /// A PEM file of certificate authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// How a bucket is reached.
    pub bucket: BucketConfig,
    /// In `origins.NAME` only: requests for paths below this one, `/shop`, go to this origin, which does not see the
    /// prefix: `/shop/a.jpg` is its `/a.jpg`.
    pub path_prefix: String,
    /// In `origins.NAME` only: requests with one of these `Host`s, `shop.example.com` or `*.shop.example`, go to this
    /// origin; with a `path_prefix` too, both must fit. A fitting host goes before a fitting prefix, a longer prefix
    /// before a shorter one, and `origin` takes the rest.
    pub hosts: Vec<String>,
    /// Whether requests may name another origin: `origin`, `source_url`, a URL as the path, `host_header`, `resolve`,
    /// `bucket`, and whole URLs of overlays. Off, all that is refused.
    pub allow_dynamic: bool,
    /// The hosts that requests may name: `images.example.com`, `*.example.com`, `images.example.com:8080`, `a.example:*`
    /// for every port, `*` for all hosts. Without a port only the usual one of the scheme, http or https, is meant.
    /// Redirects from such a host must lead to hosts of this list too. Empty: none.
    pub hosts_allowed: Vec<String>,
    /// The buckets that requests may name by `bucket`. Empty: none.
    pub buckets_allowed: Vec<String>,
    /// Networks such as `10.0.0.0/8` that hosts named by requests, and redirects, may lead to although they are
    /// private. The metadata services of clouds stay refused.
    pub private_allowed: Vec<String>,
    /// The most fetches at once from one host for the whole process; further ones wait, up to
    /// `max_waiting_per_host` and for no longer than `response_timeout`.
    pub max_connections_per_host: u32,
    /// The most fetches that may wait for one host; still further requests are told to come back later.
    pub max_waiting_per_host: u32,
    /// After so many failures in a row (no connection, no answer in time, a 5xx) a host is left alone for
    /// `breaker_pause`; 0: never.
    pub breaker_failures: u32,
    /// How long a host that keeps failing is left alone; then one request tries it.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub breaker_pause: Duration,
    /// Of a folder: how long a file that was looked at is taken to be as it was. One that was replaced, changed or removed shows
    /// after this time at the latest, in every size; answers to browsers and other caches keep the times that
    /// `cache` gives them. Zero: each request looks.
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

/// The URL with its password masked, and all of its user information if it is no URL that we can take apart.
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
