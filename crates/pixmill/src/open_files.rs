//! The limit of open files, which bounds connections too.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The current limit; none if there is no limit.
pub fn limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// Raises the limit as far as the system allows. Many systems start with 1024, for programs that use `select`, which this one
/// does not.
pub fn raise() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
}
