//! Runs a job: renders its pictures, and stores the upload and the further pictures if requested.

use std::{rc::Rc, time::Instant};

use futures_util::{StreamExt, stream};
use image_api::params::spec::Invalid;
use result_cache::{Lifetimes, clock};
use tokio::time::timeout_at;
use vips_ops::source::{SourceFormat, sniff::sniff};

use super::{
    UploadError,
    control_params::location,
    job::{Job, JobInput, JobOutcome, Retention, Variant},
    status::{Stored, StoredPicture},
};
use crate::{
    error::Error,
    model::{original::Original, variant::ServedVariant},
    render::Class,
    state::Worker,
};

/// How many pictures of a job may wait for a render thread: the sizes of a page.
const MOST_WAITING: usize = 8;

/// The part of the render queue (1/8) that the pictures of one job may take.
const QUEUE_SHARE: usize = 8;

/// Runs a job: the requested picture in `class`, the others as cache warming.
///
/// Pictures that are not made by `deadline` are reported as failed in [`JobOutcome::stored`]; the job itself fails only if
/// the requested picture does. Dropping the future ends the work.
pub async fn run(
    worker: &Rc<Worker>,
    job: &Job,
    class: Class,
    deadline: Instant,
) -> Result<JobOutcome, Error> {
    Run { worker, job, class, deadline }.run().await
}

/// A job in progress.
struct Run<'a> {
    worker: &'a Rc<Worker>,
    job: &'a Job,
    /// The class of the requested picture.
    class: Class,
    /// The deadline of all pictures together.
    deadline: Instant,
}

impl Run<'_> {
    async fn run(&self) -> Result<JobOutcome, Error> {
        let JobInput::Upload { file, retention, .. } = &self.job.input else {
            return self.run_on_origin().await;
        };
        let original = self.worker.originals.uploaded(file.clone()).await?;
        match retention {
            Retention::None => {
                let answer = self.make(&self.job.wanted, original, self.class).await?;
                Ok(JobOutcome { answer, stored: Vec::new() })
            }
            Retention::Original => self.store_upload(original).await,
            Retention::Processed => self.store_processed(original).await,
        }
    }

    async fn run_on_origin(&self) -> Result<JobOutcome, Error> {
        let wanted = &self.job.wanted;
        let answer = self.serve(wanted, self.class).await?;
        let mut stored = vec![self.report(wanted, Ok(&answer))];
        stored.extend(self.make_others(async |variant| self.serve(variant, Class::Warming).await).await);
        Ok(JobOutcome { answer, stored })
    }

    async fn store_upload(&self, original: Original) -> Result<JobOutcome, Error> {
        let wanted = &self.job.wanted;
        let original = self.store_original(original).await?;
        let answer = self.make(wanted, original.clone(), self.class).await?;
        let mut stored = vec![self.report_original(&original)];
        if !wanted.params.is_empty() {
            stored.push(self.report(wanted, Ok(&answer)));
        }
        stored.extend(self.make_others_of(&original).await);
        Ok(JobOutcome { answer, stored })
    }

    async fn store_processed(&self, original: Original) -> Result<JobOutcome, Error> {
        let answer = self.make(&self.job.wanted, original, self.class).await?;
        let bytes = answer.entry.body.clone();
        if sniff(&bytes).is_none() {
            let expected = "parameters whose result can be an original: a picture";
            return Err(Invalid::new("cache_processed", &answer.entry.meta.content_type, expected).into());
        }
        let original = self.store_original(self.worker.originals.uploaded(bytes).await?).await?;
        let mut stored = vec![self.report_original(&original)];
        stored.extend(self.make_others_of(&original).await);
        Ok(JobOutcome { answer, stored })
    }

    /// Stores bytes as the original of the job's path.
    async fn store_original(&self, original: Original) -> Result<Original, Error> {
        if sniff(&original.entry.body).is_none() {
            return Err(vips_ops::Error::unsupported(&original.entry.body).into());
        }
        let fresh_for = self.worker.shared.config.uploads.ttl;
        let lifetimes = Lifetimes { fresh_for, ..Lifetimes::default() };
        let stored = self.worker.originals.store_uploaded(&self.job.target, &original, lifetimes).await;
        Ok(stored.ok_or(UploadError::NotStored)?)
    }

    async fn make_others_of(&self, original: &Original) -> Vec<Stored> {
        self.make_others(async |variant| self.make(variant, original.clone(), Class::Warming).await).await
    }

    /// Makes each of the other pictures by `make`. Those that are made at the same time share the decode of their original, so
    /// more are requested than there are render threads, but they take a small part of the render queue only.
    async fn make_others(&self, make: impl AsyncFn(&Variant) -> Result<ServedVariant, Error>) -> Vec<Stored> {
        let others = stream::iter(&self.job.others).map(async |variant| {
            let answer = make(variant).await;
            self.report(variant, answer.as_ref())
        });
        let workers = &self.worker.shared.config.workers;
        let waiting = (workers.queue / QUEUE_SHARE).min(MOST_WAITING);
        others.buffered(workers.thread_count() + waiting).collect().await
    }

    /// Serves a picture of the origin as for any request.
    async fn serve(&self, variant: &Variant, class: Class) -> Result<ServedVariant, Error> {
        within(self.deadline, self.worker.variants.serve(self.job.request(variant, class))).await
    }

    /// Makes a picture of this original without looking into the caches, and stores it if the original may be stored.
    async fn make(
        &self,
        variant: &Variant,
        original: Original,
        class: Class,
    ) -> Result<ServedVariant, Error> {
        let deadline = self.deadline.min(Instant::now() + self.worker.shared.config.limits.deadline);
        let request = self.job.request(variant, class);
        within(deadline, self.worker.variants.build_uploaded(request, original, deadline)).await
    }

    fn report(&self, variant: &Variant, answer: Result<&ServedVariant, &Error>) -> Stored {
        let location = location(&self.job.path, &variant.query);
        let outcome = match answer {
            Ok(answer) => Ok(StoredPicture::of_answer(answer)),
            Err(failure) => {
                tracing::warn!(location, error = %failure, "a picture of a job failed");
                Err(failure.clone())
            }
        };
        Stored { location, outcome }
    }

    fn report_original(&self, original: &Original) -> Stored {
        let picture = StoredPicture::of_original(original);
        Stored { location: location(&self.job.path, ""), outcome: Ok(picture) }
    }
}

/// The output of `work` if it is ready by `deadline`; [`Error::Deadline`] otherwise. Work is not started after the deadline.
async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    if deadline <= Instant::now() {
        return Err(Error::Deadline);
    }
    timeout_at(deadline.into(), work).await.map_err(|_| Error::Deadline)?
}

impl StoredPicture {
    fn of_answer(answer: &ServedVariant) -> Self {
        let meta = &answer.entry.meta;
        Self {
            content_type: Some(meta.content_type.clone()),
            bytes: answer.entry.body.len(),
            etag: meta.etag.clone(),
            fresh_for: meta.lifetimes.fresh_for.saturating_sub(answer.entry.age(clock::now())),
        }
    }

    fn of_original(original: &Original) -> Self {
        let body = &original.entry.body;
        Self {
            content_type: sniff(body).map(SourceFormat::media_type).map(str::to_owned),
            bytes: body.len(),
            etag: None,
            fresh_for: original.entry.meta.lifetimes.fresh_for,
        }
    }
}
