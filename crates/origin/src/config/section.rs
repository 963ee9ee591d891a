//! Section `origin`, and each of `origins`, as they are written in the configuration.
//!
//! One type for both, so that a key in the wrong one of them can be refused with a hint. What is made of it is apart:
//! [`OriginConfig`](crate::config::origin_config::OriginConfig), how one origin is reached;
//! [`DynamicConfig`](crate::config::dynamic::DynamicConfig), what requests may name;
//! [`RouteConfig`](crate::config::named_origins::RouteConfig), which requests go to a named origin.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use config_types::{Secret, SecretUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bucket::config::Config as BucketConfig;

/// Where originals come from, and how they are fetched: section `origin`, and each of `origins`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The URL of the origin: `http` or `https`, with a path if all originals are below one; a bucket
    /// (`s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`); or a folder, as a path or a `file://` URL.
    /// Empty: no origin. Its own host and port may be private; redirects to other private addresses are refused.
    pub url: SecretUrl,
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
    pub headers: BTreeMap<String, Secret>,
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
            url: SecretUrl::default(),
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
