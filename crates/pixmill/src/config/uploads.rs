//! The section of uploads, and of work that is done after its request was answered.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bytesize::ByteSize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, sections::address};

/// A token that is shorter than this can be guessed by trying.
const LEAST_TOKEN: usize = 16;

/// Pictures that are sent instead of fetched, and requests that are answered later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Uploads {
    /// Whether uploads are taken at all, by a listener of their own.
    pub enabled: bool,
    /// Address and port of that listener; port 0 picks a free one. Whoever reaches it can put pictures in place of
    /// those of the origin: it must not be reachable for the public.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// Whether the public listener takes uploads too; `tokens` should be set then.
    pub public: bool,
    /// Tokens, one of which an upload must bring as `Authorization: Bearer TOKEN`; several, so that one can take the
    /// place of another. Each at least 16 characters. Empty: none is asked for.
    pub tokens: Vec<Secret>,
    /// How long a picture that was stored by `cache_processed` or `cache_queries` goes before that of the origin.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub ttl: Duration,
    /// How long the sender may pause.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub idle_timeout: Duration,
    /// How long a whole upload may take to come.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub timeout: Duration,
    /// Room for all uploads that are being received or worked on; further ones are told to come back later.
    #[schemars(with = "String")]
    pub max_memory: ByteSize,
    /// Most query strings in one `cache_queries`.
    pub max_queries: usize,
    /// How many `async` requests may wait or be worked on; further ones are told to come back later. 0: none are
    /// taken.
    pub queue: usize,
    /// How long the work of an `async` request may take from its beginning, with all its `cache_queries`; each picture has
    /// `limits.deadline` besides. What is not made by then is told of as a failure.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub job_timeout: Duration,
    /// How long it can be read what became of an `async` request.
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
    /// Every problem of this section, each naming its key; `taken` are the addresses of the other listeners.
    pub fn problems(&self, taken: &[SocketAddr]) -> Vec<String> {
        let mut problems = Vec::new();
        if self.public && !self.enabled {
            problems.push("uploads.public is true, expected uploads.enabled to be true as well".to_owned());
        }
        if self.tokens.iter().any(|token| token.reveal().len() < LEAST_TOKEN) {
            problems.push(format!(
                "uploads.tokens has one that is too short, expected at least {LEAST_TOKEN} characters"
            ));
        }
        if let Some(other) = taken.iter().find(|other| self.enabled && overlap(self.address, **other)) {
            problems.push(format!(
                "uploads.address is {}, expected another port than that of {other}",
                self.address
            ));
        }
        for (key, duration) in [
            ("ttl", self.ttl),
            ("idle_timeout", self.idle_timeout),
            ("timeout", self.timeout),
            ("job_timeout", self.job_timeout),
            ("status_ttl", self.status_ttl),
        ] {
            if duration.is_zero() {
                problems.push(format!("uploads.{key} is 0s, expected more"));
            }
        }
        problems
    }

    /// Whether this is one of the tokens. How long that takes says nothing of them: hashes are compared, each as a
    /// whole.
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

    fn problems(text: &str) -> Vec<String> {
        let taken = ["0.0.0.0:8080".parse().unwrap(), "127.0.0.1:17006".parse().unwrap()];
        toml::from_str::<Uploads>(text).unwrap().problems(&taken)
    }

    #[test]
    fn off_by_default_and_without_problems() {
        assert_eq!(problems(""), [""; 0]);
        assert!(!Uploads::default().enabled && !Uploads::default().public);
        assert!(Uploads::default().address.ip().is_loopback());
    }

    #[test]
    fn every_key_that_is_wrong_is_named() {
        for (text, key) in [
            ("public = true", "uploads.public is true"),
            ("tokens = ['short']", "uploads.tokens has one"),
            ("enabled = true\naddress = '127.0.0.1:8080'", "uploads.address is 127.0.0.1:8080"),
            ("enabled = true\naddress = '127.0.0.1:17006'", "uploads.address is 127.0.0.1:17006"),
            ("idle_timeout = '0s'", "uploads.idle_timeout is 0s"),
            ("job_timeout = '0s'", "uploads.job_timeout is 0s"),
            ("status_ttl = '0s'", "uploads.status_ttl is 0s"),
        ] {
            let problems = problems(text);
            assert!(problems.len() == 1 && problems[0].starts_with(key), "{problems:?}");
        }
        assert_eq!(problems("address = '127.0.0.1:8080'"), [""; 0], "it is not listened on");
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
