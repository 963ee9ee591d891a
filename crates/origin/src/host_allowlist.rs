//! Patterns of hosts: exact names and whole domains, each with a port.

use std::{fmt, str::FromStr};

use url::{Host, Url};

/// An entry of `origin.hosts_allowed`, or of `origins.NAME.hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    host: Name,
    port: Port,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Any,
    Exactly(String),
    /// With its leading dot.
    Below(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    /// The default port of the scheme.
    Usual,
    Any,
    Exactly(u16),
}

impl HostPattern {
    /// Whether it matches the host of this URL, whatever the port.
    pub(crate) fn names_host(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let is_name = matches!(url.host(), Some(Host::Domain(_)));
        match &self.host {
            Name::Any => true,
            Name::Exactly(name) => host == name,
            Name::Below(domain) => is_name && host.len() > domain.len() && host.ends_with(domain.as_str()),
        }
    }

    /// The larger, the more specific the pattern.
    pub(crate) fn weight(&self) -> usize {
        match &self.host {
            Name::Any => 0,
            Name::Below(domain) => domain.len(),
            Name::Exactly(_) => usize::MAX,
        }
    }

    /// Whether it is exactly this host, with this port or without a certain one.
    pub(crate) fn is_for(&self, host: &str, port: u16) -> bool {
        let port = match self.port {
            Port::Usual | Port::Any => true,
            Port::Exactly(own) => own == port,
        };
        port && matches!(&self.host, Name::Exactly(name) if name == host)
    }

    /// Whether it has no port.
    pub(crate) fn is_of_any_port(&self) -> bool {
        self.port == Port::Usual
    }

    /// Whether it matches host and port of this URL.
    pub(crate) fn names(&self, url: &Url) -> bool {
        let port = match self.port {
            Port::Any => true,
            // a URL has no port where it is the default one
            Port::Usual => url.port().is_none(),
            Port::Exactly(port) => url.port_or_known_default() == Some(port),
        };
        port && self.names_host(url)
    }
}

impl FromStr for HostPattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "expected a host such as images.example.com, *.example.com or images.example.com:8080";
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            None => Port::Usual,
            Some("*") => Port::Any,
            Some(port) => Port::Exactly(port.parse().map_err(|_| EXPECTED)?),
        };
        let host = match (host, host.strip_prefix("*.")) {
            ("*", _) => Name::Any,
            (_, Some(domain)) => match host_of(domain).ok_or(EXPECTED)? {
                (domain, Kind::Name) => Name::Below(format!(".{domain}")),
                (_, Kind::Address) => return Err(EXPECTED),
            },
            (host, None) => Name::Exactly(host_of(host).ok_or(EXPECTED)?.0),
        };
        Ok(Self { host, port })
    }
}

enum Kind {
    Name,
    Address,
}

/// A host as it is in a parsed URL: lower case, punycode, addresses in canonical form.
fn host_of(text: &str) -> Option<(String, Kind)> {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"/\\?#@*%".contains(c);
    let text = text.strip_suffix('.').unwrap_or(text);
    if !text.chars().all(plain) {
        return None;
    }
    match Host::parse(text).ok()? {
        Host::Domain(name) if !name.is_empty() && !name.ends_with('.') => Some((name, Kind::Name)),
        Host::Domain(_) => None,
        address => Some((address.to_string(), Kind::Address)),
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Name::Any => f.write_str("*")?,
            Name::Exactly(name) => f.write_str(name)?,
            Name::Below(domain) => write!(f, "*{domain}")?,
        }
        match self.port {
            Port::Usual => Ok(()),
            Port::Any => f.write_str(":*"),
            Port::Exactly(port) => write!(f, ":{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(pattern: &str, url: &str) -> bool {
        pattern.parse::<HostPattern>().unwrap().names(&Url::parse(url).unwrap())
    }

    #[test]
    fn names_hosts_and_ports() {
        for (pattern, url, expected) in [
            ("a.example", "http://a.example/x", true),
            ("a.example", "https://A.Example/x", true),
            ("A.EXAMPLE.", "http://a.example", true),
            ("a.example", "http://a.example:80", true),
            ("a.example", "http://a.example:443", false),
            ("a.example", "http://a.example:8080", false),
            ("a.example:8080", "http://a.example:8080", true),
            ("a.example:443", "https://a.example", true),
            ("a.example:443", "http://a.example", false),
            ("a.example:*", "http://a.example:9", true),
            ("a.example", "http://b.a.example", false),
            ("a.example", "http://xa.example", false),
            ("*.a.example", "http://b.a.example", true),
            ("*.a.example", "http://c.b.a.example", true),
            ("*.a.example", "http://a.example", false),
            ("*.a.example", "http://xa.example", false),
            ("*.a.example:81", "http://b.a.example:81", true),
            ("bücher.example", "http://xn--bcher-kva.example", true),
            ("127.0.0.2", "http://127.0.0.2", true),
            ("0x7f.2", "http://127.0.0.2", true),
            ("[::1]", "http://[::1]", true),
            ("[::1]:81", "http://[::1]:81", true),
            ("*", "http://anything.example", true),
            ("*", "http://anything.example:81", false),
            ("*:*", "http://anything.example:81", true),
        ] {
            assert_eq!(names(pattern, url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn rejects_what_is_no_host() {
        for text in [
            "",
            "http://a.example",
            "a.example/x",
            "a b",
            "*a.example",
            "a.*",
            "*.",
            "*.127.0.0.1",
            "a.example:x",
            "u@a.example",
            "a%2eexample",
            "a.example..",
            ":80",
            "a:65536",
            "::1",
            "a\\b",
        ] {
            assert!(text.parse::<HostPattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn is_written_as_it_was_read() {
        for text in ["a.example", "*.a.example:81", "*", "*:*", "[::1]:81", "127.0.0.2"] {
            assert_eq!(text.parse::<HostPattern>().unwrap().to_string(), text);
        }
    }
}
