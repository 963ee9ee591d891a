//! The `pixmill` binary: parses the command line, and runs the server or a command.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use pixmill::{
    app,
    cli::{Cli, Command, Serve},
    config::Environment,
    render,
    telemetry::logs,
};

/// The allocator of all memory, including that of libvips and the codecs, since its functions replace those of C. How fast
/// unused memory is returned to the system is set at build time: `JEMALLOC_SYS_WITH_MALLOC_CONF` in `.cargo/config.toml`.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let environment = Environment::of_process();
    match &cli.command {
        Command::Serve(arguments) => serve(arguments, &environment),
        Command::RenderWorker => render::run_worker(),
        Command::Tool(tool) => Ok(tool.run(&environment)?),
    }
}

fn serve(arguments: &Serve, environment: &Environment) -> anyhow::Result<()> {
    let config = arguments.config(environment)?;
    let access_log = logs::start_server(&config.logs)
        .map_err(anyhow::Error::from_boxed)
        .context("cannot start logging")?;
    let result = actix_web::rt::System::new().block_on(app::serve(config, || arguments.config(environment)));
    access_log.close();
    result
}
