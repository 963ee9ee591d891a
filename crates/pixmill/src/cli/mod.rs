//! The command line. `serve` runs the server; the other commands are tools that start no runtime.

mod bench;
mod check_config;
mod completions;
mod config;
mod config_file;
mod error;
mod examples;
mod explain;
mod health;
mod http_client;
mod libvips;
mod out;
mod params;
mod plan_capacity;
mod process;
mod query;
pub mod reference;
mod sign;
mod warm;

use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand};

pub use self::{
    config_file::ConfigFile,
    error::{Error, FAILED, USAGE},
};
use crate::config::{Config, Environment, Flags, Problems, load};

/// Resizes, crops and converts images on the fly.
#[derive(Debug, Parser)]
#[command(name = "pixmill", version = version(), after_help = examples::EXIT_CODES)]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves images over HTTP
    #[command(after_help = examples::SERVE)]
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
    /// Processes a picture, or several, without a server
    #[command(after_help = examples::PROCESS)]
    Process(process::Process),
    /// Warms the caches of a server by requesting a list of URLs, or the pictures of a sitemap
    #[command(after_help = examples::WARM)]
    Warm(warm::Warm),
    /// Describes what a URL or a query string does
    #[command(after_help = examples::EXPLAIN)]
    Explain(explain::Explain),
    /// Lists the parameters, or explains one
    #[command(after_help = examples::PARAMS)]
    Params(params::List),
    /// Signs a URL for a server that requires signed URLs
    #[command(after_help = examples::SIGN)]
    Sign(sign::Sign),
    /// Measures how many renders per second this machine does
    #[command(after_help = examples::BENCH)]
    Bench(bench::Bench),
    /// Computes nodes, cores, memory and Redis for a load, from the figures of `bench`
    #[command(after_help = examples::PLAN_CAPACITY)]
    PlanCapacity(plan_capacity::PlanCapacity),
    /// Checks the configuration; prints all problems and fails if there are any
    #[command(after_help = examples::CHECK_CONFIG)]
    CheckConfig(ConfigFile),
    /// Prints the effective configuration with secrets masked, or the default one
    #[command(after_help = examples::CONFIG)]
    Config(config::Print),
    /// Checks the health of a server; fails if it is unhealthy
    #[command(after_help = examples::HEALTH)]
    Health(health::Health),
    /// Prints a completion script for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(completions::Completions),
    /// Prints the manual page, or writes those of all commands to a folder
    #[command(after_help = examples::MANUAL)]
    Man(completions::Manual),
    /// Prints the `OpenAPI` document of the server, as `params --openapi` does
    #[command(hide = true)]
    Openapi,
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
        load(self.file.path.as_deref(), environment, &self.flags)
    }
}

impl Tool {
    /// Runs the command.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        match self {
            Self::Process(process) => process.run(environment),
            Self::Warm(warm) => warm.run(),
            Self::Explain(explain) => explain.run(environment),
            Self::Params(list) => list.run(environment),
            Self::Sign(sign) => sign.run(environment),
            Self::Bench(bench) => bench.run(environment),
            Self::PlanCapacity(plan) => plan.run(environment),
            Self::CheckConfig(file) => check_config::run(file, environment),
            Self::Config(print) => print.run(environment),
            Self::Health(health) => health.run(environment),
            Self::Completions(completions) => completions.run(),
            Self::Man(manual) => manual.run(),
            Self::Openapi => params::print_openapi(),
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

    /// The words of a command as a shell splits them, without redirections.
    fn words(line: &str) -> Vec<String> {
        let parts = line.split('\'').enumerate();
        let split = |(index, part): (usize, &str)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            _ => vec![part.to_owned()],
        };
        parts.flat_map(split).take_while(|word| !word.starts_with(['<', '>', '|'])).collect()
    }

    #[test]
    fn every_command_has_examples_that_parse() {
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<_> = help.lines().filter_map(|line| line.strip_prefix("  ")).collect();
            assert!(!examples.is_empty(), "{name} has no examples");
            for example in examples {
                let words = words(example);
                assert_eq!(words[..2], ["pixmill", name], "{example}");
                assert!(Cli::try_parse_from(&words).is_ok(), "{example}: {words:?}");
            }
        }
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
