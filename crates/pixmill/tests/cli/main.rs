//! The built binary, from its command line to files, standard output and exit code.
#![expect(clippy::unwrap_used, reason = "tests")]

mod config;
mod explain;
mod params;
mod process;
mod run;
mod serve;
mod sign;
mod warm;
