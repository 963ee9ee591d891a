//! Tests of the binary: command line, files, standard output and exit code.
#![expect(clippy::unwrap_used, reason = "tests")]

mod bench;
mod cloud;
mod config;
mod documents;
mod explain;
mod params;
mod plan_capacity;
mod playground;
mod process;
mod redis;
mod run;
#[path = "../../../origin/tests/it/s3.rs"]
#[expect(dead_code, reason = "counted by the tests that serve in their own process")]
mod s3;
mod serve;
mod sign;
mod warm;
