//! Overlays: pictures that are composited onto the original. They are fetched together, before the render.
//!
//! An overlay with parameters of its own is a variant like any other, with its own entry in the results cache. If the origin
//! cannot provide an overlay, it is omitted unless it is required; the variant is then cached no longer than an absence, so that
//! the overlay shows soon after it exists.

use std::{rc::Rc, sync::Arc, time::Duration};

use futures_util::future::{LocalBoxFuture, try_join_all};
use image_api::{Accept, params::value::url::Url};
use origin::{ObjectRef, Origins, SourcePath};
use result_cache::{CacheEntry, Coordinator, Key, Lifetimes, clock};
use vips_ops::{Assets, overlay::Link};

use crate::{
    cache_key::CacheKeys,
    error::Error,
    file_versions::absent_file,
    model::{
        cache_status::CacheStatus,
        original::{Original, Storability},
        variant::{ServedVariant, VariantRequest},
    },
    originals::Originals,
    render::Class,
};

/// Serves variants. This trait ends the recursion of types: overlays are variants, which may have overlays.
pub trait ServeVariant {
    /// The variant, from the cache or built.
    fn serve_variant(&self, request: VariantRequest) -> LocalBoxFuture<'_, Result<ServedVariant, Error>>;
}

/// Finds and fetches overlays, for one worker.
pub struct Overlays {
    /// The origins' names of originals, and which hosts requests may name.
    pub names: Rc<Origins>,
    /// The originals.
    pub originals: Rc<Originals>,
}

/// The overlays of a request, fetched.
#[derive(Debug, Default)]
pub struct FetchedOverlays {
    /// Their bytes.
    pub assets: Assets,
    /// The original of each link; none for omitted overlays.
    originals: Vec<Option<Original>>,
    /// The purge tags of all of them, omitted ones included.
    tags: Vec<String>,
    /// The files of omitted overlays, if they existed.
    missing_files: Vec<(String, String)>,
}

/// The request whose overlays are fetched.
#[derive(Clone, Copy)]
pub struct OverlayContext<'a> {
    /// Its original: relative links are relative to that.
    pub target: &'a ObjectRef,
    /// Its class: overlays are rendered in the same.
    pub class: Class,
    /// Serves overlays with parameters of their own.
    pub variants: &'a dyn ServeVariant,
}

impl Overlays {
    /// Fails if a link names an overlay that may not be fetched. Call it before anything is fetched.
    pub fn check(&self, target: &ObjectRef, links: &[Link]) -> Result<(), Error> {
        links.iter().try_for_each(|link| self.locate(target, link).map(drop))
    }

    /// Fetches what the links name, all at the same time.
    ///
    /// Fails if a required overlay is not available, and with errors that are not about the overlay, such as an overload.
    pub async fn fetch(&self, context: OverlayContext<'_>, links: &[Link]) -> Result<FetchedOverlays, Error> {
        let mut fetched = FetchedOverlays {
            originals: try_join_all(links.iter().map(|link| self.one(context, link))).await?,
            ..FetchedOverlays::default()
        };
        for (link, original) in links.iter().zip(&fetched.originals) {
            let target = self.locate(context.target, link)?;
            fetched.tags.push(CacheKeys::purge_tag(&self.names.identity(&target)));
            match original {
                Some(original) => fetched.assets.insert(link.url.clone(), original.entry.body.clone()),
                None => fetched.missing_files.extend(absent_file(&self.names, &target)),
            }
        }
        Ok(fetched)
    }

    /// The location of an overlay, if it may be fetched; this is decided only here. Overlays come from the origin of their
    /// picture, or from a host that requests may name.
    fn locate(&self, target: &ObjectRef, link: &Link) -> Result<ObjectRef, Error> {
        match &link.url {
            Url::Relative { path, .. } => Ok(target.beside(SourcePath::parse(path)?)),
            Url::Absolute(url) => Ok(self.names.locate_url(url, link.parameter)?),
        }
    }

    /// One overlay; none if it is not available and may be omitted.
    async fn one(&self, context: OverlayContext<'_>, link: &Link) -> Result<Option<Original>, Error> {
        match self.fetch_one(context, link).await {
            Ok(original) => Ok(Some(original)),
            Err(error) if !error.is_of_the_original() => Err(error),
            Err(error) if !link.required => {
                tracing::warn!(%error, "omitting an unavailable overlay");
                Ok(None)
            }
            Err(absent @ Error::Absent { .. }) => Err(absent),
            Err(error) => Err(vips_ops::Error::Overlay(error.to_string()).into()),
        }
    }

    async fn fetch_one(&self, context: OverlayContext<'_>, link: &Link) -> Result<Original, Error> {
        let target = Rc::new(self.locate(context.target, link)?);
        if link.params.is_empty() {
            return self.originals.get(&target).await;
        }
        let (params, accept, class) = (link.params.clone(), Accept::default(), context.class);
        let served = context.variants.serve_variant(VariantRequest { target, params, accept, class }).await?;
        let is_stale = served.cache_status == CacheStatus::Stale;
        let storability = if is_stale { Storability::Stale } else { served.storability };
        let mut entry = served.entry;
        if entry.meta.last_modified.is_some() {
            // the entity tag identifies the version; the date may change while the bytes do not
            Arc::make_mut(&mut entry).meta.last_modified = None;
        }
        Ok(Original { entry, storability })
    }
}

