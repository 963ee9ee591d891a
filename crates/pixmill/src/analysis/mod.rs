//! Analyses of originals (faces, nudity, labels): the models, and their cached results.

pub mod analyzer;
pub mod cached;
