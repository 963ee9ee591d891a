//! What a purge applies to.

/// What a purge removes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PurgeScope {
    /// All entries whose work began before the purge.
    Everything,
    /// Those that carry this tag. A tag contains no white space.
    Tag(String),
}
