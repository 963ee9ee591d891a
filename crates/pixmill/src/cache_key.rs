//! The keys of everything that is cached: results, originals, analysis results, jobs and quarantined originals.
//!
//! Each key is built from named fields ([`KeyBuilder`]): the names of types, fields and variants are no part of it. The
//! settings are taken apart field by field, so a new one does not compile until it is decided whether it changes results.

use image_api::{
    Accept, Params, Settings,
    params::output::format::Format,
    settings::{Animation, Codecs, Limits, Meta, Output, OverBudget, QualityAuto},
};
use result_cache::{Generation, Key, KeyBuilder};

use crate::{config::Vision, model::analysis::AnalysisKind};

/// Version of the cache keys. Raised when the same request gives other bytes, or when the meaning of cached entries changes: all
/// caches then start empty.
const SCHEMA: u32 = 4;

/// Hexadecimal digits of a key that make an entity tag or a purge tag: 128 bits.
const TAG_DIGITS: usize = 32;

/// Hexadecimal digits that tell a refined encoding from the first: 64 bits.
const REFINED_DIGITS: usize = 16;

/// Hexadecimal digits of a fingerprint of a node's configuration: 64 bits.
const FINGERPRINT_DIGITS: usize = 16;

/// Builds the keys that change with this release and its settings. Keys that do not are associated functions.
#[derive(Debug)]
pub struct CacheKeys {
    /// Fingerprint of this release and its settings.
    build: Key,
    /// `server.host` in descriptions (`meta=true`).
    host: String,
}

impl CacheKeys {
    /// The keys of a server of this release with these settings.
    pub fn new(settings: &Settings, vision: &Vision) -> Self {
        Self::of_release(env!("CARGO_PKG_VERSION"), &vips_ops::vips::version(), settings, vision)
    }

    fn of_release(release: &str, libvips: &str, settings: &Settings, vision: &Vision) -> Self {
        let Settings {
            limits,
            output,
            animation: Animation { over_budget },
            meta,
            codecs,
            quality_auto,
            // what is refined replaces the first result under its key
            refine: _,
        } = settings;
        let Vision { models: _, runtime: _, nsfw_threshold, min_confidence, queue: _ } = vision;
        let Meta { host } = meta;
        let build = key("build").field("release", release).field("libvips", libvips);
        let build = with_output(with_limits(build, limits), output);
        let build = with_quality_auto(with_codecs(build, codecs), quality_auto)
            .field("animation.over_budget", over_budget_name(*over_budget))
            .field("vision.nsfw_threshold", nsfw_threshold)
            .field("vision.min_confidence", min_confidence)
            .finish();
        Self { build, host: host.clone() }
    }

    /// The key of a result: parameters in canonical form, the original's identity, and what the client accepts where that
    /// matters.
    pub fn result(&self, params: &Params, accept: Accept, identity: &str) -> Key {
        let Accept { avif, webp } = if negotiates(params) { accept } else { NOTHING_ACCEPTED };
        // only descriptions name the server
        let host = if params.meta.is_some() { self.host.as_str() } else { "" };
        key("result")
            .field("build", &self.build)
            .field("params", &params.canonical())
            .field("identity", identity)
            .field("accept.avif", &avif)
            .field("accept.webp", &webp)
            .field("host", host)
            .finish()
    }

    /// The key of an analysis result of this version of an original.
    pub fn analysis(&self, question: AnalysisKind, identity: &str, version: &Key) -> Key {
        key("analysis")
            .field("build", &self.build)
            .field("question", question.name())
            .field("identity", identity)
            .field("version", version)
            .finish()
    }

    /// The fingerprint of this release, its settings and `policy`, what else changes results: 16 hexadecimal digits. Nodes
    /// that share a Redis compare it.
    pub fn fingerprint(&self, policy: &str) -> String {
        let fingerprint = key("fingerprint").field("build", &self.build).field("policy", policy).finish();
        format!("{fingerprint:.FINGERPRINT_DIGITS$}")
    }

    /// The key of an original.
    pub fn original(identity: &str) -> Key {
        key("original").field("identity", identity).finish()
    }

    /// The key under which this version of an original is quarantined.
    pub fn quarantine(identity: &str, version: &Key) -> Key {
        key("quarantine").field("identity", identity).field("version", version).finish()
    }

    /// The key of one state of an asynchronous job, or of its result.
    pub fn job(id: &str, state: &str) -> Key {
        key("job").field("id", id).field("state", state).finish()
    }

    /// The key on which requests for the cached `key` are coalesced. It changes with the last purge: a request that comes
    /// after a purge never joins work that began before it.
    pub fn coalescing(cached: &Key, last_purge: Generation) -> Key {
        key("coalescing").field("key", cached).field("last_purge", &last_purge).finish()
    }

    /// The key of the lease under which one of all nodes refines the result `cached`.
    pub fn refinement(cached: &Key) -> Key {
        key("refinement").field("key", cached).finish()
    }

