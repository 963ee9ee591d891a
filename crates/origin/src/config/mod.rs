//! The configuration of origins.

mod checks;
pub(crate) mod dynamic;
mod lists;
pub(crate) mod named_origins;
pub(crate) mod origin_config;
pub(crate) mod section;
