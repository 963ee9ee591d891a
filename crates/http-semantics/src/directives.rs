//! The syntax of `Cache-Control` and of the numbers in it (RFC 9111, sections 1.2.2 and 5.2).

use std::time::Duration;

/// The largest number of seconds that is told apart from a larger one (RFC 9111, section 1.2.2).
pub(crate) const MAX_DELTA_SECONDS: u64 = 1 << 31;

/// The directives of a response that this crate knows; others are ignored.
#[expect(clippy::struct_excessive_bools, reason = "each is a directive that is there or not")]
#[derive(Debug, Default)]
pub(crate) struct Directives {
    pub(crate) s_maxage: Option<Duration>,
    pub(crate) max_age: Option<Duration>,
    pub(crate) stale_while_revalidate: Option<Duration>,
    pub(crate) stale_if_error: Option<Duration>,
    pub(crate) must_revalidate: bool,
    pub(crate) proxy_revalidate: bool,
    pub(crate) no_store: bool,
    pub(crate) no_cache: bool,
    pub(crate) private: bool,
}

impl Directives {
    /// Parses the value of `Cache-Control`, its lines joined by commas.
    ///
    /// The first of a repeated directive counts. `no-cache` and `private` with field names count as if they had none:
    /// a cache that cannot treat single fields must do so (RFC 9111, sections 5.2.2.4 and 5.2.2.7).
    pub(crate) fn parse(cache_control: &str) -> Self {
        let mut directives = Self::default();
        for directive in split_outside_quotes(cache_control) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let seconds = || parse_seconds(value.trim().trim_matches('"'));
            match name.trim().to_ascii_lowercase().as_str() {
                "s-maxage" => set_first(&mut directives.s_maxage, seconds),
                "max-age" => set_first(&mut directives.max_age, seconds),
                "stale-while-revalidate" => set_first(&mut directives.stale_while_revalidate, seconds),
                "stale-if-error" => set_first(&mut directives.stale_if_error, seconds),
                "must-revalidate" => directives.must_revalidate = true,
                "proxy-revalidate" => directives.proxy_revalidate = true,
                "no-store" => directives.no_store = true,
                "no-cache" => directives.no_cache = true,
                "private" => directives.private = true,
                _ => {}
            }
        }
        directives
    }
}

/// A number of whole seconds; zero for anything else (RFC 9111, section 4.2.1: treat as stale).
pub(crate) fn parse_seconds(text: &str) -> Duration {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Duration::ZERO;
    }
    Duration::from_secs(text.parse().unwrap_or(MAX_DELTA_SECONDS).min(MAX_DELTA_SECONDS))
}

fn set_first(slot: &mut Option<Duration>, value: impl FnOnce() -> Duration) {
    slot.get_or_insert_with(value);
}

/// Splits at commas, except for those inside a quoted string.
fn split_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    text.split(move |c| {
        if escaped {
            escaped = false;
            return false;
        }
        match c {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    })
}
