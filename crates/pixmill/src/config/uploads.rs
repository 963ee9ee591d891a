//! Section `uploads`: uploads, and asynchronous requests.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytesize::ByteSize;
use config_types::{Problem, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sections::address;

/// Minimum length of a token: shorter ones can be guessed.
const MIN_TOKEN_LENGTH: usize = 16;

/// Uploads, and asynchronous requests (`async=true`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    /// Whether uploads are accepted, on a listener of their own.
    pub enabled: bool,
    /// Address and port of that listener; port 0 picks a free one. Whoever reaches it can replace pictures of the origin: it
    /// must not be reachable by the public.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// Whether the public listener accepts uploads too; `tokens` should be set then.
    pub public: bool,
    /// Tokens, one of which an upload must carry as `Authorization: Bearer TOKEN`; several, so that tokens can be rotated. Each
    /// has at least 16 characters. Empty: none is required.
    pub tokens: Vec<Secret>,
    /// How long a picture stored by `cache_processed` or `cache_queries` replaces that of the origin.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub ttl: Duration,
    /// Maximum time without data from the client.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// Maximum time for receiving an upload.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Memory for all uploads being received or processed; further ones are refused with 503.
    #[schemars(with = "String")]
    pub max_memory: ByteSize,
    /// Maximum number of query strings in one `cache_queries`.
    pub max_queries: usize,
    /// Maximum number of jobs of `async` requests that wait or are processed; further requests are refused with 503. 0: asynchronous
    /// requests are disabled.
    pub queue: usize,
    /// Maximum time for the job of an `async` request, with all its `cache_queries`; `limits.deadline` applies to each picture too.
    /// Pictures that are not ready by then are reported as failed.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub job_timeout: Duration,
    /// How long the status of an `async` request is available.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub status_ttl: Duration,
}

impl Default for Uploads {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            enabled: false,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 17007)),
            public: false,
            tokens: Vec::new(),
            ttl: 30 * DAY,
            idle_timeout: Duration::from_secs(15),
            timeout: Duration::from_mins(2),
            max_memory: ByteSize::mib(256),
            max_queries: 32,
            queue: 256,
            job_timeout: Duration::from_mins(5),
            status_ttl: Duration::from_hours(1),
        }
    }
}

impl Uploads {
    /// The problems of this section; `taken` are the addresses of the other listeners.
    pub fn problems(&self, taken: &[SocketAddr]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.public && !self.enabled {
            problems.push(Problem::expected("uploads.public", "uploads.enabled to be true as well", true));
        }
        if self.tokens.iter().any(|token| token.reveal().len() < MIN_TOKEN_LENGTH) {
            let text = format!("a token is too short: expected at least {MIN_TOKEN_LENGTH} characters");
            problems.push(Problem::new("uploads.tokens", text));
        }
        if let Some(other) = taken.iter().find(|other| self.enabled && overlap(self.address, **other)) {
            let expected = format_args!("another port than that of {other}");
            problems.push(Problem::expected("uploads.address", expected, self.address));
        }
        for (key, duration) in [
            ("ttl", self.ttl),
            ("idle_timeout", self.idle_timeout),
            ("timeout", self.timeout),
            ("job_timeout", self.job_timeout),
            ("status_ttl", self.status_ttl),
        ] {
            if duration.is_zero() {
                let key = format!("uploads.{key}");
                problems.push(Problem::expected(key, "more than 0s", format_args!("0s")));
            }
        }
        problems
    }

    /// Whether this is one of the tokens, in constant time: hashes of equal length are compared, and all of them.
    pub fn knows(&self, token: &str) -> bool {
        let given = blake3::hash(token.as_bytes());
        let same = |token: &Secret| blake3::hash(token.reveal().as_bytes()) == given;
        self.tokens.iter().fold(false, |known, token| known | same(token))
    }
}

fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let hosts = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<Problem> {
        let taken = ["0.0.0.0:8080".parse().unwrap(), "127.0.0.1:17006".parse().unwrap()];
        toml::from_str::<Uploads>(text).unwrap().problems(&taken)
    }

    #[test]
    fn off_by_default_and_without_problems() {
        assert_eq!(problems(""), []);
        assert!(!Uploads::default().enabled && !Uploads::default().public);
        assert!(Uploads::default().address.ip().is_loopback());
    }

    #[test]
    fn problems_name_their_key() {
        for (text, key) in [
            ("public = true", "uploads.public: expected"),
            ("tokens = ['short']", "uploads.tokens: a token is too short"),
            (
                "enabled = true\naddress = '127.0.0.1:8080'",
                "uploads.address: expected another port than that of 0.0.0.0:8080, got 127.0.0.1:8080",
            ),
            ("enabled = true\naddress = '127.0.0.1:17006'", "uploads.address: expected another port"),
            ("idle_timeout = '0s'", "uploads.idle_timeout: expected more than 0s, got 0s"),
            ("job_timeout = '0s'", "uploads.job_timeout: expected"),
            ("status_ttl = '0s'", "uploads.status_ttl: expected"),
        ] {
            let problems = problems(text);
            assert!(problems.len() == 1 && problems[0].to_string().starts_with(key), "{problems:?}");
        }
        assert_eq!(problems("address = '127.0.0.1:8080'"), [], "it is not listened on");
    }

    #[test]
    fn tokens_are_known() {
        let tokens = vec![Secret::from("first-of-the-tokens"), Secret::from("second")];
        let uploads = Uploads { tokens, ..Uploads::default() };
        assert!(uploads.knows("first-of-the-tokens") && uploads.knows("second"));
        assert!(!uploads.knows("first-of-the-token") && !uploads.knows(""));
        assert!(!Uploads::default().knows(""));
    }
}
