//! An origin with configurable responses, which counts requests and can delay responses.

pub use testkit::origin::{FakeOrigin, Fault, Reply};
