//! What requests may name, and limits of hosts: the keys of section `origin` that hold for the whole process.

use config_types::Problem;
use ipnet::IpNet;

use crate::{
    bucket::{
        bucket_url::{BucketUrl, Provider},
        name,
    },
    config::{
        lists::{list_problems, parse_list, parse_pattern},
        section::Config,
    },
    guard::parse_network,
    host_allowlist::HostPattern,
};

/// What requests may name.
pub(crate) struct DynamicConfig {
    /// Whether they may name another origin at all.
    pub(crate) is_allowed: bool,
    pub(crate) hosts: Vec<HostPattern>,
    pub(crate) buckets: Vec<String>,
    /// Whose buckets these are: those of the default origin's own provider, else of S3.
    pub(crate) bucket_provider: Provider,
    pub(crate) private_networks: Vec<IpNet>,
}

impl From<&Config> for DynamicConfig {
    fn from(section: &Config) -> Self {
        Self {
            is_allowed: section.allow_dynamic,
            hosts: parse_list(&section.hosts_allowed, parse_pattern),
            buckets: section.buckets_allowed.clone(),
            bucket_provider: bucket_provider(section),
            private_networks: parse_list(&section.private_allowed, parse_network),
        }
    }
}

/// Everything that is wrong with these keys.
pub(super) fn problems(section: &Config) -> Vec<Problem> {
    let mut problems = list_problems("hosts_allowed", &section.hosts_allowed, parse_pattern);
    problems.extend(list_problems("private_allowed", &section.private_allowed, parse_network));
    let provider = bucket_provider(section);
    problems.extend(section.buckets_allowed.iter().filter_map(|allowed| {
        let expected = name::bucket(provider, allowed).err()?;
        Some(Problem::new("origin.buckets_allowed", format!("{expected}, got {allowed:?}")))
    }));
    if section.max_connections_per_host == 0 {
        problems.push(Problem::expected("origin.max_connections_per_host", "at least 1", 0));
    }
    problems
}

/// Those of these keys that are set although this is a named origin.
pub(super) fn misplaced_keys(section: &Config) -> impl Iterator<Item = &'static str> {
    let default = Config::default();
    [
        ("allow_dynamic", section.allow_dynamic != default.allow_dynamic),
        ("hosts_allowed", section.hosts_allowed != default.hosts_allowed),
        ("buckets_allowed", section.buckets_allowed != default.buckets_allowed),
        ("private_allowed", section.private_allowed != default.private_allowed),
        ("max_connections_per_host", section.max_connections_per_host != default.max_connections_per_host),
        ("max_waiting_per_host", section.max_waiting_per_host != default.max_waiting_per_host),
        ("breaker_failures", section.breaker_failures != default.breaker_failures),
        ("breaker_pause", section.breaker_pause != default.breaker_pause),
    ]
    .into_iter()
    .filter_map(|(key, set)| set.then_some(key))
}

fn bucket_provider(section: &Config) -> Provider {
    BucketUrl::from_url(&section.url).ok().map_or(Provider::S3, |url| url.provider)
}
