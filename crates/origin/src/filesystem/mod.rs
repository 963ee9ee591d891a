//! Originals from folders: regular files below them, and nothing else of this machine.

mod beneath;
mod file_read;
mod file_version;
pub(crate) mod folder_origin;
pub mod listing;
