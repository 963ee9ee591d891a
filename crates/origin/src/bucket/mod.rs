//! Originals from buckets: of S3 and compatible services, Google Cloud Storage, and Azure Blob Storage.
//!
//! `object_store` knows URLs, signatures and credential chains of the three; requests go out by the worker's own
//! connections ([`connector`]), with the limits and the checks that other origins have.

pub(crate) mod bucket_origin;
pub(crate) mod bucket_url;
pub(crate) mod config;
mod connector;
mod error;
pub(crate) mod name;
pub(crate) mod named_buckets;
mod region;
mod store_builder;
mod tcp;
mod transport;
