//! What a variant is built from, and the cache entry that is made of it.

use std::sync::Arc;

use bytes::Bytes;
use result_cache::{CacheEntry, EntryMeta, Refinement};
use vips_ops::source::{SourceFormat, sniff::sniff};

use crate::{
    cache_key::is_same_version,
    error::Error,
    model::{
        original::{FETCH_TIME, Original, Storability},
        variant::{BuiltVariant, VariantJob},
    },
    server_timing::ServerTiming,
};

/// `Content-Security-Policy` of SVGs that are served unmodified, since they may contain scripts: no script may run, and no resource
/// may be loaded.
const SVG_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// The header with the quality that `quality=auto` found.
pub const QUALITY: &str = "x-pixmill-quality";

/// The original of a variant, with the lifetimes of the variant.
pub struct Source {
    /// The original. Its lifetimes, tags and generation are those of the variant.
    pub original: Original,
    /// The variant's entity tag.
    pub etag: String,
}

/// Properties of the response if an original is served unmodified.
pub struct Passthrough {
    /// Its media type.
    pub media_type: &'static str,
    /// Further headers.
    pub headers: Vec<(String, String)>,
}

impl Source {
    /// The variant with these bytes, of this media type, with these headers beside those that follow from the original.
    pub fn variant(
        self,
        bytes: Bytes,
        content_type: &str,
        mut headers: Vec<(String, String)>,
        timing: ServerTiming,
    ) -> BuiltVariant {
        let Self { original: Original { entry, storability }, etag } = self;
        let CacheEntry { meta: source, body } = &*entry;
        headers.push(("x-original-filesize".to_owned(), body.len().to_string()));
        headers.extend(source.headers.iter().filter(|(name, _)| name == FETCH_TIME).cloned());
        let meta = EntryMeta {
            status: source.status,
            content_type: content_type.to_owned(),
            etag: Some(etag),
            last_modified: source.last_modified.clone(),
            stored_at: source.stored_at,
            lifetimes: source.lifetimes,
            tags: source.tags.clone(),
            generation: source.generation,
            headers,
            files: source.files.clone(),
            refinement: Refinement::Unsuitable,
        };
        let entry = Arc::new(CacheEntry { meta, body: bytes });
        BuiltVariant { entry, storability, timing }
    }

    /// The properties of the response if the original can be served unmodified; none if it has to be rendered, as SVGs without
    /// `svg_passthrough`. Fails if it is not a picture.
    pub fn passthrough(&self, svg_passthrough: bool) -> Result<Option<Passthrough>, Error> {
        let bytes = &self.original.entry.body;
        let format = sniff(bytes).ok_or_else(|| vips_ops::Error::unsupported(bytes))?;
        Ok(match format {
            SourceFormat::Svg if !svg_passthrough => None,
            SourceFormat::Svg => {
                let policy = ("content-security-policy".to_owned(), SVG_POLICY.to_owned());
                Some(Passthrough { media_type: format.media_type(), headers: vec![policy] })
            }
            _ => Some(Passthrough { media_type: format.media_type(), headers: Vec::new() }),
        })
    }

    /// The stale entry of the job, with the lifetimes of the original if that is not stale itself; none if the entry is of
    /// another version of the original.
    pub fn renewed(&self, job: &VariantJob) -> Option<Arc<CacheEntry>> {
        let Self { original, etag } = self;
        let is_version =
            |stale: &EntryMeta| stale.etag.as_ref().is_some_and(|tag| is_same_version(tag, etag));
        let stale = job.stale.as_ref().filter(|stale| is_version(&stale.meta))?;
        if original.storability == Storability::Stale {
            return Some(Arc::clone(stale));
        }
        let mut entry = CacheEntry::clone(stale);
        let source = &original.entry.meta;
        entry.meta.stored_at = source.stored_at;
        entry.meta.lifetimes = source.lifetimes;
        // a date cannot tell a refined encoding from the first one
        if entry.meta.etag.as_ref() == Some(etag) {
            entry.meta.last_modified.clone_from(&source.last_modified);
        }
        entry.meta.files.clone_from(&source.files);
        Some(Arc::new(entry))
    }
}
