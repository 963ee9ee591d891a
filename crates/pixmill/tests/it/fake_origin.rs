//! An origin that answers as it is told, counts what it is asked, and can hold its answers back.

pub use testkit::origin::{FakeOrigin, Fault, Reply};
