//! Work on one picture and those that are to be made with it, now or later: what to do, doing it, and telling of it.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use origin::ObjectRef;
use result_cache::{Lifetimes, clock};
use serde_json::{Value, json};
use tokio::time::timeout_at;
use vips_ops::{Accept, Params, params::spec::Invalid, source::sniff::sniff};

use super::{Error, Reservation, control_params::location};
use crate::{
    failure::Failure,
    flight::Part,
    http::error::object,
    make,
    original::{self, Original, Standing},
    render::Class,
    service::{self, Answer, Job as VariantJob, Made, Request},
    state::Worker,
};

/// What to do.
#[derive(Debug)]
pub struct Job {
    /// Which original.
    pub target: ObjectRef,
    /// The path by which that is asked for, percent-encoded, with the parameters that say where it is.
    pub path: String,
    /// What is asked for.
    pub wanted: Variant,
    /// What else is to be made of the same original, and kept.
    pub others: Vec<Variant>,
    /// What the client can show.
    pub accept: Accept,
    /// Where the original comes from.
    pub input: JobInput,
}

/// A picture to be made of an original.
#[derive(Debug, Clone)]
pub struct Variant {
    /// As it was asked for.
    pub query: String,
    /// What that means.
    pub params: Params,
}

/// Where an original comes from.
#[derive(Debug)]
pub enum JobInput {
    /// From the cache, or its origin.
    Origin,
    /// It was sent along.
    Upload {
        /// Its bytes, shared by all that is made of them.
        file: Bytes,
        /// The budget that they take.
        reservation: Reservation,
        /// What becomes of it.
        retention: Retention,
    },
}

/// What becomes of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retention {
    /// It is forgotten.
    None,
    /// It becomes the original of its path as it came.
    Original,
    /// What was made of it becomes the original of its path.
    Processed,
}

/// What was done.
#[derive(Debug)]
pub struct JobOutcome {
    /// The picture that was asked for.
    pub answer: Answer,
    /// Each picture that was kept, or could not be made.
    pub stored: Vec<Value>,
}

/// Does it, in this class what is asked for, and the others as warming, as far as there is time; what was not made by then
/// is told of as a failure of its own, unless it is the picture that was asked for. Dropping the future ends the work.
pub async fn run(
    worker: &Rc<Worker>,
    job: &Job,
    class: Class,
    until: Instant,
) -> Result<JobOutcome, Failure> {
    Work { worker, job, class, until }.run().await
}

/// An job that is outcome out.
struct Work<'a> {
    worker: &'a Rc<Worker>,
    job: &'a Job,
    /// Of the picture that was asked for.
    class: Class,
    /// One deadline for all that is made, so that one request does not have as many as it has pictures.
    until: Instant,
}

