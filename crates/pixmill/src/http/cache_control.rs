//! The `Cache-Control` header of responses.

use std::time::Duration;

use http_semantics::NO_STORE;
use result_cache::EntryMeta;

use crate::model::original::Storability;

/// The value of `Cache-Control` for a picture: that of its lifetimes, or `no-store` for what must not be stored.
pub fn cache_control(meta: &EntryMeta, storability: Storability) -> String {
    match storability {
        Storability::NotStorable => NO_STORE.to_owned(),
        Storability::Storable | Storability::Stale => meta.lifetimes.cache_control(),
    }
}

/// The metadata with a freshness lifetime that ends at most `max_age` from now, for a response of age `age`.
pub fn shortened(meta: &EntryMeta, age: Duration, max_age: Duration) -> EntryMeta {
    // as clients see both: whole seconds, rounded down
    let lifetime = Duration::from_secs(age.as_secs()) + Duration::from_secs(max_age.as_secs());
    EntryMeta { lifetimes: meta.lifetimes.ending(lifetime), ..meta.clone() }
}

#[cfg(test)]
mod tests {
    use result_cache::Lifetimes;

    use super::*;

    fn meta(fresh: u64, revalidate: u64, error: u64) -> EntryMeta {
        let lifetimes = Lifetimes {
            fresh_for: Duration::from_secs(fresh),
            stale_while_revalidate: Duration::from_secs(revalidate),
            stale_if_error: Duration::from_secs(error),
            ..Lifetimes::default()
        };
        EntryMeta { lifetimes, ..EntryMeta::default() }
    }

    #[test]
    fn lifetimes_are_passed_on() {
        let all = "public, max-age=60, stale-while-revalidate=5, stale-if-error=9";
        assert_eq!(cache_control(&meta(60, 5, 9), Storability::Storable), all);
        assert_eq!(cache_control(&meta(60, 5, 9), Storability::Stale), all);
        assert_eq!(
            cache_control(&meta(0, 0, 9), Storability::Storable),
            "public, max-age=0, stale-if-error=9"
        );
        assert_eq!(cache_control(&meta(60, 5, 9), Storability::NotStorable), "no-store");
    }

    #[test]
    fn lifetimes_are_shortened() {
        for (age, left, expected) in [
            (0, 30, "public, max-age=30"),
            (10, 30, "public, max-age=40"),
            (58, 5, "public, max-age=60, stale-while-revalidate=3, stale-if-error=3"),
            (0, 500, "public, max-age=60, stale-while-revalidate=5, stale-if-error=9"),
            (0, 0, "public, max-age=0"),
        ] {
            let meta = shortened(&meta(60, 5, 9), Duration::from_secs(age), Duration::from_secs(left));
            assert_eq!(cache_control(&meta, Storability::Storable), expected, "{age} {left}");
        }
    }
}
