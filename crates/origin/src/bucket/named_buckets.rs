//! Buckets that requests name, opened when needed; a limited number is kept open.

use std::{cell::RefCell, rc::Rc};

use crate::{
    bucket::{
        bucket_origin::{BucketOrigin, BucketTransport},
        bucket_url::{BucketUrl, Provider},
        name,
        region::RegionChoice,
    },
    config::origin_config::OriginConfig,
    error::{Error, Result},
};

/// How many buckets a worker keeps open. A bucket that is opened again looks up its region and credentials again.
const OPEN: usize = 64;

/// Buckets of one provider, with the keys and the endpoint of the configuration and without its prefix.
///
/// Which of them a request may name is decided by `routing`.
pub(crate) struct NamedBuckets {
    provider: Provider,
    config: OriginConfig,
    max_bytes: u64,
    transport: Rc<BucketTransport>,
    /// The most recently used first.
    open: RefCell<Vec<(BucketKey, Rc<BucketOrigin>)>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct BucketKey {
    bucket: String,
    region: Option<String>,
}

impl NamedBuckets {
    /// The buckets of a provider, for the current worker, without connecting. Originals larger than `max_bytes` bytes are
    /// refused.
    pub(crate) fn new(provider: Provider, config: &OriginConfig, max_bytes: u64) -> Result<Self> {
        let transport = BucketTransport::new(config).map_err(misconfigured)?;
        Ok(Self { provider, config: config.clone(), max_bytes, transport, open: RefCell::default() })
    }

    /// Opens a bucket. Without a region, that is looked up at the first fetch. An invalid name is an error.
    pub(crate) fn open(&self, bucket: &str, region: Option<&str>) -> Result<Rc<BucketOrigin>> {
        if let Some(region) = region {
            name::region(region)
                .map_err(|expected| misconfigured(format!("region {region:?}: {expected}")))?;
        }
        let named = BucketKey { bucket: bucket.to_owned(), region: region.map(str::to_owned) };
        if let Some(known) = self.recall(&named) {
            return Ok(known);
        }
        let url = BucketUrl::root(self.provider, bucket)
            .map_err(|expected| misconfigured(format!("bucket {bucket:?}: {expected}")))?;
        let region_choice = region.map_or(RegionChoice::Unspecified, RegionChoice::Requested);
        let transport = Rc::clone(&self.transport);
        let bucket = BucketOrigin::open(url, region_choice, &self.config, transport, self.max_bytes);
        let bucket = Rc::new(bucket.map_err(misconfigured)?);
        let mut open = self.open.borrow_mut();
        open.insert(0, (named, Rc::clone(&bucket)));
        open.truncate(OPEN);
        Ok(bucket)
    }

    /// A bucket that is open already; it becomes the most recently used one.
    fn recall(&self, named: &BucketKey) -> Option<Rc<BucketOrigin>> {
        let mut open = self.open.borrow_mut();
        let at = open.iter().position(|(known, _)| known == named)?;
        open[..=at].rotate_right(1);
        Some(Rc::clone(&open[0].1))
    }
}

fn misconfigured(problem: String) -> Error {
    Error::Misconfigured { problems: vec![problem] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets() -> NamedBuckets {
        let mut config = OriginConfig::from(&crate::Config::default());
        config.bucket.anonymous = true;
        NamedBuckets::new(Provider::S3, &config, 1 << 20).unwrap()
    }

    #[test]
    fn open_buckets_are_reused() {
        let buckets = buckets();
        let first = buckets.open("photos", Some("eu-central-1")).unwrap();
        let open = |name: &str| buckets.open(name, None).unwrap();
        assert!(!Rc::ptr_eq(&first, &open("photos")));
        for number in 0..OPEN - 2 {
            open(&format!("bucket-{number}"));
        }
        assert!(Rc::ptr_eq(&first, &buckets.open("photos", Some("eu-central-1")).unwrap()));
        open("one-more");
        assert_eq!(buckets.open.borrow().len(), OPEN);
        assert!(Rc::ptr_eq(&first, &buckets.open("photos", Some("eu-central-1")).unwrap()));
        for number in 0..OPEN {
            open(&format!("another-{number}"));
        }
        assert!(!Rc::ptr_eq(&first, &buckets.open("photos", Some("eu-central-1")).unwrap()));
    }

    #[test]
    fn invalid_names_are_refused() {
        let buckets = buckets();
        for (bucket, region) in [
            ("evil.example/x", None),
            ("a@evil", None),
            ("photos", Some("evil.example/")),
            ("photos", Some("eu#")),
            ("photos", Some("")),
            ("169.254.169.254", None),
        ] {
            assert!(buckets.open(bucket, region).is_err(), "{bucket} {region:?}");
        }
    }
}
