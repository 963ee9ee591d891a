//! The `pixmill` binary: parses the command line, and runs the server or a command.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
#[cfg(feature = "jemalloc")]
use pixmill::telemetry::allocator::{self, AllocatorMemory};
use pixmill::{
    app,
    cli::{self, Cli, Command, Serve},
    config::{Environment, Problems},
    render, signals,
    telemetry::{
        LogExport, error_events,
        logs::{self, Colour},
    },
};

/// The allocator of all memory, including that of libvips and the codecs, since its functions replace those of C. How fast
/// unused memory is returned to the system is set at build time: `JEMALLOC_SYS_WITH_MALLOC_CONF` in `.cargo/config.toml`.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(exit_code(&error))
        }
    }
}

/// The exit codes that the help lists.
fn exit_code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref::<cli::Error>() {
        Some(error) => error.exit_code(),
        None if error.is::<Problems>() => cli::USAGE,
        None => cli::FAILED,
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    match &cli.command {
        Command::Serve(arguments) => return serve(arguments, &environment),
        Command::RenderWorker => return render::run_worker(),
        Command::Tool(tool) => tool.run(&environment)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The statistics of jemalloc. They are refreshed by a new epoch.
#[cfg(feature = "jemalloc")]
fn jemalloc_memory() -> Option<AllocatorMemory> {
    use tikv_jemalloc_ctl::{epoch, stats};

    epoch::advance().ok()?;
    Some(AllocatorMemory {
        allocated: stats::allocated::read().ok()?,
        active: stats::active::read().ok()?,
        resident: stats::resident::read().ok()?,
        mapped: stats::mapped::read().ok()?,
        retained: stats::retained::read().ok()?,
        metadata: stats::metadata::read().ok()?,
    })
}

fn serve(arguments: &Serve, environment: &Environment) -> anyhow::Result<ExitCode> {
    #[cfg(feature = "jemalloc")]
    allocator::install(jemalloc_memory);
    signals::ignore_hangup()?;
    let config = arguments.config(environment)?;
    // before what else handles panics, and passes them on to this
    logs::structure_panics(&config.logs);
    #[cfg(feature = "sentry")]
    pixmill::telemetry::sentry::start(&config.sentry)?;
    let export = LogExport::start(&config.telemetry)?;
    let colour = if environment.has_colour() { Colour::Allowed } else { Colour::Never };
    let is_strict = config.logs.is_strict();
    let access_log = logs::start_server(&config.logs, colour, export.as_ref())
        .map_err(anyhow::Error::from_boxed)
        .context("cannot start logging")?;
    let result = actix_web::rt::System::new().block_on(app::serve(config, || arguments.config(environment)));
    if let (true, Err(error)) = (is_strict, &result) {
        // the last line is structured too
        tracing::error!(error = format!("{error:#}"), "the server failed");
    }
    error_events::close();
    access_log.close();
    if let Some(export) = export {
        export.close();
    }
    match result {
        Err(_) if is_strict => Ok(ExitCode::from(cli::FAILED)),
        result => result.map(|()| ExitCode::SUCCESS),
    }
}
