//! Regenerates the golden images by the tests that compare with them.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::workspace::workspace;

/// Runs the golden tests in write mode; plan snapshots are accepted as well.
pub fn run(_arguments: &[String]) -> Result<()> {
    let status = Command::new("cargo")
        .args(["test", "--package", "vips-ops", "--test", "it", "--", "golden", "plans"])
        .env("PIXMILL_WRITE_GOLDEN", "1")
        .env("INSTA_UPDATE", "always")
        .current_dir(workspace())
        .status()?;
    ensure!(status.success(), "the golden tests failed, and not because of a changed image");
    Ok(())
}
