//! The values that the core passes on: originals, variants, results of analyses. They hold data and decide nothing.
//!
//! A *variant* is an original rendered with the parameters of a request. It is described by four types with different
//! lifetimes:
//!
//! | type | what it is | lives |
//! |---|---|---|
//! | [`variant::VariantRequest`] | a request of one client | as long as the request |
//! | [`variant::VariantJob`] | a cache miss: the request with its keys, deadline and stale entry | as long as the build, which outlives its request |
//! | [`variant::BuiltVariant`] | the result of a build, given to all coalesced requests | until the last of them is served |
//! | [`variant::ServedVariant`] | what one request gets: an entry, and where it came from | as long as the response |

pub mod analysis;
pub mod cache_status;
pub mod original;
pub mod variant;
