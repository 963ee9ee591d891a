//! The `cache` section of the configuration.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use config_types::Problem;
use http_semantics::Limits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RedisConfig;

/// Smallest capacity of a cache in memory: below it, one image evicts another.
const MIN_MEMORY: u64 = ByteSize::mib(1).0;
/// Smallest capacity of a cache on disk: the engine frees whole blocks, and needs several of them to have one to write
/// to.
const MIN_DISK: u64 = ByteSize::mib(16).0;

/// The name of one of the two caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheName {
    /// Results: encoded responses.
    Results,
    /// Originals: the bytes of source files.
    Originals,
}

impl fmt::Display for CacheName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Results => "results",
            Self::Originals => "originals",
        })
    }
}

/// What is cached, where, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The cache of results, which are encoded images and descriptions.
    pub results: SectionConfig,
    /// The cache of originals. It saves the origin one request per variant.
    pub originals: SectionConfig,
    /// The memory tier.
    pub memory: MemoryConfig,
    /// The disk tier, behind the memory tier.
    pub disk: DiskConfig,
    /// The Redis tier, which all nodes share, behind memory and disk.
    pub redis: RedisConfig,
    /// Largest entry that is cached, metadata included. In memory, an entry may also take no more than half of a shard
    /// of its cache.
    #[schemars(with = "String")]
    pub max_entry_bytes: ByteSize,
    /// Freshness lifetime of a response if the origin states none.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub default_ttl: Duration,
    /// Shortest freshness lifetime, whatever the origin states; `no-cache` and `no-store` are obeyed all the same.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub min_ttl: Duration,
    /// Longest freshness lifetime, whatever the origin states.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub max_ttl: Duration,
    /// How long a 404 or 410 of the origin is cached; 0s: not at all.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub negative_ttl: Duration,
    /// How long a stale response is served while it is revalidated in the background, if the origin does not state
    /// `stale-while-revalidate`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub stale_while_revalidate: Duration,
    /// How long a stale response is served if the origin fails, if the origin does not state `stale-if-error`.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub stale_if_error: Duration,
    /// Back-off after an origin has failed: for this long the same original is not requested again, as long as a
    /// stale response can be served instead.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub origin_pause: Duration,
}

/// One of the two caches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SectionConfig {
    /// Whether this cache is used. The other one gets the capacity of a cache that is not used.
    pub enabled: bool,
}

/// The memory tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// Capacity of both caches together.
    #[schemars(with = "String")]
    pub max_bytes: ByteSize,
    /// Share of the capacity for originals, in percent; the rest is for results.
    pub originals_percent: u8,
}

/// The disk tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DiskConfig {
    /// Folder for the cache files, for this process alone. Empty: no disk tier.
    pub path: PathBuf,
    /// Capacity of both caches together. A change empties the disk tier at the next start.
    #[schemars(with = "String")]
    pub max_bytes: ByteSize,
    /// Share of the capacity for originals, in percent; the rest is for results. A change empties the disk tier at the
    /// next start.
    pub originals_percent: u8,
}

impl Default for Config {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            results: SectionConfig::default(),
            originals: SectionConfig::default(),
            memory: MemoryConfig::default(),
            disk: DiskConfig::default(),
            redis: RedisConfig::default(),
            max_entry_bytes: ByteSize::mib(16),
            default_ttl: DAY,
            min_ttl: Duration::ZERO,
            max_ttl: 365 * DAY,
            negative_ttl: Duration::from_secs(10),
            stale_while_revalidate: Duration::from_hours(1),
            stale_if_error: DAY,
            origin_pause: Duration::from_secs(5),
        }
    }
}

impl Default for SectionConfig {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { max_bytes: ByteSize::mib(256), originals_percent: 25 }
    }
}

impl Default for DiskConfig {
    fn default() -> Self {
        Self { path: PathBuf::new(), max_bytes: ByteSize::gib(10), originals_percent: 50 }
    }
}

impl Config {
    /// The defaults and bounds of what origins state about freshness.
    pub fn limits(&self) -> Limits {
        Limits {
            default_ttl: self.default_ttl,
            min_ttl: self.min_ttl,
            max_ttl: self.max_ttl,
            negative_ttl: self.negative_ttl,
            stale_while_revalidate: self.stale_while_revalidate,
            stale_if_error: self.stale_if_error,
        }
    }

