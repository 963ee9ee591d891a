//! The `pixmill` binary: reads the command line, and runs the server or one of the tools.

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

/// All memory, that of libvips and of the codecs included, since its functions bear the names of C's. How fast unused
/// memory goes back to the system is set where it is built: `JEMALLOC_SYS_WITH_MALLOC_CONF` in `.cargo/config.toml`.
#[cfg(not(feature = "system-allocator"))]
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
    logs::start(&config.logs).map_err(anyhow::Error::from_boxed).context("logs cannot be started")?;
    actix_web::rt::System::new().block_on(app::serve(config))
}
