//! The configuration of the origin: section `origin`.

mod dynamic;
mod routes;

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use awc::http::header::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

pub use self::routes::named_problems;
use crate::{
    bucket::{self, BucketConfig, Provider},
    http::tls,
};

/// The word by which others know our fetches and do not send them back to us.
const LOOP_MARK: &str = "imagizer";

/// What a secret is shown as.
const MASK: &str = "***";

/// The most redirects that may be allowed; what browsers allow.
const MOST_REDIRECTS: u8 = 20;

/// The longest time between two looks at a file: a day, which `cache.default_ttl` is too.
const LONGEST_CHECK: Duration = Duration::from_hours(24);

/// Request headers that are ours to set: they decide how a message is framed, encoded or answered.
const OURS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

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

/// What kind of origin is configured.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OriginKind {
    None,
    Http(Url),
    Folder(PathBuf),
    Bucket(bucket::BucketUrl),
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

impl Config {
    /// Everything that is wrong with section `origin`, each with its key and what was expected. Looks at the folder and
    /// the CA file too.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.own_problems();
        problems.extend(self.dynamic_problems());
        problems.extend(self.route_problems());
        problems
    }

    /// What is wrong with the keys that all origins have.
    fn own_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.url_problem());
        problems.extend(self.timeout_problems());
        problems.extend(self.user_agent_problem());
        problems.extend(self.headers.iter().filter_map(|(name, value)| header_problem(name, value)));
        if self.max_redirects > MOST_REDIRECTS {
            problems.push(format!(
                "origin.max_redirects is {}: expected at most {MOST_REDIRECTS}",
                self.max_redirects
            ));
        }
        if self.folder_check > LONGEST_CHECK {
            problems.push(format!(
                "origin.folder_check is {}: expected at most {}",
                humantime_serde::re::humantime::format_duration(self.folder_check),
                humantime_serde::re::humantime::format_duration(LONGEST_CHECK)
            ));
        }
        if self.max_connections == 0 {
            problems.push("origin.max_connections is 0: expected at least 1".to_owned());
        }
        if let Err(problem) = tls::roots(self.ca_file.as_deref()) {
            problems.push(format!("origin.ca_file {problem}"));
        }
        problems.extend(self.bucket.problems());
        problems
    }

    pub(crate) fn kind(&self) -> Result<OriginKind, &'static str> {
        if self.url.is_empty() {
            return Ok(OriginKind::None);
        }
        if !self.url.contains("://") {
            return Ok(OriginKind::Folder(PathBuf::from(&self.url)));
        }
        if let Some((scheme, rest)) = self.url.split_once("://")
            && let Some(provider) = Provider::of_scheme(scheme)
        {
            return bucket::BucketUrl::parse(provider, rest).map(OriginKind::Bucket);
        }
        let url = Url::parse(&self.url).map_err(|_| "expected a valid URL")?;
        match url.scheme() {
            "http" | "https" => http_kind(url),
            "file" => {
                url.to_file_path().map(OriginKind::Folder).map_err(|()| "expected a path on this machine")
            }
            _ => Err("expected http, https, s3, gs, az, file or the path of a folder"),
        }
    }

    /// Host and port of the server, as [statistics](crate::Hosts::stats) name it; nothing if the origin is something else.
    pub fn host_and_port(&self) -> Option<String> {
        match self.kind() {
            Ok(OriginKind::Http(url)) => Some(crate::http::host_and_port(&url)),
            _ => None,
        }
    }

    fn url_problem(&self) -> Option<String> {
        let problem = match self.kind() {
            Err(problem) => problem,
            Ok(OriginKind::Folder(path)) if !path.is_dir() => {
                "expected an http(s) URL or a folder that exists"
            }
            Ok(_) => return None,
        };
        Some(format!("origin.url is {:?}: {problem}", hide_password(&self.url)))
    }

    fn timeout_problems(&self) -> impl Iterator<Item = String> {
        [
            ("connect_timeout", self.connect_timeout),
            ("response_timeout", self.response_timeout),
            ("timeout", self.timeout),
        ]
        .into_iter()
        .filter(|(_, time)| time.is_zero())
        .map(|(key, _)| format!("origin.{key} is 0: expected a time above zero, such as 3s"))
    }

    fn user_agent_problem(&self) -> Option<String> {
        let sendable = HeaderValue::from_str(&self.user_agent).is_ok();
        let marked = self.user_agent.to_ascii_lowercase().contains(LOOP_MARK);
        (!sendable || !marked).then(|| {
            format!(
                "origin.user_agent is {:?}: expected a header value with the word {LOOP_MARK}",
                self.user_agent
            )
        })
    }
}

fn http_kind(url: Url) -> Result<OriginKind, &'static str> {
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected a URL without query and fragment");
    }
    if url.scheme() == "https" && matches!(url.host(), Some(Host::Ipv6(_))) {
        return Err("expected a host name: https to an IPv6 address is not supported");
    }
    Ok(OriginKind::Http(url))
}

