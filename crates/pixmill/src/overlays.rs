//! The pictures that a request lays over its original: fetched together, before the render, under the original's rules.
//!
//! One with parameters of its own is a request like any other, with its own place in the cache of answers. One that
//! the origin cannot give is left out, unless it is required; the answer is then kept no longer than an absence, so
//! that the overlay shows soon after it is there.

use std::{rc::Rc, sync::Arc, time::Duration};

use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, try_join_all},
};
use origin::{ObjectRef, SourcePath};
use result_cache::{CacheEntry, Coordinator, Key, Lifetimes, clock};
use vips_ops::{Accept, Assets, Params, overlay::Link, params::value::url::Url};

use crate::{
    cache_key::CacheKeys,
    error::Error,
    file_versions,
    originals::{self, Original, Storability},
    render::Class,
    service::{self, CacheStatus, VariantRequest},
    state::Worker,
};

/// The overlays of a request.
#[derive(Debug, Default)]
pub struct Overlays {
    /// Their bytes.
    pub assets: Assets,
    /// What was found for each of the links.
    found: Vec<Option<Original>>,
    /// The tags of all of them, of those that are missing too.
    tags: Vec<String>,
    /// The files that those that are missing would be.
    missing: Vec<(String, String)>,
}

/// Fails if a request names an overlay that may not be fetched, before anything is.
pub fn check(worker: &Worker, original: &ObjectRef, links: &[Link]) -> Result<(), Error> {
    links.iter().try_for_each(|link| place(worker, original, link).map(drop))
}

/// Where an overlay is, if it may be fetched. The one place where that is decided: overlays come from the origin of
/// their picture, or from a host that requests may name.
fn place(worker: &Worker, original: &ObjectRef, link: &Link) -> Result<ObjectRef, Error> {
    match &link.url {
        Url::Relative { path, .. } => Ok(original.beside(SourcePath::parse(path)?)),
        Url::Absolute(url) => Ok(worker.origins.locate_url(url, link.parameter)?),
    }
}

/// Fetches what the links name, all at the same time.
pub async fn obtain(
    worker: &Rc<Worker>,
    original: &ObjectRef,
    links: &[Link],
    class: Class,
) -> Result<Overlays, Error> {
    let found = try_join_all(links.iter().map(|link| one(worker, original, link, class))).await?;
    let tag = |link| Ok(CacheKeys::purge_tag(&worker.origins.identity(&place(worker, original, link)?)));
    let tags = links.iter().map(tag).collect::<Result<_, Error>>()?;
    let mut assets = Assets::default();
    for (link, found) in links.iter().zip(&found) {
        if let Some(found) = found {
            assets.insert(link.url.clone(), found.entry.body.clone());
        }
    }
    let missing = links.iter().zip(&found).filter(|(_, found)| found.is_none());
    let missing = missing.map(|(link, _)| Ok(file_versions::absent(worker, &place(worker, original, link)?)));
    let missing = missing.collect::<Result<Vec<_>, Error>>()?.into_iter().flatten().collect();
    Ok(Overlays { assets, found, tags, missing })
}

/// Nothing: it cannot be had, and may be left out.
async fn one(
    worker: &Rc<Worker>,
    original: &ObjectRef,
    link: &Link,
    class: Class,
) -> Result<Option<Original>, Error> {
    match fetch(worker, original, link, class).await {
        Ok(original) => Ok(Some(original)),
        Err(error) if !error.is_of_the_original() => Err(error),
        Err(error) if !link.required => {
            tracing::warn!(error = %error, "an overlay is left out");
            Ok(None)
        }
        Err(absent @ Error::Absent { .. }) => Err(absent),
        Err(error) => Err(vips_ops::Error::Overlay(error.to_string()).into()),
    }
}

async fn fetch(
    worker: &Rc<Worker>,
    original: &ObjectRef,
    link: &Link,
    class: Class,
) -> Result<Original, Error> {
    let target = Rc::new(place(worker, original, link)?);
    if link.params.is_empty() {
        return originals::obtain(worker, &target).await;
    }
    answer(Rc::clone(worker), target, link.params.clone(), class).await
}

