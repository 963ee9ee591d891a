//! `pixmill check-config`: checks whether the configuration is valid.

use super::{ConfigFile, Error, out};
use crate::config::Environment;

/// Prints `ok`, or fails with all problems.
pub fn run(file: &ConfigFile, environment: &Environment) -> Result<(), Error> {
    file.load(environment)?;
    out::print("ok")
}
