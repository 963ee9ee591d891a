//! An origin that is a bucket: of S3 and what speaks like it, of Google Cloud Storage, or of Azure.
//!
//! `object_store` knows URLs, signatures and credential chains of the three; requests go out by the worker's own
//! connections ([`agent`]), with the limits and the checks that other origins have.

mod agent;
mod buckets;
pub(crate) mod config;
mod dialler;
mod exchange;
mod failure;
pub(crate) mod name;
mod place;
mod region;
mod store;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, SystemTime},
};

use object_store::{GetOptions, ObjectStore};
use tokio::{sync::OnceCell, time::timeout};

use self::{
    agent::{Agent, Desk},
    exchange::{Errand, Exchange, Seen},
    store::Blueprint,
};
pub(crate) use self::{buckets::Buckets, place::Place, region::Decision};
pub use self::{
    config::{Addressing, Config as BucketConfig},
    place::Provider,
};
use crate::{
    Answer, Config, SourcePath, Validators,
    error::{Error, Phase, Result},
};

/// A bucket of originals, as one worker uses it.
pub(crate) struct Bucket {
    place: Place,
    /// Without the part that says which bucket: for the log and for errors.
    identity: String,
    blueprint: Blueprint,
    /// Built when it is first needed, if its region has to be looked up.
    store: OnceCell<Arc<dyn ObjectStore>>,
    line: Rc<Line>,
    timeout: Duration,
    max_bytes: u64,
}

/// The connections of one worker to all buckets.
pub(crate) struct Line {
    agent: Agent,
    desk: Desk,
}

impl Line {
    /// Nothing is connected to yet. An error says what is wrong with the configuration.
    pub(crate) fn new(config: &Config) -> Result<Rc<Self>, String> {
        let (agent, desk) = Agent::new(Exchange::new(config)?);
        Ok(Rc::new(Self { agent, desk }))
    }
}

impl Bucket {
    /// An error says what is wrong with the configuration.
    pub(crate) fn open(
        place: Place,
        decision: Decision<'_>,
        config: &Config,
        line: Rc<Line>,
        max_bytes: u64,
    ) -> Result<Self, String> {
        let blueprint =
            Blueprint::new(&config.bucket, &place, decision, &line.agent, config.response_timeout)?;
        let store = if blueprint.lacks_region {
            OnceCell::new()
        } else {
            OnceCell::new_with(Some(blueprint.build(None).map_err(|error| error.to_string())?))
        };
        let identity = blueprint.identity.clone();
        Ok(Self { place, identity, blueprint, store, line, timeout: config.timeout, max_bytes })
    }

    /// What the log calls it.
    pub(crate) fn host(&self) -> &str {
        &self.identity
    }

    pub(crate) fn identity(&self, path: &SourcePath) -> String {
        format!("{}{}", self.identity, self.place.identity(path))
    }

    pub(crate) async fn fetch(&self, path: &SourcePath, known: Option<&Validators>) -> Result<Answer> {
        let limit = self.timeout;
        timeout(limit, self.ask(path, known)).await.unwrap_or_else(|_| {
            Err(Error::Timeout { host: self.identity.clone(), phase: Phase::Fetch, limit })
        })
    }

    async fn ask(&self, path: &SourcePath, known: Option<&Validators>) -> Result<Answer> {
        let original = self.identity(path);
        let Some(key) = self.place.key(path) else { return Err(Error::NotFound { original }) };
        // object_store panics where others complain
        if let Some(etag) = known.and_then(|known| known.etag.as_deref())
            && ::http::HeaderValue::from_str(etag).is_err()
        {
            return Err(self.broken(format!("the known entity tag {etag:?} is no header value")));
        }
        self.line.desk.open();
        let store = self.store.get_or_try_init(|| self.build()).await?;
        let errand = Errand::new(&original, self.max_bytes);
        let found = match store.get_opts(&key, options(known, &errand)).await {
            Ok(found) => found.bytes().await,
            Err(error) => Err(error),
        };
        let seen = errand.seen();
        match (found, seen, known) {
            (Ok(body), Some(seen), _) => Ok(answer(Some(body), seen.validators.clone(), seen)),
            (Err(object_store::Error::NotModified { .. }), Some(seen), Some(known)) => {
                Ok(answer(None, seen.validators.clone().or(known), seen))
            }
            (Err(error), ..) => Err(failure::of(&error, &self.identity, &original)),
            (Ok(_), None, _) => Err(self.broken("it answered without a response".to_owned())),
        }
    }

    /// The client of a bucket whose region is not known.
    async fn build(&self) -> Result<Arc<dyn ObjectStore>> {
        let region = region::look_up(&self.line.agent, region::S3, &self.place.name).await?;
        tracing::debug!(bucket = self.identity, region, "found the region of the bucket");
        self.blueprint.build(Some(region))
    }

    fn broken(&self, reason: String) -> Error {
        Error::Broken { host: self.identity.clone(), reason }
    }
}

fn answer(body: Option<bytes::Bytes>, validators: Validators, seen: Seen) -> Answer {
    let Seen { freshness, content_type, doubt, .. } = seen;
    Answer { body, validators, freshness, content_type, doubt }
}

/// What is asked besides the key.
fn options(known: Option<&Validators>, errand: &Errand) -> GetOptions {
    let mut options = GetOptions {
        if_none_match: known.and_then(|known| known.etag.clone()),
        if_modified_since: known
            .and_then(|known| known.last_modified.as_deref())
            .and_then(|date| httpdate::parse_http_date(date).ok())
            .map(SystemTime::into),
        ..GetOptions::default()
    };
    options.extensions.insert(errand.clone());
    options
}
