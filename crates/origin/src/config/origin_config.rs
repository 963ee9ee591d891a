//! How one origin is reached.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use config_types::{Secret, SecretUrl};

use crate::{bucket::config::Config as BucketConfig, config::section::Config};

/// How one origin is reached: what its kind needs to know, and nothing of what requests may name. The keys are documented
/// in [`Config`].
#[derive(Clone)]
pub(crate) struct OriginConfig {
    pub(crate) url: SecretUrl,
    pub(crate) connect_timeout: Duration,
    pub(crate) response_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_redirects: u8,
    pub(crate) user_agent: String,
    pub(crate) headers: BTreeMap<String, Secret>,
    pub(crate) max_connections: u32,
    pub(crate) keep_alive: Duration,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) bucket: BucketConfig,
    pub(crate) folder_check: Duration,
}

impl From<&Config> for OriginConfig {
    fn from(section: &Config) -> Self {
        Self {
            url: section.url.clone(),
            connect_timeout: section.connect_timeout,
            response_timeout: section.response_timeout,
            timeout: section.timeout,
            max_redirects: section.max_redirects,
            user_agent: section.user_agent.clone(),
            headers: section.headers.clone(),
            max_connections: section.max_connections,
            keep_alive: section.keep_alive,
            ca_file: section.ca_file.clone(),
            bucket: section.bucket.clone(),
            folder_check: section.folder_check,
        }
    }
}
