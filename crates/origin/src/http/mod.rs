//! Originals over HTTP: connections, requests, redirects and responses.

pub(crate) mod authority;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod client_pool;
pub(crate) mod connector;
pub(crate) mod content_coding;
pub(crate) mod counted_stream;
pub(crate) mod error;
pub(crate) mod exchange;
pub(crate) mod fetcher;
pub(crate) mod hop;
mod interim_filter;
pub(crate) mod redirect;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod tls;
mod unframed;