    /// All problems, each beginning with its key; empty if the configuration is valid.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_ttls(&mut problems);
        self.check_shares(&mut problems);
        for name in [CacheName::Results, CacheName::Originals].into_iter().filter(|name| self.enabled(*name))
        {
            self.check_capacity(name, &mut problems);
        }
        if self.max_entry_bytes.0 == 0 {
            problems.push(Problem::expected("cache.max_entry_bytes", "at least 1", 0));
        }
        problems.extend(self.redis.problems());
        problems
    }

    /// Whether this cache is used.
    pub fn enabled(&self, name: CacheName) -> bool {
        match name {
            CacheName::Results => self.results.enabled,
            CacheName::Originals => self.originals.enabled,
        }
    }

    /// Capacity of this cache in memory, in bytes.
    pub(crate) fn memory_bytes(&self, name: CacheName) -> u64 {
        self.share(name, self.memory.max_bytes, self.memory.originals_percent)
    }

    /// Capacity of this cache on disk, in bytes; zero without a disk tier.
    pub(crate) fn disk_bytes(&self, name: CacheName) -> u64 {
        if !self.uses_disk() {
            return 0;
        }
        self.share(name, self.disk.max_bytes, self.disk.originals_percent)
    }

    /// Whether there is a folder for a disk tier, and a cache that uses it.
    pub(crate) fn uses_disk(&self) -> bool {
        !self.disk.path.as_os_str().is_empty() && (self.results.enabled || self.originals.enabled)
    }

    /// Whether all entries of this cache are shared where there is a Redis.
    pub(crate) fn shares_all(&self, name: CacheName) -> bool {
        match name {
            CacheName::Results => true,
            CacheName::Originals => self.redis.originals,
        }
    }

    fn share(&self, name: CacheName, total: ByteSize, originals_percent: u8) -> u64 {
        let originals = match (self.results.enabled, self.originals.enabled) {
            (_, false) => 0,
            (false, true) => total.0,
            (true, true) => (u128::from(total.0) * u128::from(originals_percent.min(100)) / 100) as u64,
        };
        match name {
            _ if !self.enabled(name) => 0,
            CacheName::Originals => originals,
            CacheName::Results => total.0 - originals,
        }
    }

    fn check_ttls(&self, problems: &mut Vec<Problem>) {
        let show = humantime_serde::re::humantime::format_duration;
        if self.min_ttl > self.max_ttl {
            let (min, max) = (show(self.min_ttl), show(self.max_ttl));
            let expected = format_args!("at most cache.max_ttl, {max}");
            problems.push(Problem::expected("cache.min_ttl", expected, format_args!("{min}")));
        } else if !(self.min_ttl..=self.max_ttl).contains(&self.default_ttl) {
            let (default, min, max) = (show(self.default_ttl), show(self.min_ttl), show(self.max_ttl));
            let expected = format_args!("cache.min_ttl, {min}, to cache.max_ttl, {max}");
            problems.push(Problem::expected("cache.default_ttl", expected, format_args!("{default}")));
        }
    }

    fn check_shares(&self, problems: &mut Vec<Problem>) {
        for (tier, percent) in
            [("memory", self.memory.originals_percent), ("disk", self.disk.originals_percent)]
        {
            if percent > 100 {
                problems.push(Problem::expected(
                    format!("cache.{tier}.originals_percent"),
                    "0 to 100",
                    percent,
                ));
            }
        }
    }

    /// A share of zero is valid: that cache does not use that tier.
    fn check_capacity(&self, name: CacheName, problems: &mut Vec<Problem>) {
        let memory = self.memory_bytes(name);
        let chosen = self.memory.max_bytes.0 == 0 || memory > 0;
        if chosen && memory < MIN_MEMORY {
            let (min, memory) = (ByteSize(MIN_MEMORY), ByteSize(memory));
            let text = format!("expected at least {min} for {name}, got {memory}");
            problems.push(Problem::new("cache.memory.max_bytes", text));
        }
        let disk = self.disk_bytes(name);
        let chosen = !self.disk.path.as_os_str().is_empty() && (self.disk.max_bytes.0 == 0 || disk > 0);
        if chosen && disk < MIN_DISK {
            let (min, disk) = (ByteSize(MIN_DISK), ByteSize(disk));
            let text = format!("expected at least {min} for {name}, got {disk}");
            problems.push(Problem::new("cache.disk.max_bytes", text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Config {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn defaults_have_no_problems_and_round_trip() {
        let config = Config::default();
        assert_eq!(config.problems(), []);
        assert_eq!(parsed(&toml::to_string(&config).unwrap()), config);
        assert_eq!(parsed(""), config);
    }

    #[test]
    fn keys_keep_their_names() {
        let config = parsed(
            r#"
            results.enabled = false
            originals.enabled = true
            memory.max_bytes = "64MiB"
            disk.path = "/var/cache/pixmill"
            disk.max_bytes = 1073741824
            default_ttl = "5m"
            min_ttl = "1s"
            max_ttl = "1h"
            negative_ttl = "3s"
            "#,
        );
        assert!(!config.results.enabled);
        assert_eq!(config.memory.max_bytes, ByteSize::mib(64));
        assert_eq!(config.disk.max_bytes, ByteSize::gib(1));
        assert_eq!(config.default_ttl, Duration::from_mins(5));
        assert_eq!(config.negative_ttl, Duration::from_secs(3));
        assert_eq!(config.problems(), []);
    }

    #[test]
    fn sizes_as_text_without_a_unit_are_bytes() {
        // the form of an environment variable
        assert_eq!(parsed(r#"memory.max_bytes = "1048576""#).memory.max_bytes, ByteSize::mib(1));
    }

    #[test]
    fn unknown_keys_are_refused_at_every_level() {
        for text in ["ttl = '1s'", "results.on = true", "memory.size = 1", "disk.folder = '/'"] {
            assert!(toml::from_str::<Config>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn capacity_is_divided_by_percent() {
        let config = parsed("memory.max_bytes = 1000\nmemory.originals_percent = 30");
        assert_eq!(config.memory_bytes(CacheName::Originals), 300);
        assert_eq!(config.memory_bytes(CacheName::Results), 700);
        assert_eq!(config.disk_bytes(CacheName::Results), 0, "no disk tier without a folder");
    }

    #[test]
    fn the_other_cache_gets_the_capacity_of_a_disabled_one() {
        let config = parsed("originals.enabled = false\ndisk.path = '/x'\ndisk.max_bytes = 1000");
        assert_eq!(config.disk_bytes(CacheName::Results), 1000);
        assert_eq!(config.disk_bytes(CacheName::Originals), 0);
        let config = parsed("results.enabled = false\nmemory.max_bytes = 1000");
        assert_eq!(config.memory_bytes(CacheName::Originals), 1000);
        assert_eq!(config.memory_bytes(CacheName::Results), 0);
    }

    #[test]
    fn all_problems_are_reported_together() {
        let config = parsed(
            r#"
            max_entry_bytes = 0
            min_ttl = "2h"
            max_ttl = "1h"
            memory.max_bytes = "1KiB"
            memory.originals_percent = 101
            disk.path = "/x"
            disk.max_bytes = "20MiB"
            disk.originals_percent = 50
            "#,
        );
        let problems = config.problems();
        for key in [
            "cache.max_entry_bytes: expected at least 1, got 0",
            "cache.min_ttl: expected at most cache.max_ttl, 1h, got 2h",
            "cache.memory.originals_percent: expected 0 to 100, got 101",
            "cache.memory.max_bytes: expected at least",
            "cache.disk.max_bytes: expected at least 16.0 MiB for results, got 10.0 MiB",
            "cache.disk.max_bytes: expected at least 16.0 MiB for originals, got 10.0 MiB",
        ] {
            assert!(
                problems.iter().any(|problem| problem.to_string().starts_with(key)),
                "{key} is missing in {problems:#?}"
            );
        }
    }

    #[test]
    fn a_default_outside_the_bounds_is_a_problem() {
        for text in ["min_ttl = '2d'", "max_ttl = '1h'"] {
            let problems = parsed(text).problems();
            assert!(
                problems.len() == 1
                    && problems[0].key == "cache.default_ttl"
                    && problems[0].text.ends_with("got 1day"),
                "{problems:?}"
            );
        }
    }

    #[test]
    fn a_share_of_zero_is_valid() {
        assert_eq!(parsed("memory.originals_percent = 0").problems(), []);
        assert_eq!(parsed("disk.path = '/x'\ndisk.originals_percent = 100").problems(), []);
        assert_ne!(parsed("memory.max_bytes = 0").problems(), []);
    }

    #[test]
    fn the_schema_describes_sizes_and_durations_as_text() {
        let schema = schemars::schema_for!(Config).to_value();
        for key in ["max_entry_bytes", "default_ttl", "stale_if_error"] {
            assert_eq!(schema["properties"][key]["type"], "string", "{key}");
            assert!(schema["properties"][key]["description"].is_string(), "{key}");
        }
    }
}