fn header_problem(name: &str, value: &str) -> Option<String> {
    let problem = if HeaderName::from_bytes(name.as_bytes()).is_err() {
        "expected a header name"
    } else if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        "expected a header that is not set by the server itself"
    } else if HeaderValue::from_str(value).is_err() {
        "expected a value of visible characters"
    } else {
        return None;
    };
    Some(format!("origin.headers.{name}: {problem}"))
}

/// The URL with its password masked, and all of its user information if it is no URL that we can take apart.
fn hide_password(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Config)) -> Config {
        let mut config = Config { url: "http://images.example".to_owned(), ..Config::default() };
        change(&mut config);
        config
    }

    #[test]
    fn the_default_is_fine_and_goes_nowhere() {
        let config = Config::default();
        assert_eq!(config.problems(), Vec::<String>::new());
        assert_eq!(config.kind(), Ok(OriginKind::None));
        assert!(config.user_agent.contains(LOOP_MARK));
    }

    #[test]
    fn reads_toml() {
        let config: Config = toml::from_str(
            r#"
            url = "https://images.example/photos"
            connect_timeout = "250ms"
            timeout = "1m"
            [headers]
            Authorization = "Bearer abc"
            "#,
        )
        .unwrap();
        assert_eq!(config.connect_timeout, Duration::from_millis(250));
        assert_eq!(config.timeout, Duration::from_mins(1));
        assert_eq!(config.response_timeout, Config::default().response_timeout);
        assert_eq!(config.problems(), Vec::<String>::new());
        assert!(toml::from_str::<Config>("uri = \"\"").is_err());
    }

    #[test]
    fn every_key_is_described() {
        let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap();
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(properties.len(), 22);
        for (key, property) in properties {
            assert!(property["description"].is_string(), "{key}: {property}");
        }
        assert_eq!(properties["timeout"]["type"], "string");
    }

    #[test]
    fn places() {
        for (url, folder) in
            [("/srv/photos", "/srv/photos"), ("file:///srv/a%20b", "/srv/a b"), ("photos", "photos")]
        {
            assert_eq!(
                with(|c| c.url = url.to_owned()).kind(),
                Ok(OriginKind::Folder(folder.into())),
                "{url}"
            );
        }
        for url in
            ["http://a.example", "https://u:p@a.example:8443/x/", "http://[::1]:80", "http://127.0.0.1:9000"]
        {
            assert!(matches!(with(|c| c.url = url.to_owned()).kind(), Ok(OriginKind::Http(_))), "{url}");
        }
        for url in ["s3://photos", "gs://photos/2026", "az://photos/2026/may/"] {
            assert!(matches!(with(|c| c.url = url.to_owned()).kind(), Ok(OriginKind::Bucket(_))), "{url}");
        }
        for url in [
            "ftp://a.example",
            "s3://Bucket",
            "gs://bucket?x",
            "http://",
            "http://a.example?x",
            "https://[::1]",
            "file://host/x",
        ] {
            assert!(with(|c| c.url = url.to_owned()).kind().is_err(), "{url}");
        }
    }

    #[test]
    fn each_problem_names_its_key() {
        type Change = fn(&mut Config);
        let cases: &[(&str, Change)] = &[
            ("origin.url", |c| c.url = "gopher://a".to_owned()),
            ("origin.url", |c| c.url = "/no/such/folder".to_owned()),
            ("origin.connect_timeout", |c| c.connect_timeout = Duration::ZERO),
            ("origin.response_timeout", |c| c.response_timeout = Duration::ZERO),
            ("origin.timeout", |c| c.timeout = Duration::ZERO),
            ("origin.max_redirects", |c| c.max_redirects = 21),
            ("origin.max_connections", |c| c.max_connections = 0),
            ("origin.folder_check", |c| c.folder_check = LONGEST_CHECK + Duration::from_nanos(1)),
            ("origin.user_agent", |c| c.user_agent = "Pixmill".to_owned()),
            ("origin.user_agent", |c| c.user_agent = "imagizer\r\nx: y".to_owned()),
            ("origin.headers.a b", |c| drop(c.headers.insert("a b".to_owned(), String::new()))),
            ("origin.headers.x", |c| drop(c.headers.insert("x".to_owned(), "a\nb".to_owned()))),
            ("origin.headers.Range", |c| drop(c.headers.insert("Range".to_owned(), "bytes=0-".to_owned()))),
            ("origin.ca_file", |c| c.ca_file = Some("/no/such/file".into())),
        ];
        let mut all = Config::default();
        for (key, change) in cases {
            let problems = with(change).problems();
            assert!(
                matches!(problems.as_slice(), [problem] if problem.starts_with(key)),
                "{key}: {problems:?}"
            );
            change(&mut all);
        }
        assert_eq!(all.problems().len(), 12);
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = with(|c| {
            c.url = "http://user:hunter2@images.example/x?".to_owned();
            c.headers.insert("Authorization".to_owned(), "Bearer hunter2".to_owned());
        });
        let shown =
            format!("{config:?} {} {}", toml::to_string(&config).unwrap(), config.problems().join(" "));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(shown.matches(MASK).count(), 5, "{shown}");
        let broken = with(|c| c.url = "http://user:hunter2@".to_owned());
        assert!(!format!("{broken:?} {:?}", broken.problems()).contains("hunter2"));
    }
}
