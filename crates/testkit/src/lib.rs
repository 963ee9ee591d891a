//! Shared test support: sample images, image comparison, golden files, a misbehaving HTTP origin, Redis servers, slow
//! connections, full disks, and measurements for benchmarks.
//!
//! All functions panic with a clear message if a precondition of a test does not hold.
//!
//! ```
//! use testkit::{
//!     Picture,
//!     origin::{FakeOrigin, Fault, Reply},
//!     sample,
//! };
//!
//! // a sample image, decoded, and compared with itself
//! let logo = Picture::decode(&sample("pixmill-logo.png"));
//! assert_eq!(logo.difference(&logo).worst, 0);
//! // an origin on a free port of 127.0.0.1 that closes the connection after 100 bytes of each body
//! let origin = FakeOrigin::start(Reply::ok(&sample("china.jpg")).with_fault(Fault::Truncate(100)));
//! assert!(origin.url.starts_with("http://127.0.0.1:"));
//! assert_eq!(origin.request_count(), 0);
//! ```

mod delay_proxy;
pub mod golden;
mod measure;
pub mod origin;
mod picture;
mod redis;
mod samples;
mod small_disk;
mod video;

pub use self::redis::{RedisCluster, RedisSentinel, RedisServer};
pub use delay_proxy::DelayProxy;
pub use measure::{median, process_time};
pub use picture::{Difference, Picture};
pub use samples::{sample, samples};
pub use small_disk::SmallDisk;
pub use video::Video;
