//! Builds the `object_store` client of a bucket from the configuration and the credential chain of its provider.

use std::{sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    azure::{AzureConfigKey, MicrosoftAzureBuilder},
    gcp::GoogleCloudStorageBuilder,
};
use url::Url;

use super::{
    bucket_url::{BucketUrl, Provider},
    config::{Addressing, Config},
    connector::QueueConnector,
    error,
    region::{self, RegionChoice},
};
use crate::error::Result;

/// How often a request is retried after no response, a 429 or a 5xx.
const RETRIES: usize = 2;

/// The back-off before the first retry; random up to it, and doubled for the next.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest back-off before a retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The client of a bucket, complete except perhaps for its region.
///
/// `object_store` reads the environment itself (`from_env`): the credential chains are its own, and their variables
/// (`AWS_*`, `GOOGLE_*`, `AZURE_*`) are set by the platform, not by the operator. If the configuration has keys, or is
/// `anonymous`, only `AWS_REGION` is read of them.
pub(crate) struct StoreBuilder {
    builder: ProviderBuilder,
    /// Whether the region must be looked up before anything can be built.
    pub(crate) lacks_region: bool,
    /// A unique name of the bucket, without a trailing slash.
    pub(crate) identity: String,
}

enum ProviderBuilder {
    S3(Box<AmazonS3Builder>),
    Gcs(Box<GoogleCloudStorageBuilder>),
    Azure(Box<MicrosoftAzureBuilder>),
}

impl StoreBuilder {
    /// No retry begins later than `patience` after the first attempt.
    pub(crate) fn new(
        config: &Config,
        url: &BucketUrl,
        region_choice: RegionChoice<'_>,
        connector: &QueueConnector,
        patience: Duration,
    ) -> Result<Self, String> {
        let retry = RetryConfig {
            backoff: BackoffConfig {
                init_backoff: FIRST_PAUSE,
                max_backoff: LONGEST_PAUSE,
                ..BackoffConfig::default()
            },
            max_retries: RETRIES,
            retry_timeout: patience,
        };
        match url.provider {
            Provider::S3 => s3(config, url, region_choice, connector, retry),
            Provider::Gcs => gcs(config, url, connector, retry),
            Provider::Azure => azure(config, url, connector, retry),
        }
    }

    /// The client, in this region if it was looked up.
    pub(crate) fn build(&self, found: Option<String>) -> Result<Arc<dyn ObjectStore>> {
        let built: object_store::Result<Arc<dyn ObjectStore>> = match &self.builder {
            ProviderBuilder::S3(builder) => {
                let builder = builder.as_ref().clone();
                let builder = match found {
                    Some(region) => builder.with_region(region),
                    None => builder,
                };
                builder.build().map(|store| Arc::new(store) as _)
            }
            ProviderBuilder::Gcs(builder) => {
                builder.as_ref().clone().build().map(|store| Arc::new(store) as _)
            }
            ProviderBuilder::Azure(builder) => {
                builder.as_ref().clone().build().map(|store| Arc::new(store) as _)
            }
        };
        built.map_err(|error| error::misconfigured(&error))
    }
}

fn s3(
    config: &Config,
    url: &BucketUrl,
    region_choice: RegionChoice<'_>,
    connector: &QueueConnector,
    retry: RetryConfig,
) -> Result<StoreBuilder, String> {
    let environment = AmazonS3Builder::from_env();
    let around = environment.get_config_value(&AmazonS3ConfigKey::Region);
    let mut builder = s3_keys(config, environment);
    if config.addressing == Addressing::VirtualHosted {
        builder = builder.with_virtual_hosted_style_request(true);
    }
    let mut endpoint = endpoint(config)?;
    if let Some(configured) = &endpoint {
        // the S3-specific key, which takes precedence over that of the environment for all services
        builder =
            builder.with_config(AmazonS3ConfigKey::S3Endpoint, addressed(configured, config, &url.name));
    } else {
        let key = |key| builder.get_config_value(&key);
        let url = key(AmazonS3ConfigKey::S3Endpoint).or_else(|| key(AmazonS3ConfigKey::Endpoint));
        endpoint = url.and_then(|url| Url::parse(&url).ok());
    }
    let configured = Some(config.region.clone()).filter(|region| !region.is_empty()).or(around);
    let region = region::resolve(region_choice, configured, endpoint.is_some());
    let lacks_region = region.is_none();
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    let builder =
        builder.with_bucket_name(&url.name).with_retry(retry).with_http_connector(connector.clone());
    let identity = identity(url, endpoint.as_ref());
    Ok(StoreBuilder { builder: ProviderBuilder::S3(Box::new(builder)), lacks_region, identity })
}

/// The credentials: the keys of the configuration, none, or those of the environment.
fn s3_keys(config: &Config, environment: AmazonS3Builder) -> AmazonS3Builder {
    if config.anonymous {
        return AmazonS3Builder::new().with_skip_signature(true);
    }
    if config.access_key_id.is_empty() {
        return environment;
    }
    let builder = AmazonS3Builder::new()
        .with_access_key_id(&config.access_key_id)
        .with_secret_access_key(config.secret_access_key.reveal());
    if config.session_token.is_empty() { builder } else { builder.with_token(config.session_token.reveal()) }
}

