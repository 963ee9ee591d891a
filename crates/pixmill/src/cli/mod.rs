//! The command line. `serve` runs the server; the other commands are tools that start no runtime.

mod bench;
mod check_config;
mod config_file;
mod error;
mod explain;
mod health;
mod http_client;
mod libvips;
mod out;
mod params;
mod plan_capacity;
mod process;
mod query;
mod sign;
mod warm;

use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

pub use self::{
    config_file::ConfigFile,
    error::{Error, FAILED, USAGE},
};
use crate::config::{self, Config, Environment, Flags, Problems};

/// Resizes, crops and converts images on the fly.
#[derive(Debug, Parser)]
#[command(name = "pixmill", version = version())]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves images over HTTP
    Serve(Serve),
    /// Renders for a server, which starts this process; not for interactive use
    #[command(hide = true)]
    RenderWorker,
    /// Any other command.
    #[command(flatten)]
    Tool(Tool),
}

/// The commands that complete and exit.
#[derive(Debug, Subcommand)]
pub enum Tool {
    /// Processes a picture, or all pictures of a folder
    Process(process::Process),
    /// Warms the caches of a server by requesting a list of URLs
    Warm(warm::Warm),
    /// Describes what a URL or a query string does
    Explain(explain::Explain),
    /// Lists the parameters
    Params(params::List),
    /// Signs a URL for a server that requires signed URLs
    Sign(sign::Sign),
    /// Measures how many renders per second this machine does
    Bench(bench::Bench),
    /// Computes nodes, cores, memory and Redis for a load, from the figures of `bench`
    PlanCapacity(plan_capacity::PlanCapacity),
    /// Checks the configuration; prints all problems and fails if there are any
    CheckConfig(ConfigFile),
    /// Checks the health of a server; fails if it is unhealthy
    Health(health::Health),
}

/// Runs the server.
#[derive(Debug, Args)]
pub struct Serve {
    #[command(flatten)]
    file: ConfigFile,
    #[command(flatten)]
    flags: Flags,
}

impl Serve {
    /// The configuration of the server.
    pub fn config(&self, environment: &Environment) -> Result<Config, Problems> {
        config::load(self.file.path.as_deref(), environment, &self.flags)
    }
}

impl Tool {
    /// Runs the command.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        match self {
            Self::Process(process) => process.run(environment),
            Self::Warm(warm) => warm.run(),
            Self::Explain(explain) => explain.run(environment),
            Self::Params(list) => list.run(),
            Self::Sign(sign) => sign.run(environment),
            Self::Bench(bench) => bench.run(environment),
            Self::PlanCapacity(plan) => plan.run(environment),
            Self::CheckConfig(file) => check_config::run(file, environment),
            Self::Health(health) => health.run(environment),
        }
    }
}

/// The versions of this program and of the linked libvips.
fn version() -> &'static str {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| format!("{} (libvips {})", env!("CARGO_PKG_VERSION"), vips_ops::vips::version()));
    &VERSION
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_commands_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_takes_a_file_and_settings() {
        let arguments =
            ["pixmill", "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin", "."];
        let Command::Serve(serve) = Cli::try_parse_from(arguments).unwrap().command else {
            panic!("not serve")
        };
        let config = serve.config(&Environment::default()).unwrap();
        assert_eq!(config.listen.address.port(), 0);
        assert_eq!(&*config.origin.url, ".");
    }

    #[test]
    fn the_version_names_libvips() {
        let version = version();
        assert!(
            version.starts_with(env!("CARGO_PKG_VERSION")) && version.contains("(libvips 8."),
            "{version}"
        );
    }
}
