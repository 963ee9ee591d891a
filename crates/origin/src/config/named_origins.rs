//! Section `origins`: further origins by name, and which requests go to them.

use std::collections::BTreeMap;

use config_types::Problem;

use crate::{
    config::{
        checks, dynamic,
        lists::{list_problems, parse_list, parse_pattern},
        section::Config,
    },
    host_allowlist::HostPattern,
    path::SourcePath,
};

/// Which requests go to a named origin.
pub(crate) struct RouteConfig {
    /// The prefix of their paths; `None`: any path.
    pub(crate) prefix: Option<SourcePath>,
    /// Their hosts; none: any host.
    pub(crate) hosts: Vec<HostPattern>,
}

impl From<&Config> for RouteConfig {
    fn from(section: &Config) -> Self {
        Self {
            prefix: SourcePath::parse(section.path_prefix.trim_end_matches('/')).ok(),
            hosts: parse_list(&section.hosts, parse_pattern),
        }
    }
}

/// Everything that is wrong with the named origins, each with its key and what was expected.
pub fn named_problems(named: &BTreeMap<String, Config>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, config) in named {
        if !is_name(name) {
            problems.push(Problem::expected("origins", "names of lower-case letters, digits, - and _", name));
            continue;
        }
        let own = checks::own_problems(config).into_iter().chain(route_problems(config));
        problems.extend(own.map(|problem| problem.moved("origin", &format!("origins.{name}"))));
    }
    problems.extend(conflicts(named));
    problems
}

/// A name that can be part of a key, of a variable and of the name of an original.
fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    !name.is_empty() && name.chars().all(plain)
}

/// Origins that the same requests would go to.
fn conflicts(named: &BTreeMap<String, Config>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, (name, config)) in named.iter().enumerate() {
        let RouteConfig { prefix, hosts } = RouteConfig::from(config);
        let clashes = |other: &Config| {
            let other = RouteConfig::from(other);
            let share = hosts.iter().any(|host| other.hosts.contains(host));
            other.prefix == prefix && (share || hosts.is_empty() && other.hosts.is_empty())
        };
        if let Some((other, _)) = named.iter().take(index).find(|(_, other)| clashes(other)) {
            let text = format!("expected another path_prefix or other hosts than origins.{other}");
            problems.push(Problem::new(format!("origins.{name}"), text));
        }
    }
    problems
}

/// Everything that is wrong with the keys that only named origins have, as keys of `origin`.
fn route_problems(section: &Config) -> Vec<Problem> {
    let mut problems = list_problems("hosts", &section.hosts, parse_pattern);
    for host in &section.hosts {
        if host.parse::<HostPattern>().is_ok_and(|pattern| !pattern.is_of_any_port()) {
            problems.push(Problem::expected("origin.hosts", "hosts without a port", host));
        }
    }
    let prefix = &section.path_prefix;
    if !prefix.is_empty() && RouteConfig::from(section).prefix.is_none() {
        problems.push(Problem::expected("origin.path_prefix", "a path such as /shop", prefix));
    }
    if prefix.is_empty() && section.hosts.is_empty() {
        let text = "expected path_prefix or hosts, without which no request selects this origin";
        problems.push(Problem::new("origin.path_prefix", text));
    }
    if section.url.is_empty() {
        problems.push(Problem::expected("origin.url", "an http(s) URL or a folder", ""));
    }
    let misplaced = dynamic::misplaced_keys(section);
    let text = "expected in section origin, for all origins";
    problems.extend(misplaced.map(|key| Problem::new(format!("origin.{key}"), text)));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(toml: &str) -> Vec<Problem> {
        named_problems(&toml::from_str(toml).unwrap())
    }

    #[test]
    fn several() {
        let toml = r#"
            [shop]
            url = "http://10.0.0.1:8080/images"
            path_prefix = "/shop"
            [blog]
            url = "https://blog.example"
            hosts = ["blog.example.com", "*.blog.example.com"]
            [blog-shop]
            url = "https://blog.example/shop"
            path_prefix = "/shop/"
            hosts = ["blog.example.com"]
        "#;
        assert_eq!(named(toml), []);
    }

    #[track_caller]
    fn has_one_problem(toml: &str, expected: &str) {
        let problems = named(toml);
        let is_expected = matches!(problems.as_slice(), [one] if one.to_string().starts_with(expected));
        assert!(is_expected, "{expected}: {problems:?}");
    }

    #[test]
    fn each_problem_names_its_key() {
        for (toml, expected) in [
            ("[a]\nurl = 'http://a'", "origins.a.path_prefix: expected path_prefix or hosts"),
            ("[a]\npath_prefix = '/a'", "origins.a.url: expected"),
            ("[a]\nurl = 'gopher://a'\npath_prefix = '/a'", "origins.a.url: expected http"),
            (
                "[a]\nurl = 'http://a'\npath_prefix = 'a'",
                "origins.a.path_prefix: expected a path such as /shop, got \"a\"",
            ),
            (
                "[a]\nurl = 'http://a'\npath_prefix = '/'",
                "origins.a.path_prefix: expected a path such as /shop, got \"/\"",
            ),
            (
                "[a]\nurl = 'http://a'\npath_prefix = '/../a'",
                "origins.a.path_prefix: expected a path such as /shop, got \"/../a\"",
            ),
            ("[a]\nurl = 'http://a'\nhosts = ['a/b']", "origins.a.hosts: expected"),
            (
                "[a]\nurl = 'http://a'\nhosts = ['a:80']",
                "origins.a.hosts: expected hosts without a port, got \"a:80\"",
            ),
            (
                "[a]\nurl = 'http://a'\nhosts = ['a']\nallow_dynamic = true",
                "origins.a.allow_dynamic: expected in section",
            ),
            (
                "[a]\nurl = 'http://a'\nhosts = ['a']\nbreaker_failures = 1",
                "origins.a.breaker_failures: expected in",
            ),
            ("[a]\nurl = 'http://a'\nhosts = ['a']\ntimeout = '0s'", "origins.a.timeout: expected"),
            ("['A b']\nurl = 'http://a'\nhosts = ['a']", "origins: expected names"),
        ] {
            has_one_problem(toml, expected);
        }
    }

    #[test]
    fn requests_lead_to_one_origin() {
        for (toml, expected) in [
            (
                "[a]\nurl = 'http://a'\nhosts = ['a', 'b']\n[b]\nurl = 'http://b'\nhosts = ['B.', 'c']",
                "origins.b: expected another path_prefix or other hosts than origins.a",
            ),
            (
                "[a]\nurl = 'http://a'\npath_prefix = '/a'\n[b]\nurl = 'http://b'\npath_prefix = '/%61/'",
                "origins.b: expected another path_prefix or other hosts than origins.a",
            ),
        ] {
            has_one_problem(toml, expected);
        }
    }
}
