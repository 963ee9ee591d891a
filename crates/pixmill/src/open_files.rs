//! How many files and connections the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The limit that holds now; none: as many as there is memory for.
pub fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Takes as many as the system grants. Many systems begin with 1024, for the sake of programs that use `select`; this
/// one does not.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}
