//! An origin that is a bucket: of S3 and what speaks like it, of Google Cloud Storage, or of Azure.
//!
//! `object_store` knows URLs, signatures and credential chains of the three; requests go out by the worker's own
//! connections ([`connector`]), with the limits and the checks that other origins have.

mod bucket_url;
pub(crate) mod config;
mod connector;
mod error;
pub(crate) mod name;
mod named_buckets;
mod region;
mod store_builder;
mod tcp;
mod transport;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use object_store::{GetOptions, ObjectStore};
use tokio::{sync::OnceCell, time::timeout};

pub(crate) use self::{bucket_url::BucketUrl, named_buckets::NamedBuckets, region::RegionChoice};
pub use self::{
    bucket_url::Provider,
    config::{Addressing, Config as BucketConfig},
};
use self::{
    connector::{QueueConnector, RequestQueue},
    store_builder::StoreBuilder,
    transport::{CapturedHead, ResponseCapture, Transport},
};
use crate::{
    Config, OriginResponse, SourcePath, Validators,
    error::{Error, Phase, Result},
};

/// A bucket of originals, as one worker uses it.
pub(crate) struct Bucket {
    url: BucketUrl,
    /// Without the part that says which bucket: for the log and for errors.
    identity: String,
    builder: StoreBuilder,
    /// Built when it is first needed, if its region has to be looked up.
    store: OnceCell<Arc<dyn ObjectStore>>,
    transport: Rc<BucketTransport>,
    timeout: Duration,
    max_bytes: u64,
}

/// The connections of one worker to all buckets.
pub(crate) struct BucketTransport {
    connector: QueueConnector,
    queue: RequestQueue,
}

impl BucketTransport {
    /// Nothing is connected to yet. An error says what is wrong with the configuration.
    pub(crate) fn new(config: &Config) -> Result<Rc<Self>, String> {
        let (connector, queue) = QueueConnector::new(Transport::new(config)?);
        Ok(Rc::new(Self { connector, queue }))
    }
}

impl Bucket {
    /// An error says what is wrong with the configuration.
    pub(crate) fn open(
        url: BucketUrl,
        region_choice: RegionChoice<'_>,
        config: &Config,
        transport: Rc<BucketTransport>,
        max_bytes: u64,
    ) -> Result<Self, String> {
        let builder = StoreBuilder::new(
            &config.bucket,
            &url,
            region_choice,
            &transport.connector,
            config.response_timeout,
        )?;
        let store = if builder.lacks_region {
            OnceCell::new()
        } else {
            OnceCell::new_with(Some(builder.build(None).map_err(|error| error.to_string())?))
        };
        let identity = builder.identity.clone();
        Ok(Self { url, identity, builder, store, transport, timeout: config.timeout, max_bytes })
    }

    /// What the log calls it.
    pub(crate) fn host(&self) -> &str {
        &self.identity
    }

    pub(crate) fn identity(&self, path: &SourcePath) -> String {
        format!("{}{}", self.identity, self.url.identity(path))
    }

    pub(crate) async fn fetch(
        &self,
        path: &SourcePath,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let limit = self.timeout;
        timeout(limit, self.ask(path, known)).await.unwrap_or_else(|_| {
            Err(Error::Timeout { host: self.identity.clone(), phase: Phase::Fetch, limit })
        })
    }

    async fn ask(&self, path: &SourcePath, known: Option<&Validators>) -> Result<OriginResponse> {
        let original = self.identity(path);
        let Some(key) = self.url.key(path) else { return Err(Error::NotFound { original }) };
        // object_store panics where others complain
        if let Some(etag) = known.and_then(|known| known.etag.as_deref())
            && ::http::HeaderValue::from_str(etag).is_err()
        {
            return Err(self.broken(format!("the known entity tag {etag:?} is no header value")));
        }
        self.transport.queue.open();
        let store = self.store.get_or_try_init(|| self.build()).await?;
        let capture = ResponseCapture::new(&original, self.max_bytes);
        let found = match store.get_opts(&key, options(known, &capture)).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let head = capture.head();
        match (found, head, known) {
            (Ok(body), Some(head), _) => Ok(answer(Some(body), head.validators.clone(), head)),
            (Err(object_store::Error::NotModified { .. }), Some(head), Some(known)) => {
                Ok(answer(None, head.validators.clone().or(known), head))
            }
            (Err(error), ..) => Err(error::fetch_error(&error, &self.identity, &original)),
            (Ok(_), None, _) => Err(self.broken("it answered without a response".to_owned())),
        }
    }

    /// The client of a bucket whose region is not known.
    async fn build(&self) -> Result<Arc<dyn ObjectStore>> {
        let region = region::look_up(&self.transport.connector, region::S3, &self.url.name).await?;
        tracing::debug!(bucket = self.identity, region, "found the region of the bucket");
        self.builder.build(Some(region))
    }

    fn broken(&self, reason: String) -> Error {
        Error::Broken { host: self.identity.clone(), reason }
    }
}

fn answer(body: Option<bytes::Bytes>, validators: Validators, head: CapturedHead) -> OriginResponse {
    let CapturedHead { cache_policy, content_type, coding_warning, .. } = head;
    OriginResponse { body, validators, cache_policy, content_type, coding_warning }
}

/// What is asked besides the key.
fn options(known: Option<&Validators>, capture: &ResponseCapture) -> GetOptions {
    let mut options = GetOptions {
        if_none_match: known.and_then(|known| known.etag.clone()),
        if_modified_since: known
            .and_then(|known| known.last_modified.as_deref())
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .map(SystemTime::into),
        ..GetOptions::default()
    };
    options.extensions.insert(capture.clone());
    options
}
