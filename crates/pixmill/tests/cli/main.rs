//! Tests of the binary: command line, files, standard output and exit code.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bench;
mod browser;
mod cloud;
#[path = "../it/collector.rs"]
#[expect(dead_code, reason = "spans are received by the tests that serve in their own process")]
mod collector;
mod config;
mod demo;
mod documents;
mod explain;
mod otlp_logs;
mod params;
mod plan_capacity;
mod playground;
mod process;
mod redis;
mod run;
#[path = "../../../origin/tests/it/s3.rs"]
#[expect(dead_code, reason = "counted by the tests that serve in their own process")]
mod s3;
#[cfg(feature = "sentry")]
mod sentry;
mod serve;
mod sign;
mod warm;
