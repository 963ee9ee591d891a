//! The `cache.redis` section of the configuration.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use config_types::{Problem, Secret, SecretUrl};
use redis::IntoConnectionInfo;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The Redis tier, which all nodes share, behind memory and disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedisConfig {
    /// Address: `redis://user:password@host:port/database`, or `rediss://…` with TLS. For a cluster or for sentinels,
    /// several separated by commas. Empty: no Redis.
    pub url: SecretUrl,
    /// What `url` points to.
    pub mode: RedisMode,
    /// The name of the master that the sentinels monitor.
    pub sentinel_master: String,
    /// User and password of the sentinels, as `user:password@`; those in `url` are for the servers.
    pub sentinel_credentials: Secret,
    /// PEM file of the certificate authorities for `rediss://`; empty: those of the system.
    pub ca_file: PathBuf,
    /// Timeout of a request to Redis. After it, the request for an image goes on without Redis.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Timeout of establishing a connection. No request for an image waits for it.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub connect_timeout: Duration,
    /// Connections to each server, 1 to 64. With more than one, a large entry does not delay small ones.
    pub connections: usize,
    /// Largest entry that is shared.
    #[schemars(with = "String")]
    pub max_entry_bytes: ByteSize,
    /// Largest number of bytes queued to be written to Redis; entries beyond it are not shared.
    #[schemars(with = "String")]
    pub max_waiting_bytes: ByteSize,
    /// Whether originals are shared too. It saves the origin one request per node.
    pub originals: bool,
    /// Whether `/ready` is 503 while Redis is not connected. Off: this node then serves from its own caches.
    pub required: bool,
    /// Prefix of all keys in Redis. Nodes with the same Redis and the same prefix form a cluster.
    pub prefix: String,
}

/// What `cache.redis.url` points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RedisMode {
    /// One server.
    #[default]
    Single,
    /// Sentinels, which know the master.
    Sentinel,
    /// Servers of a Redis Cluster.
    Cluster,
}

/// More connections to one server are a mistake.
const MAX_CONNECTIONS: usize = 64;

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: SecretUrl::default(),
            mode: RedisMode::default(),
            sentinel_master: String::new(),
            sentinel_credentials: Secret::default(),
            ca_file: PathBuf::new(),
            timeout: Duration::from_millis(50),
            connect_timeout: Duration::from_secs(1),
            connections: 4,
            max_entry_bytes: ByteSize::mib(2),
            max_waiting_bytes: ByteSize::mib(64),
            originals: false,
            required: false,
            prefix: "pixmill".to_owned(),
        }
    }
}

impl RedisConfig {
    /// Whether a Redis is configured.
    pub fn is_used(&self) -> bool {
        !self.url.is_empty()
    }

    /// The addresses in `url`.
    pub(super) fn urls(&self) -> impl Iterator<Item = &str> {
        self.url.split(',').map(str::trim).filter(|url| !url.is_empty())
    }

    /// All problems, each beginning with its key, none showing a URL; empty if the configuration is valid.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        if !self.is_used() {
            let text = "a Redis is required but cache.redis.url is empty";
            return self.required.then(|| Problem::new("cache.redis.required", text)).into_iter().collect();
        }
        let mut problems = self.url_problems();
        if self.mode == RedisMode::Sentinel && self.sentinel_master.is_empty() {
            problems.push(Problem::expected("cache.redis.sentinel_master", "the name of the master", ""));
        }
        for (key, duration) in [("timeout", self.timeout), ("connect_timeout", self.connect_timeout)] {
            if duration.is_zero() {
                let got = format_args!("0s");
                problems.push(Problem::expected(
                    format!("cache.redis.{key}"),
                    "a duration such as 50ms",
                    got,
                ));
            }
        }
        if !(1..=MAX_CONNECTIONS).contains(&self.connections) {
            let expected = format_args!("1 to {MAX_CONNECTIONS}");
            problems.push(Problem::expected("cache.redis.connections", expected, self.connections));
        }
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.:".contains(letter);
        if self.prefix.is_empty() || !self.prefix.chars().all(plain) {
            let expected = "ASCII letters, digits and -_.:";
            problems.push(Problem::expected("cache.redis.prefix", expected, &self.prefix));
        }
        problems
    }

    fn url_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let refused = self.urls().filter(|url| url.into_connection_info().is_err()).count();
        if refused > 0 {
            let text = "invalid address: expected redis:// or rediss:// with a host";
            problems.push(Problem::new("cache.redis.url", text));
        }
        if self.mode == RedisMode::Single && self.urls().count() > 1 {
            let text = "several addresses: expected one unless cache.redis.mode is cluster or sentinel";
            problems.push(Problem::new("cache.redis.url", text));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<Problem> {
        toml::from_str::<RedisConfig>(text).unwrap().problems()
    }

    #[test]
    fn problems_name_their_key_and_show_no_address() {
        for (text, key) in [
            ("url = 'http://hunter2/'", "cache.redis.url: invalid address"),
            ("url = 'redis://:hunter2@a,redis://b'", "cache.redis.url: several"),
            ("url = 'redis://a'\nmode = 'sentinel'", "cache.redis.sentinel_master: expected"),
            ("url = 'redis://a'\ntimeout = '0s'", "cache.redis.timeout: expected"),
            ("required = true", "cache.redis.required: a Redis is required"),
            ("url = 'redis://a'\nconnections = 0", "cache.redis.connections: expected"),
            ("url = 'redis://a'\nprefix = 'a{b}'", "cache.redis.prefix: expected"),
        ] {
            let problems = problems(text);
            assert!(problems.len() == 1 && problems[0].to_string().starts_with(key), "{text}: {problems:?}");
            assert!(!problems[0].to_string().contains("hunter2"), "{problems:?}");
        }
    }

    #[test]
    fn addresses_of_every_mode_are_accepted() {
        for text in [
            "",
            "url = 'redis://127.0.0.1:6379'",
            "url = 'rediss://user:password@cache.example:6380/1'",
            "url = 'redis://a:1, redis://b:2'\nmode = 'cluster'",
            "url = 'redis://a:1,redis://b:2'\nmode = 'sentinel'\nsentinel_master = 'main'",
        ] {
            assert_eq!(problems(text), [], "{text}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let config = RedisConfig { url: "redis://:hunter2@a".into(), ..RedisConfig::default() };
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
