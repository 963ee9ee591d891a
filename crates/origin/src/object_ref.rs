//! A reference to an original: at a configured origin, or at a host or in a bucket that the request names.

use std::net::IpAddr;

use url::Url;

use crate::path::SourcePath;

/// A reference to an original that may be fetched. Made by [`crate::Origins::locate`], which refuses what is not allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef(pub(crate) Location);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    Configured {
        /// 0 is the default one.
        origin: usize,
        path: SourcePath,
        /// The `Host` header that the request wants to be sent.
        host: Option<String>,
    },
    Remote(RemoteUrl),
    /// In a bucket that the request names. Names of buckets are unique over all regions.
    Bucket {
        name: String,
        region: Option<String>,
        path: SourcePath,
    },
}

/// An original at a host that the request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RemoteUrl {
    /// What relative paths are resolved against.
    pub(crate) base: Url,
    pub(crate) url: Url,
    pub(crate) host: Option<String>,
    /// The address to connect to in place of the host's own.
    pub(crate) address: Option<IpAddr>,
}

impl ObjectRef {
    /// The original at another path of the same origin.
    pub fn beside(&self, path: SourcePath) -> Self {
        Self(match &self.0 {
            Location::Configured { origin, host, .. } => {
                Location::Configured { origin: *origin, path, host: host.clone() }
            }
            Location::Remote(remote) => {
                let url = below(&remote.base, &path);
                Location::Remote(RemoteUrl { url, ..remote.clone() })
            }
            Location::Bucket { name, region, .. } => {
                Location::Bucket { name: name.clone(), region: region.clone(), path }
            }
        })
    }
}

/// The original at this path of the default origin.
impl From<SourcePath> for ObjectRef {
    fn from(path: SourcePath) -> Self {
        Self(Location::Configured { origin: 0, path, host: None })
    }
}

/// The URL of a path below a base URL.
pub(crate) fn below(base: &Url, path: &SourcePath) -> Url {
    let mut url = base.clone();
    // a path in canonical form is taken as it is
    let path = format!("{}{}", base.path().trim_end_matches('/'), path.canonical());
    url.set_path(&path);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_base() {
        for (base, path, expected) in [
            ("http://a.example", "/x.jpg", "http://a.example/x.jpg"),
            ("http://a.example/", "//x.jpg/", "http://a.example/x.jpg"),
            ("http://a.example/b/", "//", "http://a.example/b/"),
            ("http://a.example/b/", "/x%3fy.jpg", "http://a.example/b/x%3Fy.jpg"),
            ("http://a.example/b", "/%252fx%2528", "http://a.example/b/%252fx%2528"),
            ("http://a.example/b", "/%28%2B%2b+", "http://a.example/b/%28%2B%2B+"),
            (
                "http://a.example/b",
                "/caf\u{e9} (1),a+b;c=d'!*$&~.jpg",
                "http://a.example/b/caf%C3%A9%20(1),a+b;c=d'!*$&~.jpg",
            ),
            ("http://a.example/b", "/%5b%5d%7c%5e", "http://a.example/b/%5B%5D%7C%5E"),
        ] {
            let url = below(&Url::parse(base).unwrap(), &SourcePath::parse(path).unwrap());
            assert_eq!(url.as_str(), expected);
        }
    }
}
