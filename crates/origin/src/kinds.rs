//! The kinds of origin that can be configured.

use async_trait::async_trait;
use url::Url;

use crate::{
    bucket::bucket_origin,
    config::origin_config::OriginConfig,
    error::{Error, Result},
    fetched::OriginResponse,
    filesystem::folder_origin,
    http_origin,
    origin::{Kind, OpenContext, Origin, OriginRequest},
    path::SourcePath,
};

/// All kinds; no URL is one of two.
const KINDS: &[&Kind] = &[&UNCONFIGURED, &http_origin::KIND, &bucket_origin::KIND, &folder_origin::KIND];

/// Checks a configured URL; an error says what was expected.
pub(crate) fn check(url: &str) -> Result<(), &'static str> {
    (kind_of(url)?.check)(url)
}

/// Sets up an origin for the current worker, without connecting.
pub(crate) fn open(config: &OriginConfig, context: &OpenContext<'_>) -> Result<Box<dyn Origin>, String> {
    let kind = kind_of(&config.url)?;
    tracing::debug!(kind = kind.name, "opening an origin");
    (kind.open)(config, context)
}

fn kind_of(url: &str) -> Result<&'static Kind, &'static str> {
    let known = KINDS.iter().find(|kind| (kind.recognizes)(url));
    known.copied().ok_or_else(|| match Url::parse(url) {
        Ok(_) => "expected http, https, s3, gs, az, file or the path of a folder",
        Err(_) => "expected a valid URL",
    })
}

/// No origin: each fetch fails.
struct Unconfigured;

const UNCONFIGURED: Kind = Kind {
    name: "none",
    recognizes: str::is_empty,
    check: |_| Ok(()),
    open: |_, _| Ok(Box::new(Unconfigured)),
};

#[async_trait(?Send)]
impl Origin for Unconfigured {
    fn name(&self) -> &'static str {
        ""
    }

    fn identity(&self, path: &SourcePath) -> String {
        path.canonical().to_owned()
    }

    async fn fetch(&self, _: &OriginRequest<'_>) -> Result<OriginResponse> {
        Err(Error::NotConfigured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_of_one_kind() {
        for (url, expected) in [
            ("", "none"),
            ("/srv/photos", "folder"),
            ("photos", "folder"),
            ("file:///srv/a%20b", "folder"),
            ("http://a.example", "http"),
            ("HTTPS://u:p@a.example:8443/x/", "http"),
            ("http://[::1]:80", "http"),
            ("s3://photos", "bucket"),
            ("gs://photos/2026", "bucket"),
            ("az://photos/2026/may/", "bucket"),
        ] {
            let kinds: Vec<_> = KINDS.iter().filter(|kind| (kind.recognizes)(url)).collect();
            assert!(matches!(kinds.as_slice(), [kind] if kind.name == expected), "{url}");
        }
    }

    #[test]
    fn urls_of_no_use() {
        for url in [
            "ftp://a.example",
            "S3://photos",
            "s3://Bucket",
            "gs://bucket?x",
            "http://",
            "http://a.example?x",
            "https://[::1]",
            "file://host/x",
            "/no/such/folder",
        ] {
            assert!(check(url).is_err(), "{url}");
        }
        for url in ["", "http://a.example/b", "az://photos/2026", "/", "file:///"] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }
}
