//! What the tests share: sample pictures, comparison of pictures, golden files, an origin that misbehaves on demand,
//! Redis servers, disks that are soon full, what benchmarks measure with.
//!
//! Everything here panics with a clear text when something is not as a test expects it.

pub mod golden;
mod measure;
pub mod origin;
mod picture;
mod redis;
mod samples;
mod slow_line;
mod small_disk;
mod video;

pub use self::redis::{RedisCluster, RedisSentinel, RedisServer};
pub use measure::{median, process_time};
pub use picture::{Difference, Picture};
pub use samples::{sample, samples};
pub use slow_line::SlowLine;
pub use small_disk::SmallDisk;
pub use video::Video;
