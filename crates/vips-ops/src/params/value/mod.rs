//! Grammars that parameters share.

pub mod boolean;
pub mod colour;
pub mod number;
