//! The path of the workspace.

use std::path::{Path, PathBuf};

/// The folder of the workspace, independent of the working directory.
pub fn workspace() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("invariant: xtask lies in crates/xtask").to_path_buf()
}
