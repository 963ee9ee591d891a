//! `pixmill check-config`: whether the server would start with this configuration.

use super::{ConfigFile, Error, out};
use crate::config::Environment;

/// Tells `ok`, or fails with all problems.
pub fn run(file: &ConfigFile, environment: &Environment) -> Result<(), Error> {
    file.load(environment)?;
    out::print("ok")
}
