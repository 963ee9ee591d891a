//! What can be wrong with the configuration of an origin.

use std::time::Duration;

use awc::http::header::{HeaderName, HeaderValue};
use config_types::Problem;

use crate::{
    config::{dynamic, section::Config},
    http::{authority::host_and_port, tls},
    http_origin, kinds,
};

/// The word by which CDN workers recognise our fetches and do not send them back to us.
const LOOP_MARK: &str = "imagizer";

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

impl Config {
    /// Everything that is wrong with section `origin`, each with its key and what was expected. Looks at the folder and
    /// the CA file too.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = own_problems(self);
        problems.extend(dynamic::problems(self));
        problems.extend(misplaced_route_keys(self));
        problems
    }

    /// Host and port of the server, as [statistics](crate::Hosts::stats) name it; `None` if the origin is something else.
    pub fn host_and_port(&self) -> Option<String> {
        http_origin::parse_url(&self.url).ok().map(|url| host_and_port(&url))
    }
}

/// Everything that is wrong with the keys that all origins have.
pub(super) fn own_problems(section: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(url_problem(section));
    problems.extend(timeout_problems(section));
    problems.extend(user_agent_problem(section));
    problems.extend(section.headers.iter().filter_map(|(name, value)| header_problem(name, value.reveal())));
    problems.extend(range_problems(section));
    if let Err(problem) = tls::roots(section.ca_file.as_deref()) {
        problems.push(Problem::new("origin.ca_file", problem));
    }
    problems.extend(section.bucket.problems());
    problems
}

fn url_problem(section: &Config) -> Option<Problem> {
    let problem = kinds::check(&section.url).err()?;
    Some(Problem::new("origin.url", format!("{problem}, got {:?}", section.url)))
}

fn timeout_problems(section: &Config) -> impl Iterator<Item = Problem> {
    [
        ("connect_timeout", section.connect_timeout),
        ("response_timeout", section.response_timeout),
        ("timeout", section.timeout),
    ]
    .into_iter()
    .filter(|(_, time)| time.is_zero())
    .map(|(key, _)| {
        Problem::expected(format!("origin.{key}"), "more than 0s, such as 3s", format_args!("0s"))
    })
}

fn range_problems(section: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    if section.max_redirects > MOST_REDIRECTS {
        let redirects = section.max_redirects;
        let expected = format_args!("at most {MOST_REDIRECTS}");
        problems.push(Problem::expected("origin.max_redirects", expected, redirects));
    }
    if section.folder_check > LONGEST_CHECK {
        let text = |time| humantime_serde::re::humantime::format_duration(time);
        let (check, longest) = (text(section.folder_check), text(LONGEST_CHECK));
        let expected = format_args!("at most {longest}");
        problems.push(Problem::expected("origin.folder_check", expected, format_args!("{check}")));
    }
    if section.max_connections == 0 {
        problems.push(Problem::expected("origin.max_connections", "at least 1", 0));
    }
    problems
}

fn user_agent_problem(section: &Config) -> Option<Problem> {
    let user_agent = &section.user_agent;
    let is_sendable = HeaderValue::from_str(user_agent).is_ok();
    let is_marked = user_agent.to_ascii_lowercase().contains(LOOP_MARK);
    (!is_sendable || !is_marked).then(|| {
        let expected = format_args!("a header value with the word {LOOP_MARK}");
        Problem::expected("origin.user_agent", expected, user_agent)
    })
}

fn header_problem(name: &str, value: &str) -> Option<Problem> {
    let problem = if HeaderName::from_bytes(name.as_bytes()).is_err() {
        "expected a header name"
    } else if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
        "expected a header that is not set by the server itself"
    } else if HeaderValue::from_str(value).is_err() {
        "expected a value of visible characters"
    } else {
        return None;
    };
    Some(Problem::new(format!("origin.headers.{name}"), problem))
}

/// The keys of named origins that are set in section `origin`.
fn misplaced_route_keys(section: &Config) -> impl Iterator<Item = Problem> {
    let keys = [("path_prefix", !section.path_prefix.is_empty()), ("hosts", !section.hosts.is_empty())];
    let text = "expected in origins.NAME: origin takes all requests that those do not";
    let problem = move |key| Problem::new(format!("origin.{key}"), text);
    keys.into_iter().filter(|(_, set)| *set).map(move |(key, _)| problem(key))
}

#[cfg(test)]
#[path = "section_tests.rs"]
mod tests;
