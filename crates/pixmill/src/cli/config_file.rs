//! The option that names the configuration file.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, Config, Environment, Flags, Problems};

/// The location of the configuration.
#[derive(Debug, Args)]
pub struct ConfigFile {
    /// Configuration file in TOML [default: the file in the environment variable `PIXMILL_CONFIG`, if set]
    #[arg(long = "config", value_name = "FILE")]
    pub(super) path: Option<PathBuf>,
}

impl ConfigFile {
    /// The configuration of the file and the environment.
    pub(super) fn load(&self, environment: &Environment) -> Result<Config, Problems> {
        config::load(self.path.as_deref(), environment, &Flags::default())
    }
}
