//! The keys of section `origin` that hold for the whole process: what requests may name, and what hosts are asked for.

use ipnet::IpNet;

use super::{Config, OriginKind};
use crate::{
    bucket::{Provider, name},
    guard::parse_network,
    host_allowlist::HostPattern,
};

impl Config {
    /// What is wrong with them.
    pub(super) fn dynamic_problems(&self) -> Vec<String> {
        let mut problems = list_problems("hosts_allowed", &self.hosts_allowed, parse_pattern);
        problems.extend(list_problems("private_allowed", &self.private_allowed, parse_network));
        let provider = self.provider();
        problems.extend(self.buckets_allowed.iter().filter_map(|allowed| {
            let expected = name::bucket(provider, allowed).err()?;
            Some(format!("origin.buckets_allowed has {allowed:?}: {expected}"))
        }));
        if self.max_connections_per_host == 0 {
            problems.push("origin.max_connections_per_host is 0: expected at least 1".to_owned());
        }
        problems
    }

    /// The ones of them that are set although this is a named origin.
    pub(super) fn misplaced_dynamic_keys(&self) -> impl Iterator<Item = &'static str> {
        let default = Self::default();
        [
            ("allow_dynamic", self.allow_dynamic != default.allow_dynamic),
            ("hosts_allowed", self.hosts_allowed != default.hosts_allowed),
            ("buckets_allowed", self.buckets_allowed != default.buckets_allowed),
            ("private_allowed", self.private_allowed != default.private_allowed),
            ("max_connections_per_host", self.max_connections_per_host != default.max_connections_per_host),
            ("max_waiting_per_host", self.max_waiting_per_host != default.max_waiting_per_host),
            ("breaker_failures", self.breaker_failures != default.breaker_failures),
            ("breaker_pause", self.breaker_pause != default.breaker_pause),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
    }

    /// Whose buckets requests may name: those of the origin's own provider, else of S3.
    pub(crate) fn provider(&self) -> Provider {
        match self.kind() {
            Ok(OriginKind::Bucket(url)) => url.provider,
            _ => Provider::S3,
        }
    }

    pub(crate) fn host_patterns(&self) -> Vec<HostPattern> {
        parse_list(&self.hosts_allowed, parse_pattern)
    }

    pub(crate) fn private_networks(&self) -> Vec<IpNet> {
        parse_list(&self.private_allowed, parse_network)
    }
}

/// Parses one entry of a list; an error says what was expected.
type Parse<T> = fn(&str) -> Result<T, &'static str>;

pub(super) fn parse_pattern(text: &str) -> Result<HostPattern, &'static str> {
    text.parse()
}

/// The entries of a list that can be parsed; the others are in [`list_problems`].
pub(super) fn parse_list<T>(list: &[String], parse: Parse<T>) -> Vec<T> {
    list.iter().filter_map(|text| parse(text).ok()).collect()
}

/// The entries of a list that cannot be parsed, as problems of its key.
pub(super) fn list_problems<T>(key: &str, list: &[String], parse: Parse<T>) -> Vec<String> {
    let problem = |text: &String| {
        let expected = parse(text).err()?;
        Some(format!("origin.{key} has {text:?}: {expected}"))
    };
    list.iter().filter_map(problem).collect()
}