    /// The purge tag of an original: all entries that were made of it carry this tag; 32 hexadecimal digits.
    ///
    /// It is the same under every schema: during a rolling restart, nodes of two releases purge each other's entries.
    pub fn purge_tag(identity: &str) -> String {
        format!("{:.TAG_DIGITS$}", Key::from_parts(&[identity.as_bytes()]))
    }
}

const NOTHING_ACCEPTED: Accept = Accept { avif: false, webp: false };

/// Whether the result depends on the client's `Accept` header.
pub fn negotiates(params: &Params) -> bool {
    params.format == Some(Format::Auto)
}

/// The strong entity tag, with its quotes, of a result that was made of this version of its original.
pub fn etag(result: &Key, version: &Key) -> String {
    let tag = key("etag").field("result", result).field("version", version).finish();
    format!("\"{tag:.TAG_DIGITS$}\"")
}

/// The entity tag of the refined encoding of a result with the entity tag `first`: that one, and a digest of the new bytes.
pub fn refined_etag(first: &str, bytes: &[u8]) -> String {
    let digest = key("refined").field("bytes", &Key::from_parts(&[bytes])).finish();
    format!("\"{}-{digest:.REFINED_DIGITS$}\"", first.trim_matches('"'))
}

/// Whether an entity tag is `first`, or that of a refined encoding of the same result.
pub fn is_same_version(etag: &str, first: &str) -> bool {
    let version = |tag: &str| tag.trim_matches('"').split('-').next().map(str::to_owned);
    version(etag) == version(first)
}

fn key(kind: &str) -> KeyBuilder {
    KeyBuilder::new(kind).field("schema", &SCHEMA)
}

fn with_limits(key: KeyBuilder, limits: &Limits) -> KeyBuilder {
    let Limits {
        max_pixels,
        max_output_pixels,
        max_avif_pixels,
        max_gif_pixels,
        max_side,
        max_frames,
        max_animation_pixels,
        max_svg_work,
        // these refuse requests and change no result
        max_layers: _,
        max_bytes: _,
        deadline: _,
    } = limits;
    key.field("limits.max_pixels", max_pixels)
        .field("limits.max_output_pixels", max_output_pixels)
        .field("limits.max_avif_pixels", max_avif_pixels)
        .field("limits.max_gif_pixels", max_gif_pixels)
        .field("limits.max_side", max_side)
        .field("limits.max_frames", max_frames)
        .field("limits.max_animation_pixels", max_animation_pixels)
        .field("limits.max_svg_work", max_svg_work)
}

fn with_output(key: KeyBuilder, output: &Output) -> KeyBuilder {
    let Output {
        avif,
        avif_max_pixels,
        avif_effort,
        webp_effort,
        png_compression,
        gif_effort,
        svg_passthrough,
        never_larger,
    } = output;
    key.field("output.avif", avif)
        .field("output.avif_max_pixels", avif_max_pixels)
        .field("output.avif_effort", avif_effort)
        .field("output.webp_effort", webp_effort)
        .field("output.png_compression", png_compression)
        .field("output.gif_effort", gif_effort)
        .field("output.svg_passthrough", svg_passthrough)
        .field("output.never_larger", never_larger)
}

/// Results of different decoders look the same, but differ in single bits.
fn with_codecs(key: KeyBuilder, codecs: &Codecs) -> KeyBuilder {
    let Codecs { libwebp, dav1d, png, libjpeg_turbo, fast_image_resize } = codecs;
    key.field("codecs.libwebp", libwebp)
        .field("codecs.dav1d", dav1d)
        .field("codecs.png", png)
        .field("codecs.libjpeg_turbo", libjpeg_turbo)
        .field("codecs.fast_image_resize", fast_image_resize)
}

fn with_quality_auto(key: KeyBuilder, settings: &QualityAuto) -> KeyBuilder {
    let QualityAuto { method, preset, attempts, min, max, ssim, mpe, smallfry, ssimulacra2 } = settings;
    key.field("quality_auto.method", method.name())
        .field("quality_auto.preset", preset.name())
        .field("quality_auto.attempts", attempts)
        .field("quality_auto.min", min)
        .field("quality_auto.max", max)
        .field("quality_auto.ssim", ssim)
        .field("quality_auto.mpe", mpe)
        .field("quality_auto.smallfry", smallfry)
        .field("quality_auto.ssimulacra2", ssimulacra2)
}

