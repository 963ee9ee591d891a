//! Request coalescing: of all concurrent callers that need the same output, one builds it and the others wait for it. Within
//! this process the callers share one operation ([`local`]); among nodes the operation takes a lease ([`distributed`]).

pub mod distributed;
pub mod local;

use std::{rc::Rc, time::Instant};

use result_cache::{Cache, Coalescer, Coordinator, Key};

use self::{
    distributed::{Claim, Publication, claim},
    local::Role,
};
use crate::{error::Error, telemetry::current_request::RequestScope};

/// Work whose output is shared by all concurrent callers.
pub trait Work: 'static {
    /// What it builds.
    type Output: Clone + Send + Sync + 'static;

    /// The output if it is in the cache: another caller or another node may just have built it.
    async fn cached(&self) -> Option<Result<Self::Output, Error>>;

    /// Builds the output and puts it into the cache. After that `publication` tells other nodes, which wait for it; if it is
    /// dropped, one of them builds.
    async fn build(&self, publication: Publication) -> Result<Self::Output, Error>;
}

/// Coalesces work whose output is kept in one cache, in this process and, where the cache is shared, among nodes.
///
/// ```text
/// caller ─┐                        ┌─ cached, put there by another node ─┐
/// caller ─┼─► one local operation ─┤                                     ├─► all callers
/// caller ─┘                        └─ lease ─► build ─► cache ─► publish ─┘
/// ```
pub struct Coalescing<V> {
    operations: Coalescer<Output<V>, Error>,
    cache: Cache,
    coordinator: Coordinator,
}

/// The output of an operation, and whether it was built for the operation or found in the cache.
#[derive(Clone)]
struct Output<V> {
    value: V,
    is_built: bool,
}

impl<V: Clone + Send + Sync + 'static> Coalescing<V> {
    /// Coalesces by `operations`, which all workers of the process share.
    pub fn new(operations: &Operations<V>, cache: &Cache, coordinator: &Coordinator) -> Self {
        Self { operations: operations.0.clone(), cache: cache.clone(), coordinator: coordinator.clone() }
    }

    /// The output of `work`, and the caller's role: [`Role::Leader`] if the work was built for this call.
    ///
    /// The work runs in a task of its own: it goes on when this caller leaves, and is dropped when the last caller has left.
    /// Fails with [`Error::Deadline`] if there is no output by `deadline`.
    pub async fn run<W: Work<Output = V>>(
        &self,
        key: Key,
        deadline: Instant,
        work: &Rc<W>,
    ) -> Result<(V, Role), Error> {
        // a task that is spawned inherits no request
        let (scope, started) = (RequestScope::current(), Instant::now());
        let lead = || {
            let (work, cache, coordinator) = (Rc::clone(work), self.cache.clone(), self.coordinator.clone());
            scope.clone().scope(async move {
                match claim(&coordinator, &cache, key, async || work.cached().await).await {
                    Claim::Found(found) => Ok(Output { value: found?, is_built: false }),
                    Claim::Granted(publication) => {
                        Ok(Output { value: work.build(publication).await?, is_built: true })
                    }
                }
            })
        };
        let (output, role) = local::join(&self.operations, key, deadline, lead).await?;
        if let (Some(trace), Role::Follower) = (&scope.trace, role) {
            trace.record("coalesced", started, started.elapsed(), Vec::new());
        }
        Ok((output.value, if output.is_built { role } else { Role::Follower }))
    }
}

/// The operations in flight in this process; cloning shares them.
#[derive(Clone)]
pub struct Operations<V>(Coalescer<Output<V>, Error>);

impl<V: Clone + Send + Sync> Operations<V> {
    /// None yet. Nobody waits for an operation that is older than `max_age`.
    pub fn new(max_age: std::time::Duration) -> Self {
        Self(Coalescer::new(max_age))
    }

    /// The number of operations in flight.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight()
    }
}
