//! Tests of origins over real sockets and files.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bodies;
mod buckets;
mod conditional;
mod dynamic;
mod filesystem;
mod guard;
mod interim;
mod pooling;
mod redirects;
mod requests;
mod s3;
mod server;
mod status;
mod timeouts;
mod tls;
mod upstream;

use std::{collections::BTreeMap, net::TcpListener, sync::Arc, time::Duration};

use bytes::Bytes;
use origin::{Config, Error, Fetched, Hosts, ObjectRef, Original, Origins, SourcePath};

/// Far above the body size of any test, except those that test the limit.
const MAX_BYTES: u64 = 1 << 20;

/// A timeout that is meant to expire.
const SHORT: Duration = Duration::from_millis(60);

fn config(url: impl Into<String>) -> Config {
    Config { url: url.into().into(), ..Config::default() }
}

fn open(config: &Config) -> Origins {
    try_open(config, MAX_BYTES).unwrap()
}

fn try_open(config: &Config, max_bytes: u64) -> Result<Origins, Error> {
    Origins::open(config, &BTreeMap::new(), max_bytes, &Arc::new(Hosts::new(config)))
}

/// The original at this path of the default origin.
fn path(raw: &str) -> ObjectRef {
    SourcePath::parse(raw).unwrap().into()
}

async fn fetch(origin: &Origins, raw: &str) -> Result<Original, Error> {
    origin.fetch(&path(raw), None).await.map(|fetched| match fetched {
        Fetched::Modified(original) => original,
        Fetched::NotModified(unchanged) => panic!("nothing was known, yet it is not modified: {unchanged:?}"),
    })
}

async fn body(origin: &Origins, raw: &str) -> Bytes {
    fetch(origin, raw).await.unwrap().body
}

/// A listener that must not receive any connection.
struct Watched(TcpListener);

impl Watched {
    fn bind(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn authority(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }

    fn assert_unseen(&self) {
        let error = self.0.accept().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    }
}
