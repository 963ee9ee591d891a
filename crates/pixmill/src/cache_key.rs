//! The names of things in the caches.

use result_cache::{Generation, Key};
use vips_ops::{Accept, Params, Settings, params::output::format::Format};

use crate::sight::Question;

/// Bumped when the same request is to give other bytes, or when an envelope means something else.
const SCHEMA: &str = "2";

/// How many digits of a key make an entity tag: 128 bits.
const TAG_DIGITS: usize = 32;

/// Makes keys that change with everything that changes an answer.
#[derive(Debug)]
pub struct CacheKeys {
    /// Stands for this release and its settings.
    build: Key,
    /// What descriptions say of this server.
    host: String,
}

impl CacheKeys {
    /// Keys of a server with these settings.
    pub fn new(settings: &Settings) -> Self {
        let Settings { limits, output, animation, meta, quality_auto } = settings;
        // how long a request may take changes no picture
        let limits = [
            limits.max_pixels,
            limits.max_output_pixels,
            limits.max_avif_pixels,
            limits.max_gif_pixels,
            limits.max_svg_work,
            limits.max_side.into(),
            limits.max_frames.into(),
            limits.max_animation_pixels,
        ];
        let parts = [
            SCHEMA.to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
            vips_ops::vips::version(),
            format!("{limits:?}{output:?}{animation:?}{quality_auto:?}"),
        ];
        Self { build: Key::from_parts(&parts.each_ref().map(String::as_bytes)), host: meta.host.clone() }
    }

    /// The key of an answer.
    pub fn result(&self, params: &Params, accept: Accept, identity: &str) -> Key {
        let negotiated = if negotiates(params) { [accept.avif, accept.webp] } else { [false; 2] };
        let canonical = params.canonical();
        // pictures are the same on every server
        let host = if params.meta.is_some() { self.host.as_str() } else { "" };
        let parts: [&[u8]; 5] = [
            self.build.as_bytes(),
            canonical.as_bytes(),
            identity.as_bytes(),
            &negotiated.map(u8::from),
            host.as_bytes(),
        ];
        Key::from_parts(&parts)
    }

    /// Keys that change with something else too.
    pub fn with(self, what: &str) -> Self {
        Self { build: Key::from_parts(&[self.build.as_bytes(), what.as_bytes()]), ..self }
    }

    /// The key of something that was found out by looking at this version of an original.
    pub fn analysis(&self, question: Question, identity: &str, version: &Key) -> Key {
        let question = format!("{question:?}");
        let parts: [&[u8]; 5] =
            [self.build.as_bytes(), b"fact", question.as_bytes(), identity.as_bytes(), version.as_bytes()];
        Key::from_parts(&parts)
    }

    /// Stands for these keys and for what else changes answers; 16 digits.
    pub fn fingerprint(&self, policy: &str) -> String {
        format!("{:.16}", Key::from_parts(&[self.build.as_bytes(), policy.as_bytes()]))
    }

    /// The key of an original.
    pub fn original(identity: &str) -> Key {
        Key::from_parts(&[SCHEMA.as_bytes(), b"original", identity.as_bytes()])
    }

    /// The key under which this version of an original is quarantined.
    pub fn quarantine(identity: &str, version: &Key) -> Key {
        Key::from_parts(&[SCHEMA.as_bytes(), b"quarantine", identity.as_bytes(), version.as_bytes()])
    }

    /// The key of what is known of a job that goes on after its request, at one point of its life.
    pub fn job(id: &str, point: &str) -> Key {
        Key::from_parts(&[SCHEMA.as_bytes(), b"job", id.as_bytes(), point.as_bytes()])
    }

    /// The key by which those who want the same join: who comes after a purge does not join who came before it.
    pub fn coalescing(key: &Key, purged: Generation) -> Key {
        Key::from_parts(&[key.as_bytes(), &purged.to_bytes()])
    }

    /// The name by which all answers made of one original can be found.
    pub fn purge_tag(identity: &str) -> String {
        format!("{:.TAG_DIGITS$}", Key::from_parts(&[identity.as_bytes()]))
    }
}

/// Whether the answer depends on what the client can show.
pub fn negotiates(params: &Params) -> bool {
    params.format == Some(Format::Auto)
}

/// The strong entity tag of an answer that was made of this version of its original.
pub fn etag(result: &Key, version: &Key) -> String {
    format!("\"{:.TAG_DIGITS$}\"", Key::from_parts(&[result.as_bytes(), version.as_bytes()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Accept = Accept { avif: true, webp: true };
    const NONE: Accept = Accept { avif: false, webp: false };

    fn key(settings: &Settings, query: &str, accept: Accept, identity: &str) -> Key {
        CacheKeys::new(settings).result(&Params::parse(query).unwrap().params, accept, identity)
    }

    #[test]
    fn only_what_matters_changes_a_key() {
        let settings = Settings::default();
        let plain = key(&settings, "width=300", NONE, "a");
        assert_eq!(key(&settings, "w=300&utm_source=x", ALL, "a"), plain);
        assert_ne!(key(&settings, "width=301", NONE, "a"), plain);
        assert_ne!(key(&settings, "width=300", NONE, "b"), plain);
        let mut other = Settings::default();
        other.limits.deadline *= 2;
        assert_eq!(key(&other, "width=300", NONE, "a"), plain);
        other.output.webp_effort = 6;
        assert_ne!(key(&other, "width=300", NONE, "a"), plain);
        let mut named = Settings::default();
        named.meta.host = "one".to_owned();
        assert_eq!(key(&named, "width=300", NONE, "a"), plain);
        assert_ne!(key(&named, "meta=1", NONE, "a"), key(&settings, "meta=1", NONE, "a"));
        assert_ne!(key(&settings, "format=auto", ALL, "a"), key(&settings, "format=auto", NONE, "a"));
    }

    #[test]
    fn a_tag_is_strong_and_names_result_and_version() {
        let [a, b] = [Key::from_parts(&[b"a"]), Key::from_parts(&[b"b"])];
        let tag = etag(&a, &b);
        assert!(tag.len() == 34 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        assert!(etag(&b, &b) != tag && etag(&a, &a) != tag);
    }
}
