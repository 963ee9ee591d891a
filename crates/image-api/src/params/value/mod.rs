//! Grammars shared by parameters.

pub mod boolean;
pub mod colour;
pub mod keyword;
pub mod layer;
pub mod number;
pub mod position;
pub mod url;