fn gcs(
    config: &Config,
    url: &BucketUrl,
    connector: &QueueConnector,
    retry: RetryConfig,
) -> Result<StoreBuilder, String> {
    let mut builder = match &config.google_service_account {
        Some(file) => {
            GoogleCloudStorageBuilder::new().with_service_account_path(file.to_string_lossy().into_owned())
        }
        None if config.anonymous => GoogleCloudStorageBuilder::new().with_skip_signature(true),
        None => GoogleCloudStorageBuilder::from_env(),
    };
    let endpoint = endpoint(config)?;
    if let Some(endpoint) = &endpoint {
        builder = builder.with_base_url(without_slash(endpoint));
    }
    let builder =
        builder.with_bucket_name(&url.name).with_retry(retry).with_http_connector(connector.clone());
    let identity = identity(url, endpoint.as_ref());
    Ok(StoreBuilder { builder: ProviderBuilder::Gcs(Box::new(builder)), lacks_region: false, identity })
}

fn azure(
    config: &Config,
    url: &BucketUrl,
    connector: &QueueConnector,
    retry: RetryConfig,
) -> Result<StoreBuilder, String> {
    let own_keys = config.anonymous || !config.azure_key.is_empty() || !config.azure_sas.is_empty();
    let environment = MicrosoftAzureBuilder::from_env();
    let account = Some(config.azure_account.clone()).filter(|account| !account.is_empty());
    let account = account
        .or_else(|| environment.get_config_value(&AzureConfigKey::AccountName))
        .ok_or("origin.bucket.azure_account is empty: expected the storage account of the container")?;
    let mut builder = if own_keys { MicrosoftAzureBuilder::new() } else { environment };
    if config.anonymous {
        builder = builder.with_skip_signature(true);
    } else if !config.azure_key.is_empty() {
        builder = builder.with_access_key(config.azure_key.reveal());
    } else if !config.azure_sas.is_empty() {
        builder = builder.with_config(AzureConfigKey::SasKey, config.azure_sas.reveal());
    }
    let endpoint = endpoint(config)?;
    if let Some(endpoint) = &endpoint {
        builder = builder.with_endpoint(without_slash(endpoint).to_owned());
    }
    // names of containers are unique within an account, those of buckets globally
    let identity = format!("{}@{account}", identity(url, endpoint.as_ref()));
    let builder = builder
        .with_account(account)
        .with_container_name(&url.name)
        .with_retry(retry)
        .with_http_connector(connector.clone());
    Ok(StoreBuilder { builder: ProviderBuilder::Azure(Box::new(builder)), lacks_region: false, identity })
}

fn endpoint(config: &Config) -> Result<Option<Url>, String> {
    config.endpoint().map_err(|expected| format!("origin.bucket.endpoint: {expected}"))
}

/// The endpoint as `object_store` requires it: with the bucket in its host for `virtual_hosted`.
fn addressed(endpoint: &Url, config: &Config, bucket: &str) -> String {
    let text = without_slash(endpoint);
    match (config.addressing, text.split_once("://")) {
        (Addressing::VirtualHosted, Some((scheme, rest))) => format!("{scheme}://{bucket}.{rest}"),
        _ => text.to_owned(),
    }
}

/// `s3://bucket`; at another endpoint, which has names of its own, `s3+http://endpoint/bucket`.
fn identity(url: &BucketUrl, endpoint: Option<&Url>) -> String {
    let scheme = url.provider.scheme();
    match endpoint {
        None => format!("{scheme}://{}", url.name),
        Some(endpoint) => {
            let authority = &endpoint[url::Position::BeforeHost..url::Position::AfterPath];
            format!("{scheme}+{}://{}/{}", endpoint.scheme(), authority.trim_end_matches('/'), url.name)
        }
    }
}

fn without_slash(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_is_in_the_path_or_the_host() {
        for (endpoint, addressing, expected) in [
            ("http://minio:9000", Addressing::PathStyle, "http://minio:9000"),
            ("https://x.example/storage/v1/s3/", Addressing::PathStyle, "https://x.example/storage/v1/s3"),
            ("https://s3.eu.example", Addressing::VirtualHosted, "https://photos.s3.eu.example"),
            ("http://s3.example:8080/", Addressing::VirtualHosted, "http://photos.s3.example:8080"),
        ] {
            let config = Config { addressing, ..Config::default() };
            assert_eq!(addressed(&endpoint.parse().unwrap(), &config, "photos"), expected, "{endpoint}");
        }
    }

    #[test]
    fn identities_have_no_credentials() {
        let url = BucketUrl::root(Provider::S3, "photos").unwrap();
        for (endpoint, expected) in [
            (None, "s3://photos"),
            (Some("http://user:hunter2@minio:9000/"), "s3+http://minio:9000/photos"),
            (Some("https://x.example/storage/s3?x=hunter2"), "s3+https://x.example/storage/s3/photos"),
        ] {
            let endpoint = endpoint.map(|endpoint| endpoint.parse().unwrap());
            assert_eq!(identity(&url, endpoint.as_ref()), expected);
        }
    }
}
