//! Where a served variant came from: the `X-Cache` header, the access log, the label `cache` of metrics.

use result_cache::Tier;

/// Where a served variant came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheStatus {
    /// This tier of the results cache had it, fresh.
    Hit(Tier),
    /// It was built for this request.
    Miss,
    /// It was built for another request at the same time, in this process or on another node.
    Coalesced,
    /// It is stale, and served because its origin is slow or failed, or while it is being refreshed.
    Stale,
}

impl CacheStatus {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Hit(Tier::Memory),
        Self::Hit(Tier::Disk),
        Self::Hit(Tier::Redis),
        Self::Miss,
        Self::Coalesced,
        Self::Stale,
    ];

    /// The one with this name.
    pub fn of_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().as_bytes() == name)
    }

    /// Its name in `X-Cache`, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hit(Tier::Memory) => "hit-memory",
            Self::Hit(Tier::Disk) => "hit-disk",
            Self::Hit(Tier::Redis) => "hit-redis",
            Self::Miss => "miss",
            Self::Coalesced => "coalesced",
            Self::Stale => "stale",
        }
    }
}