impl FetchedOverlays {
    /// A key that differs between versions of the original with these overlays.
    pub fn version(&self, original: &Original) -> Key {
        if self.originals.is_empty() {
            return original.version();
        }
        let own = [Some(original.version())].into_iter();
        let versions: Vec<_> =
            own.chain(self.originals.iter().map(|overlay| overlay.as_ref().map(Original::version))).collect();
        let parts = versions.iter().map(|version| version.as_ref().map_or(&[][..], |key| key.as_bytes()));
        Key::from_parts(&parts.collect::<Vec<_>>())
    }

    /// Whether none of them was purged since it was fetched.
    pub fn are_allowed(&self, coordinator: &Coordinator) -> bool {
        self.originals.iter().flatten().all(|overlay| coordinator.allows(&overlay.entry.meta))
    }

    /// The original with the lifetimes and purge tags of a variant that is built from it and the overlays: it is fresh no longer
    /// than any of them, and no longer than `negative_ttl` if one is omitted.
    pub fn limit(&self, original: Original, negative_ttl: Duration) -> Original {
        if self.originals.is_empty() {
            return original;
        }
        let mut original = self.originals.iter().flatten().fold(original, |all, overlay| both(&all, overlay));
        let meta = &mut Arc::make_mut(&mut original.entry).meta;
        extend(&mut meta.tags, &self.tags);
        extend(&mut meta.files, &self.missing_files);
        if self.originals.iter().any(Option::is_none) { briefly(&original, negative_ttl) } else { original }
    }
}

/// The original of a variant that lacks an overlay: it is fresh for at most `negative_ttl` from now.
pub fn briefly(original: &Original, negative_ttl: Duration) -> Original {
    let fresh_for = original.entry.age(clock::now()).saturating_add(negative_ttl);
    with_lifetimes(original, original.entry.meta.lifetimes.briefly(fresh_for), original.storability)
}

/// The original, stored and fresh only as far as both it and the overlay may be.
fn both(original: &Original, overlay: &Original) -> Original {
    let (own, other) = (&original.entry.meta, &overlay.entry.meta);
    let [later, earlier] = [(other, own), (own, other)]
        .map(|(later, earlier)| Duration::from_millis(later.stored_at.saturating_sub(earlier.stored_at)));
    let lifetimes = own.lifetimes.combined(other.lifetimes, later, earlier);
    let mut both = with_lifetimes(original, lifetimes, original.storability.and(overlay.storability));
    let meta = &mut Arc::make_mut(&mut both.entry).meta;
    extend(&mut meta.tags, &other.tags);
    extend(&mut meta.files, &other.files);
    both
}

fn extend<T: Clone + PartialEq>(all: &mut Vec<T>, more: &[T]) {
    for one in more {
        if !all.contains(one) {
            all.push(one.clone());
        }
    }
}

fn with_lifetimes(original: &Original, lifetimes: Lifetimes, storability: Storability) -> Original {
    let mut entry = CacheEntry::clone(&original.entry);
    entry.meta.lifetimes = lifetimes;
    // the date of the original says nothing of the overlays
    entry.meta.last_modified = None;
    Original { entry: Arc::new(entry), storability }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use origin::ObjectRef;
    use result_cache::PurgeScope;

    use super::*;
    use crate::testing::Core;

    #[actix_web::test]
    async fn an_overlay_with_parameters_is_a_variant_of_its_own() {
        let core = Core::new().await;
        for (query, renders) in [("width=20", 2), ("width=10", 3)] {
            let request = core.request(&format!("{query}&mark=/logo.png?width%3D5"));
            core.variants.serve(request).await.unwrap();
            assert_eq!((core.renderer.renders.load(Relaxed), core.origin.fetches.get()), (renders, 2));
        }
    }

    #[actix_web::test]
    async fn a_missing_overlay_is_omitted_for_a_short_time() {
        let core = Core::new().await;
        *core.origin.missing.borrow_mut() = Some(ObjectRef::clone(&core.target("/logo.png")));
        let served = core.variants.serve(core.request("width=20&mark=/logo.png")).await.unwrap();
        let fresh_for = served.entry.meta.lifetimes.fresh_for;
        assert!(fresh_for < Duration::from_mins(1), "{fresh_for:?}");
        let other = core.variants.serve(core.request("width=20")).await.unwrap();
        assert!(other.entry.meta.lifetimes.fresh_for > Duration::from_mins(50));
    }

    #[actix_web::test]
    async fn a_variant_is_purged_with_each_of_its_overlays() {
        let core = Core::new().await;
        let request = || core.request("width=20&mark=/logo.png");
        let served = core.variants.serve(request()).await.unwrap();
        let tag = CacheKeys::purge_tag(&core.names.identity(&core.target("/logo.png")));
        assert!(served.entry.meta.tags.contains(&tag) && served.entry.meta.tags.len() == 2);
        core.caches.coordinator.purge(PurgeScope::Tag(tag)).await.unwrap();
        let rebuilt = core.variants.serve(request()).await.unwrap();
        assert_eq!((rebuilt.cache_status, core.origin.fetches.get()), (CacheStatus::Miss, 3));
    }
}
