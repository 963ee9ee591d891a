//! Renders with quarantine: all computations of the core go through here.

use std::{sync::Arc, time::Instant};

use futures_util::{FutureExt, future::LocalBoxFuture};
use result_cache::Key;

use super::{Class, Done, Job, Order, Output, Renderer};
use crate::{error::Error, quarantine::Quarantine};

/// The interface between the core and the renderer. Tests replace it by a fake.
pub trait Render {
    /// The error with which a job of this class would be refused now, whatever it is.
    fn would_refuse(&self, class: Class) -> Option<Error>;

    /// Runs a job. Dropping the future takes it out of the queue, or stops it.
    fn run(&self, job: Job, order: Order) -> LocalBoxFuture<'_, Result<Done<Output>, Error>>;
}

impl Render for Renderer {
    fn would_refuse(&self, class: Class) -> Option<Error> {
        self.pool().would_refuse(class)
    }

    fn run(&self, job: Job, order: Order) -> LocalBoxFuture<'_, Result<Done<Output>, Error>> {
        Renderer::run(self, job, order).boxed_local()
    }
}

/// Runs jobs, and counts those that crash a worker or use up its time against their originals.
#[derive(Clone)]
pub struct GuardedRenderer {
    /// The renderer.
    pub renderer: Arc<dyn Render>,
    /// The quarantined originals.
    pub quarantine: Arc<Quarantine>,
}

/// The original of a job, and how long the job may take.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The origin's name of the original.
    pub identity: String,
    /// The key under which this version of the original is quarantined.
    pub quarantine_key: Key,
    /// When the job must have ended.
    pub deadline: Instant,
    /// Whether more jobs on the original are about to come.
    pub has_companions: bool,
}

impl GuardedRenderer {
    /// Runs a job on an original. Whether that is quarantined is for the caller to check, before it does other work on it.
    pub async fn run(&self, job: Job, class: Class, subject: &Subject) -> Result<Done<Output>, Error> {
        let Subject { identity, quarantine_key, deadline, has_companions } = subject.clone();
        let (quarantine, original) = (Arc::clone(&self.quarantine), identity.clone());
        let on_strike = Box::new(move || quarantine.strike(quarantine_key, &original));
        self.renderer.run(job, Order { class, until: deadline, identity, has_companions, on_strike }).await
    }

    /// Runs a job when nothing else is to be done. What it takes is not the fault of the original: nothing is counted.
    pub async fn run_idle(&self, job: Job, subject: &Subject) -> Result<Done<Output>, Error> {
        let Subject { identity, deadline, .. } = subject.clone();
        let (class, has_companions) = (Class::Refine, false);
        let on_strike = Box::new(|| ());
        self.renderer.run(job, Order { class, until: deadline, identity, has_companions, on_strike }).await
    }
}