/// An overlay that is made. Its own overlays come this way again, so the future's type has to end here.
fn answer(
    worker: Rc<Worker>,
    target: Rc<ObjectRef>,
    params: Params,
    class: Class,
) -> LocalBoxFuture<'static, Result<Original, Error>> {
    async move {
        let request = VariantRequest { target, params, accept: Accept::default(), class };
        let answer = service::answer(&worker, request).await?;
        let storability =
            if answer.cache_status == CacheStatus::Stale { Storability::Stale } else { answer.storability };
        let mut entry = answer.entry;
        if entry.meta.last_modified.is_some() {
            // its tag says which version it is; the date may change where it does not
            Arc::make_mut(&mut entry).meta.last_modified = None;
        }
        Ok(Original { entry, storability })
    }
    .boxed_local()
}

impl Overlays {
    /// What tells this version of the original with these overlays from others.
    pub fn version(&self, original: &Original) -> Key {
        if self.found.is_empty() {
            return original.version();
        }
        let own = [Some(original.version())].into_iter();
        let versions: Vec<_> =
            own.chain(self.found.iter().map(|found| found.as_ref().map(Original::version))).collect();
        let parts = versions.iter().map(|version| version.as_ref().map_or(&[][..], |key| key.as_bytes()));
        Key::from_parts(&parts.collect::<Vec<_>>())
    }

    /// Whether none of them has been purged since it was fetched.
    pub fn are_allowed(&self, peers: &Coordinator) -> bool {
        self.found.iter().flatten().all(|overlay| peers.allows(&overlay.entry.meta))
    }

    /// The original, which may be kept no longer than any of its overlays, nor than one is missing.
    pub fn limit(&self, original: Original, negative_ttl: Duration) -> Original {
        if self.found.is_empty() {
            return original;
        }
        let mut original = self.found.iter().flatten().fold(original, |all, overlay| shorter(&all, overlay));
        let meta = &mut Arc::make_mut(&mut original.entry).meta;
        add(&mut meta.tags, &self.tags);
        add(&mut meta.files, &self.missing);
        if self.found.iter().any(Option::is_none) { briefly(&original, negative_ttl) } else { original }
    }
}

/// The original of an answer that lacks an overlay: it may be kept no longer than an absence.
pub fn briefly(original: &Original, negative_ttl: Duration) -> Original {
    let fresh_for = original.entry.age(clock::now()).saturating_add(negative_ttl);
    with(original, original.entry.meta.lifetimes.briefly(fresh_for), original.storability)
}

/// The original as long as both may be kept.
fn shorter(original: &Original, overlay: &Original) -> Original {
    let (own, other) = (&original.entry.meta, &overlay.entry.meta);
    let [later, earlier] = [(other, own), (own, other)]
        .map(|(later, earlier)| Duration::from_millis(later.stored_at.saturating_sub(earlier.stored_at)));
    let lifetimes = own.lifetimes.combined(other.lifetimes, later, earlier);
    let storability = match (original.storability, overlay.storability) {
        (Storability::NotStorable, _) | (_, Storability::NotStorable) => Storability::NotStorable,
        (Storability::Stale, _) | (_, Storability::Stale) => Storability::Stale,
        (Storability::Storable, Storability::Storable) => Storability::Storable,
    };
    let mut both = with(original, lifetimes, storability);
    let meta = &mut Arc::make_mut(&mut both.entry).meta;
    add(&mut meta.tags, &other.tags);
    add(&mut meta.files, &other.files);
    both
}

fn add<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}

fn with(original: &Original, lifetimes: Lifetimes, storability: Storability) -> Original {
    let mut entry = CacheEntry::clone(&original.entry);
    entry.meta.lifetimes = lifetimes;
    // its own date says nothing of its overlays
    entry.meta.last_modified = None;
    Original { entry: Arc::new(entry), storability }
}