/// As in the configuration.
fn over_budget_name(over_budget: OverBudget) -> &'static str {
    match over_budget {
        OverBudget::FirstFrame => "first_frame",
        OverBudget::PassThrough => "pass_through",
        OverBudget::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Accept = Accept { avif: true, webp: true };

    /// The keys of a fictitious release, so that the pinned values do not depend on the version.
    fn keys(settings: &Settings) -> CacheKeys {
        CacheKeys::of_release("0.0.0", "8.0.0", settings, &Vision::default())
    }

    fn result(settings: &Settings, query: &str, accept: Accept, identity: &str) -> Key {
        keys(settings).result(&Params::parse(query).unwrap().params, accept, identity)
    }

    #[test]
    fn only_what_changes_a_result_changes_its_key() {
        let settings = Settings::default();
        let plain = result(&settings, "width=300", NOTHING_ACCEPTED, "a");
        assert_eq!(result(&settings, "w=300&utm_source=x", ALL, "a"), plain);
        assert_ne!(result(&settings, "width=301", NOTHING_ACCEPTED, "a"), plain);
        assert_ne!(result(&settings, "width=300", NOTHING_ACCEPTED, "b"), plain);
        let mut other = Settings::default();
        other.limits.deadline *= 2;
        assert_eq!(result(&other, "width=300", NOTHING_ACCEPTED, "a"), plain);
        other.output.webp_effort = 6;
        assert_ne!(result(&other, "width=300", NOTHING_ACCEPTED, "a"), plain);
        let mut named = Settings::default();
        named.meta.host = "one".to_owned();
        assert_eq!(result(&named, "width=300", NOTHING_ACCEPTED, "a"), plain);
        let meta = |settings| result(settings, "meta=1", NOTHING_ACCEPTED, "a");
        assert_ne!(meta(&named), meta(&settings));
        let auto = |accept| result(&settings, "format=auto", accept, "a");
        assert_ne!(auto(ALL), auto(NOTHING_ACCEPTED));
    }

    #[test]
    fn an_entity_tag_is_strong_and_names_result_and_version() {
        let [a, b] = [Key::from([1; Key::LEN]), Key::from([2; Key::LEN])];
        let tag = etag(&a, &b);
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert!(etag(&b, &b) != tag && etag(&a, &a) != tag);
    }

    #[test]
    fn the_tag_of_a_refined_encoding_is_strong_and_names_the_same_version() {
        let [a, b] = [Key::from([1; Key::LEN]), Key::from([2; Key::LEN])];
        let first = etag(&a, &b);
        let refined = refined_etag(&first, b"bytes");
        assert!(refined.starts_with('"') && refined.ends_with('"') && refined.len() == 51, "{refined}");
        assert!(refined != first && refined != refined_etag(&first, b"other bytes"));
        assert!(is_same_version(&refined, &first) && is_same_version(&first, &first));
        assert!(!is_same_version(&refined, &etag(&b, &b)));
    }

    /// A refactoring that changes one of these empties caches, loses jobs or makes nodes of one release disagree. If the
    /// change is wanted, raise [`SCHEMA`], say so in CHANGELOG.md and pin the new values.
    #[test]
    fn keys_are_pinned() {
        let settings = Settings::default();
        let keys = keys(&settings);
        let version = Key::from([7; Key::LEN]);
        let shown = [
            result(&settings, "w=300&crop=fit", ALL, "/a.jpg").to_string(),
            result(&settings, "format=auto", ALL, "/a.jpg").to_string(),
            result(&settings, "meta=true", ALL, "/a.jpg").to_string(),
            keys.analysis(AnalysisKind::Faces, "/a.jpg", &version).to_string(),
            CacheKeys::original("/a.jpg").to_string(),
            CacheKeys::quarantine("/a.jpg", &version).to_string(),
            CacheKeys::job("0123", "pending").to_string(),
            CacheKeys::coalescing(&version, Generation::ZERO).to_string(),
            CacheKeys::purge_tag("/a.jpg"),
            etag(&version, &version),
            keys.fingerprint("policy"),
        ];
        let pinned = [
            "9315c83fa99b87984b8d95b22bd0f7257ff8a29b31ece8c6731b9e35018d9ec2",
            "f848cd205916a0a5280ac3b586ad627d3607d4d73cb17ca48d084d276ea3a043",
            "5fb21581e2dc2f1a23058c8376cc64419a99d47c364659ee6b769cd5c0606b16",
            "21b6be34f83779e37572c8a599b07fced5ed6db437b4c5fd13007e60aedbedcd",
            "bbba04fe536e5147189ae72411e2eed638115b5b8118fee81e450064982640c6",
            "44ae73ecf97ea76f0e9c0f476e6b1c4520ed9bfecddeada6994b19819c9ada0f",
            "b6ffe4af9c40725c3e6170b25e824d0ef7e21a811525fb24c48a0d0feb3c4089",
            "772151cda6555ddc632bd0849b5eeb192ae2e94774a3a1569696e17264bf91a6",
            "f9f22223bbc4a9090321f87da64dec5e",
            "\"27cbb2e4c510ef156e198e2e10656714\"",
            "88d5803bc16bafc4",
        ];
        assert_eq!(shown[..], pinned);
    }
}
