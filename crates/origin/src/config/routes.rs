//! Section `origins`: further origins by name, and which requests go to them.

use std::collections::BTreeMap;

use super::{
    Config,
    dynamic::{list_problems, parse_list, parse_pattern},
};
use crate::{SourcePath, host_allowlist::HostPattern};

/// Everything that is wrong with the named origins, each with its key and what was expected.
pub fn named_problems(named: &BTreeMap<String, Config>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, config) in named {
        if !is_name(name) {
            problems.push(format!("origins has {name:?}: expected names of small letters, digits, - and _"));
            continue;
        }
        let own = config.own_problems().into_iter().chain(config.named_problems());
        problems.extend(own.map(|problem| problem.replacen("origin.", &format!("origins.{name}."), 1)));
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
fn conflicts(named: &BTreeMap<String, Config>) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, (name, config)) in named.iter().enumerate() {
        let (prefix, hosts) = (config.prefix(), config.request_hosts());
        let clashes = |other: &Config| {
            let others = other.request_hosts();
            let share = hosts.iter().any(|host| others.contains(host));
            other.prefix() == prefix && (share || hosts.is_empty() && others.is_empty())
        };
        if let Some((other, _)) = named.iter().take(index).find(|(_, other)| clashes(other)) {
            problems.push(format!(
                "origins.{name} takes the same requests as origins.{other}: expected another path_prefix or other hosts"
            ));
        }
    }
    problems
}

impl Config {
    /// What is wrong with the keys that only named origins have, in the words of `origin`.
    fn named_problems(&self) -> Vec<String> {
        let mut problems = list_problems("hosts", &self.hosts, parse_pattern);
        for host in &self.hosts {
            if host.parse::<HostPattern>().is_ok_and(|pattern| !pattern.is_of_any_port()) {
                problems.push(format!("origin.hosts has {host:?}: expected a host without a port"));
            }
        }
        if !self.path_prefix.is_empty() && self.prefix().is_none() {
            let prefix = &self.path_prefix;
            problems.push(format!("origin.path_prefix is {prefix:?}: expected a path such as /shop"));
        }
        if self.path_prefix.is_empty() && self.hosts.is_empty() {
            problems.push("origin.path_prefix: expected it or hosts, else no request goes there".to_owned());
        }
        if self.url.is_empty() {
            problems.push("origin.url: expected an http(s) URL or a folder".to_owned());
        }
        let misplaced = self.misplaced_dynamic_keys();
        problems.extend(
            misplaced.map(|key| format!("origin.{key}: expected in section origin, for all origins")),
        );
        problems
    }

    /// What is wrong with these keys in section `origin`.
    pub(super) fn route_problems(&self) -> Vec<String> {
        let keys = [("path_prefix", !self.path_prefix.is_empty()), ("hosts", !self.hosts.is_empty())];
        let problem = |key| format!("origin.{key}: expected in origins.NAME, origin takes what those leave");
        keys.into_iter().filter(|(_, set)| *set).map(|(key, _)| problem(key)).collect()
    }

    /// The prefix of the paths that go here; none: any path.
    pub(crate) fn prefix(&self) -> Option<SourcePath> {
        SourcePath::parse(self.path_prefix.trim_end_matches('/')).ok()
    }

    /// The hosts whose requests go here; none: any.
    pub(crate) fn request_hosts(&self) -> Vec<HostPattern> {
        parse_list(&self.hosts, parse_pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(toml: &str) -> Vec<String> {
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
        assert_eq!(named(toml), Vec::<String>::new());
    }

    #[test]
    fn each_problem_names_its_key() {
        for (toml, expected) in [
            ("[a]\nurl = 'http://a'", "origins.a.path_prefix: expected it or hosts"),
            ("[a]\npath_prefix = '/a'", "origins.a.url: expected"),
            ("[a]\nurl = 'gopher://a'\npath_prefix = '/a'", "origins.a.url is \"gopher://a\""),
            ("[a]\nurl = 'http://a'\npath_prefix = 'a'", "origins.a.path_prefix is \"a\""),
            ("[a]\nurl = 'http://a'\npath_prefix = '/'", "origins.a.path_prefix is \"/\""),
            ("[a]\nurl = 'http://a'\npath_prefix = '/../a'", "origins.a.path_prefix is \"/../a\""),
            ("[a]\nurl = 'http://a'\nhosts = ['a/b']", "origins.a.hosts has \"a/b\""),
            ("[a]\nurl = 'http://a'\nhosts = ['a:80']", "origins.a.hosts has \"a:80\""),
            (
                "[a]\nurl = 'http://a'\nhosts = ['a']\nallow_dynamic = true",
                "origins.a.allow_dynamic: expected in section",
            ),
            (
                "[a]\nurl = 'http://a'\nhosts = ['a']\nbreaker_failures = 1",
                "origins.a.breaker_failures: expected in",
            ),
            ("[a]\nurl = 'http://a'\nhosts = ['a']\ntimeout = '0s'", "origins.a.timeout is 0"),
            ("['A b']\nurl = 'http://a'\nhosts = ['a']", "origins has \"A b\""),
            (
                "[a]\nurl = 'http://a'\nhosts = ['a', 'b']\n[b]\nurl = 'http://b'\nhosts = ['B.', 'c']",
                "origins.b takes the same requests as origins.a",
            ),
            (
                "[a]\nurl = 'http://a'\npath_prefix = '/a'\n[b]\nurl = 'http://b'\npath_prefix = '/%61/'",
                "origins.b takes the same requests as origins.a",
            ),
        ] {
            let problems = named(toml);
            assert!(
                matches!(problems.as_slice(), [one] if one.starts_with(expected)),
                "{expected}: {problems:?}"
            );
        }
    }
}
