//! Standard output of the commands.

use std::io::{self, ErrorKind, Write};

use super::Error;

/// Writes a text and a line feed. A closed pipe (`pixmill params | head`) is not an error.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}
