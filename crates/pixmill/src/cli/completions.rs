//! `pixmill completions` and `pixmill man`: files for shells and for `man`, made from the definitions of the command line.

use std::{fs, path::PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Error, out};

/// Prints a completion script for a shell.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints the manual page, or writes those of all commands.
#[derive(Debug, Args)]
pub struct Manual {
    /// Folder to write the pages of all commands to [default: prints the main page]
    folder: Option<PathBuf>,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self) -> Result<(), Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "pixmill", &mut script);
        out::print(&String::from_utf8_lossy(&script))
    }
}

impl Manual {
    /// Prints the page, or writes the pages.
    pub fn run(&self) -> Result<(), Error> {
        let Some(folder) = &self.folder else {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Error::Output)?;
            return out::print(&String::from_utf8_lossy(&page));
        };
        fs::create_dir_all(folder).map_err(Error::file(folder))?;
        clap_mangen::generate_to(Cli::command(), folder).map_err(Error::file(folder))
    }
}
