//! `pixmill config`: prints the configuration.

use clap::Args;

use super::{ConfigFile, Error, out};
use crate::config::{self, Environment};

/// Prints the effective configuration, or the default one.
#[derive(Debug, Args)]
pub struct Print {
    /// Prints the default configuration with a comment on each key, as a file to begin with
    #[arg(long, conflicts_with_all = ["json", "path"])]
    default: bool,
    /// Prints JSON, as `/config` of the admin listener does
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    file: ConfigFile,
}

impl Print {
    /// Prints the configuration, with secrets masked.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        if self.default {
            return out::print(&config::template());
        }
        let config = self.file.load(environment)?;
        let json = || format!("{:#}", config.redacted());
        out::print(&if self.json { json() } else { config::effective(&config) })
    }
}