impl Work<'_> {
    async fn run(&self) -> Result<JobOutcome, Failure> {
        let JobInput::Upload { file, retention, .. } = &self.job.input else { return self.of_origin().await };
        let original = original::given(self.worker, file.clone()).await?;
        match retention {
            Retention::None => {
                let answer = self.make(&self.job.wanted, original, self.class).await?;
                Ok(JobOutcome { answer, stored: Vec::new() })
            }
            Retention::Original => self.as_it_came(original).await,
            Retention::Processed => self.processed(original).await,
        }
    }

    async fn of_origin(&self) -> Result<JobOutcome, Failure> {
        let Job { path, wanted, .. } = self.job;
        let answer = self.answer(wanted, self.class).await?;
        let first = told(path, &wanted.query, &answer);
        let others = self.all(async |variant| self.answer(variant, Class::Warming).await).await;
        Ok(JobOutcome { answer, stored: [vec![first], others].concat() })
    }

    async fn as_it_came(&self, original: Original) -> Result<JobOutcome, Failure> {
        let Job { path, wanted, .. } = self.job;
        let original = self.keep(original).await?;
        let answer = self.make(wanted, original.clone(), self.class).await?;
        let mut stored = vec![picture(path, &original)];
        if !wanted.params.is_empty() {
            stored.push(told(path, &wanted.query, &answer));
        }
        stored.extend(self.make_others(&original).await);
        Ok(JobOutcome { answer, stored })
    }

    async fn processed(&self, original: Original) -> Result<JobOutcome, Failure> {
        let answer = self.make(&self.job.wanted, original, self.class).await?;
        let bytes = answer.envelope.body.clone();
        if sniff(&bytes).is_none() {
            let expected = "parameters that make a picture which can be an original";
            return Err(Invalid::new("cache_processed", &answer.envelope.meta.content_type, expected).into());
        }
        let original = self.keep(original::given(self.worker, bytes).await?).await?;
        let mut stored = vec![picture(&self.job.path, &original)];
        stored.extend(self.make_others(&original).await);
        Ok(JobOutcome { answer, stored })
    }

    /// Keeps an upload as the original of its path.
    async fn keep(&self, original: Original) -> Result<Original, Failure> {
        if sniff(&original.envelope.body).is_none() {
            return Err(vips_ops::Error::unsupported(&original.envelope.body).into());
        }
        let lifetimes =
            Lifetimes { fresh_for: self.worker.shared.config.uploads.ttl, ..Lifetimes::default() };
        let kept = original::keep_given(self.worker, &self.job.target, &original, lifetimes).await;
        Ok(kept.ok_or(Error::NotKept)?)
    }

    async fn make_others(&self, original: &Original) -> Vec<Value> {
        self.all(async |variant| self.make(variant, original.clone(), Class::Warming).await).await
    }

    /// What became of each of the other pictures.
    async fn all(&self, make: impl AsyncFn(&Variant) -> Result<Answer, Failure>) -> Vec<Value> {
        let others = stream::iter(&self.job.others).map(async |variant| {
            let answer = make(variant).await;
            tell(&self.job.path, &variant.query, answer.as_ref())
        });
        others.buffered(at_a_time(self.worker)).collect().await
    }

    /// A picture of the origin's, as any request gets it.
    async fn answer(&self, variant: &Variant, class: Class) -> Result<Answer, Failure> {
        within(self.until, service::answer(self.worker, self.job.request(variant, class))).await
    }

    /// Makes a picture of this original, whatever the caches know, and keeps it if the original is kept.
    async fn make(&self, variant: &Variant, original: Original, class: Class) -> Result<Answer, Failure> {
        let shared = &self.worker.shared;
        let request = self.job.request(variant, class);
        let identity = self.worker.origins.identity(&request.target);
        let key = shared.keys.result(
            &request.params,
            request.accept,
            &self.worker.origins.identity_with_base(&request.target),
        );
        let position = shared.peers.generation();
        // nobody joins this one
        let until = self.until.min(Instant::now() + shared.config.limits.deadline);
        let variant_job =
            VariantJob { request, key, flight: key, identity, stale: None, given: Some(original), until };
        let made = within(until, make::attempt(self.worker, &variant_job, position)).await?;
        if made.standing == Standing::Kept {
            shared.results.put(key, Arc::clone(&made.envelope)).await;
        }
        Ok(Made::answer(made, Part::Began, Duration::ZERO))
    }
}

/// What the work gives, if it does so in time. Work whose time is over is not begun.
async fn within<T>(until: Instant, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    if until <= Instant::now() {
        return Err(Failure::Deadline);
    }
    timeout_at(until.into(), work).await.map_err(|_| Failure::Deadline)?
}

/// As many as there are threads: the rest would only wait in the queue, and keep others out of it.
fn at_a_time(worker: &Worker) -> usize {
    worker.shared.config.workers.thread_count()
}

impl Job {
    fn request(&self, variant: &Variant, class: Class) -> Request {
        let target = Rc::new(self.target.clone());
        Request { target, params: variant.params.clone(), accept: self.accept, class }
    }

    /// Where the picture is found that was asked for; none: it is kept nowhere.
    pub fn location(&self) -> Option<String> {
        match &self.input {
            JobInput::Upload { retention: Retention::None, .. } => None,
            JobInput::Upload { retention: Retention::Processed, .. } => Some(location(&self.path, "")),
            JobInput::Upload { retention: Retention::Original, .. } | JobInput::Origin => {
                Some(location(&self.path, &self.wanted.query))
            }
        }
    }
}

fn tell(path: &str, query: &str, answer: Result<&Answer, &Failure>) -> Value {
    match answer {
        Ok(answer) => told(path, query, answer),
        Err(failure) => {
            tracing::warn!(error = %failure, "a picture could not be made");
            json!({ "location": location(path, query), "error": object(failure) })
        }
    }
}

fn told(path: &str, query: &str, answer: &Answer) -> Value {
    let meta = &answer.envelope.meta;
    json!({
        "location": location(path, query),
        "content_type": meta.content_type,
        "bytes": answer.envelope.body.len(),
        "etag": meta.etag,
        "fresh_for": meta.lifetimes.fresh_for.saturating_sub(answer.envelope.age(clock::now())).as_secs(),
    })
}

/// Tells of an original that was kept.
fn picture(path: &str, original: &Original) -> Value {
    let body = &original.envelope.body;
    json!({
        "location": location(path, ""),
        "content_type": sniff(body).map(vips_ops::source::SourceFormat::media_type),
        "bytes": body.len(),
        "fresh_for": original.envelope.meta.lifetimes.fresh_for.as_secs(),
    })
}
