//! The configuration: defaults, overridden by a TOML file, the environment, and the command line.
//!
//! Each section is a plain struct with defaults, a doc comment per field (from which `docs/configuration.md` is generated) and
//! `problems()`; `root.rs` composes them. The environment of the process is read here and nowhere else.

mod admin;
mod client_hints;
mod cors;
mod environment;
mod errors;
mod file;
mod flags;
mod keys;
mod layer;
mod load;
mod params;
mod playground;
mod problems;
mod redacted;
pub mod reference;
mod renamed;
mod root;
mod sections;
mod sentry;
mod signing;
mod sizes;
mod telemetry;
mod template;
mod uploads;
mod value;
mod vision;

pub use config_types::{Problem, Secret, SecretUrl};

pub use self::{
    admin::Admin,
    client_hints::ClientHints,
    cors::{ANY, Cors},
    environment::Environment,
    errors::Errors,
    flags::Flags,
    load::load,
    params::{Params, SourceUrlQuery},
    playground::Playground,
    problems::Problems,
    root::Config,
    sections::{Isolation, Listen, Shares, Workers},
    sentry::Sentry,
    signing::Signing,
    sizes::{Length, OtherSizes},
    telemetry::{Otlp, OtlpProtocol, Telemetry},
    template::{effective, template},
    uploads::Uploads,
    vision::Vision,
};
