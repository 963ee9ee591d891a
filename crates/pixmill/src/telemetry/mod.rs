//! What the server tells of itself.

pub mod access;
pub mod logs;
