//! A configured origin that is a bucket.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use http_semantics::Validators;
use object_store::{GetOptions, ObjectStore};
use tokio::{sync::OnceCell, time::timeout};

use crate::{
    bucket::{
        bucket_url::{BucketUrl, Provider},
        connector::{QueueConnector, RequestQueue},
        error,
        region::{self, RegionChoice},
        store_builder::StoreBuilder,
        transport::{CapturedHead, ResponseCapture, Transport},
    },
    config::origin_config::OriginConfig,
    error::{Error, Phase, Result},
    fetched::OriginResponse,
    origin::{Kind, OpenContext, Origin, OriginRequest},
    path::SourcePath,
};

pub(crate) const KIND: Kind = Kind {
    name: "bucket",
    recognizes: |url| Provider::of_url(url).is_some(),
    check: |url| BucketUrl::from_url(url).map(|_| ()),
    open: open_configured,
};

fn open_configured(config: &OriginConfig, context: &OpenContext<'_>) -> Result<Box<dyn Origin>, String> {
    let url = BucketUrl::from_url(&config.url)?;
    let transport = BucketTransport::new(config)?;
    let choice = RegionChoice::Configured;
    Ok(Box::new(BucketOrigin::open(url, choice, config, transport, context.max_bytes)?))
}

/// A bucket of originals, as one worker uses it.
pub(crate) struct BucketOrigin {
    url: BucketUrl,
    /// The bucket as a URL: for the log, for errors and for identities.
    identity: String,
    builder: StoreBuilder,
    /// Built at the first fetch if its region has to be looked up.
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
    /// Does not connect yet. An error says what is wrong with the configuration.
    pub(crate) fn new(config: &OriginConfig) -> Result<Rc<Self>, String> {
        let (connector, queue) = QueueConnector::new(Transport::new(config)?);
        Ok(Rc::new(Self { connector, queue }))
    }
}

impl BucketOrigin {
    /// An error says what is wrong with the configuration.
    pub(crate) fn open(
        url: BucketUrl,
        region_choice: RegionChoice<'_>,
        config: &OriginConfig,
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

    async fn get(&self, path: &SourcePath, known: Option<&Validators>) -> Result<OriginResponse> {
        let original = self.identity(path);
        let Some(key) = self.url.key(path) else { return Err(Error::NotFound { original }) };
        // object_store panics on an invalid header value
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
            (Ok(body), Some(head), _) => Ok(response(Some(body), head.validators.clone(), head)),
            (Err(object_store::Error::NotModified { .. }), Some(head), Some(known)) => {
                Ok(response(None, head.validators.clone().or(known), head))
            }
            (Err(error), ..) => Err(error::fetch_error(&error, &self.identity, &original)),
            (Ok(_), None, _) => Err(self.broken("object_store returned no response".to_owned())),
        }
    }

    /// The client of a bucket whose region is not known.
    async fn build(&self) -> Result<Arc<dyn ObjectStore>> {
        let region = region::look_up(&self.transport.connector, region::S3, &self.url.name).await?;
        tracing::debug!(bucket = self.identity, region, "looked up the region of the bucket");
        self.builder.build(Some(region))
    }

    fn broken(&self, reason: String) -> Error {
        Error::Broken { host: self.identity.clone(), reason }
    }
}

fn response(body: Option<bytes::Bytes>, validators: Validators, head: CapturedHead) -> OriginResponse {
    let CapturedHead { cache_policy, content_type, coding_warning, .. } = head;
    OriginResponse { body, validators, cache_policy, content_type, coding_warning }
}

#[async_trait(?Send)]
impl Origin for BucketOrigin {
    fn name(&self) -> &str {
        &self.identity
    }

    fn identity(&self, path: &SourcePath) -> String {
        format!("{}{}", self.identity, self.url.identity(path))
    }

    async fn fetch(&self, request: &OriginRequest<'_>) -> Result<OriginResponse> {
        let OriginRequest { path, known, .. } = *request;
        let limit = self.timeout;
        timeout(limit, self.get(path, known)).await.unwrap_or_else(|_| {
            Err(Error::Timeout { host: self.identity.clone(), phase: Phase::Fetch, limit })
        })
    }
}

/// Options of the request: conditions, and where to capture the response.
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
