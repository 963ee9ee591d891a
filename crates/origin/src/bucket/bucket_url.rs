//! The URL of a bucket and of a prefix in it: `s3://bucket/prefix`, `gs://…`, `az://…`.

use object_store::path::{Path, PathPart};

use super::name;
use crate::path::SourcePath;

/// The provider of a bucket, or rather the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provider {
    /// Amazon S3 and compatible services.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

impl Provider {
    /// The provider of a URL with this scheme.
    pub fn of_scheme(scheme: &str) -> Option<Self> {
        [Self::S3, Self::Gcs, Self::Azure].into_iter().find(|provider| provider.scheme() == scheme)
    }

    /// The provider of a whole URL.
    pub(crate) fn of_url(url: &str) -> Option<Self> {
        url.split_once("://").and_then(|(scheme, _)| Self::of_scheme(scheme))
    }

    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
        }
    }
}

/// A bucket, and the prefix of the keys of its originals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketUrl {
    pub(crate) provider: Provider,
    pub(crate) name: String,
    /// Put before the path of a request.
    prefix: Option<SourcePath>,
}

impl BucketUrl {
    /// The root of a bucket; an error says what was expected of the name.
    pub(crate) fn root(provider: Provider, name: &str) -> Result<Self, &'static str> {
        name::bucket(provider, name)?;
        Ok(Self { provider, name: name.to_owned(), prefix: None })
    }

    /// Parses a whole URL, `s3://bucket/prefix`; an error says what was expected.
    pub(crate) fn from_url(url: &str) -> Result<Self, &'static str> {
        let parts =
            url.split_once("://").and_then(|(scheme, rest)| Some((Provider::of_scheme(scheme)?, rest)));
        let (provider, rest) = parts.ok_or("expected a URL such as s3://bucket/prefix")?;
        Self::parse(provider, rest)
    }

    /// Parses what follows `scheme://` in a URL: `bucket/prefix`, the prefix percent-encoded where it must be.
    pub(crate) fn parse(provider: Provider, rest: &str) -> Result<Self, &'static str> {
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let mut url = Self::root(provider, name)?;
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if prefix.is_empty() {
            return Ok(url);
        }
        if format!("/{prefix}/").contains("//") {
            return Err("expected a prefix without doubled slashes");
        }
        let prefix = SourcePath::parse(&format!("/{prefix}"))
            .map_err(|_| "expected a prefix without query, fragment and dot segments")?;
        url.prefix = Some(prefix);
        Ok(url)
    }

    /// The key of an original; `None` for the root, which is no object, and for paths that are no keys: keys are UTF-8, and
    /// those with empty segments (`a//b`, `/a`, `a/`) cannot be requested. An encoded slash is a slash of the key.
    pub(crate) fn key(&self, path: &SourcePath) -> Option<Path> {
        if path.segments().is_empty() {
            return None;
        }
        let prefix = self.prefix.iter().flat_map(SourcePath::object_segments);
        // `Path::parse` and `Path::from` would reject or encode some valid keys
        prefix.chain(path.object_segments()).try_fold(Path::ROOT, |path, segment| {
            let segment = str::from_utf8(segment).ok().filter(|segment| !segment.is_empty())?;
            Some(path.join(PathPart::parse(segment).ok()?))
        })
    }

    /// What identifies an original in the bucket: the prefix and the path in the one spelling that their names have.
    pub(crate) fn identity(&self, path: &SourcePath) -> String {
        let prefix = self.prefix.as_ref().map(SourcePath::object_identity).unwrap_or_default();
        format!("{prefix}{}", path.object_identity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str, path: &str) -> Option<String> {
        let (scheme, rest) = url.split_once("://").unwrap();
        let url = BucketUrl::parse(Provider::of_scheme(scheme).unwrap(), rest).unwrap();
        url.key(&SourcePath::parse(path).unwrap()).map(String::from)
    }

    #[test]
    fn keys() {
        for (url, path, expected) in [
            ("s3://photos", "/a.jpg", Some("a.jpg")),
            ("s3://photos/", "/a.jpg", Some("a.jpg")),
            ("s3://photos/2026/may/", "/a.jpg", Some("2026/may/a.jpg")),
            ("s3://photos/caf%C3%A9 1", "/a%20b+c.jpg", Some("café 1/a b+c.jpg")),
            ("s3://photos", "/%252F", Some("%2F")),
            ("s3://photos/p", "/2026%2Fmay/a.jpg", Some("p/2026/may/a.jpg")),
            ("s3://photos", "/a%2F%2Fb", None),
            ("s3://photos", "/a%2F", None),
            ("s3://photos", "/caf%E9.jpg", None),
            ("s3://photos", "/a//b", Some("a/b")),
            ("s3://photos", "/a/", Some("a")),
            ("s3://photos/p", "//a", Some("p/a")),
            ("s3://photos", "/%7E%7B%5D%23%3F*", Some("~{]#?*")),
            ("s3://photos", "//a", Some("a")),
            ("s3://photos", "/", None),
            ("s3://photos/p", "//", None),
            ("gs://photos", "/a/", Some("a")),
            ("az://photos", "/a//b/", Some("a/b")),
        ] {
            assert_eq!(key(url, path).as_deref(), expected, "{url} {path}");
        }
    }

    #[test]
    fn rejects() {
        for rest in [
            "",
            "ab",
            "Photos",
            "photos/../x",
            "photos/%2e%2e",
            "photos//x",
            "photos/x//",
            "photos/a//b",
            "photos?x",
            "photos/x?y",
            "u:p@photos",
            "photos:80",
        ] {
            assert!(BucketUrl::parse(Provider::S3, rest).is_err(), "{rest}");
        }
    }
}
