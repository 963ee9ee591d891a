//! The cache-miss path: a variant is the stale entry if its original has not changed, the original as it is, the result of an
//! analysis, or a render.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::try_join;
use image_api::{OutputFormat, Settings};
use result_cache::{Coordinator, Generation, Refinement};
use vips_ops::{
    Media, Refined,
    overlay::{Link, links},
    source::sniff::sniff,
};

use super::{
    companions::Companions,
    content::{Passthrough, QUALITY, Source},
};
use crate::{
    analysis::{
        analyzer::Analyzer,
        cached::{Analyses, needed},
    },
    cache_key::{CacheKeys, etag, is_same_version},
    error::Error,
    model::{
        analysis::AnalysisResult,
        original::Original,
        variant::{BuiltVariant, VariantJob},
    },
    originals::Originals,
    overlays::{FetchedOverlays, OverlayContext, Overlays, ServeVariant, briefly},
    render::{
        self, Done, Operation, Output, Phases, Refine, Render, Rendered,
        guarded::{GuardedRenderer, Subject},
    },
    server_timing::ServerTiming,
    telemetry::{counters::Counters, traces::record_render},
};

/// Builds variants, for one worker. It does not store them.
pub struct VariantBuilder {
    /// The originals.
    pub originals: Rc<Originals>,
    /// The overlays.
    pub overlays: Overlays,
    /// The analyses.
    pub analyses: Rc<Analyses>,
    /// Renders.
    pub renderer: GuardedRenderer,
    /// The part that all workers share.
    pub context: BuildContext,
}

/// The part of a builder that all workers share.
#[derive(Clone)]
pub struct BuildContext {
    /// Limits and encoders.
    pub settings: Arc<Settings>,
    /// Writes the responses to `recognition`.
    pub analyzer: Arc<Analyzer>,
    /// The purges.
    pub coordinator: Coordinator,
    /// How long a variant without one of its overlays is fresh: `cache.negative_ttl`.
    pub negative_ttl: Duration,
    /// Metrics.
    pub counters: Arc<Counters>,
    /// The builds in progress.
    pub companions: Arc<Companions>,
}

/// The inputs of a variant.
struct Inputs {
    source: Source,
    overlays: FetchedOverlays,
    /// Time to fetch them.
    fetch: Duration,
}

/// The render of a job.
fn render_of(job: &VariantJob, overlays: FetchedOverlays, results: &[AnalysisResult]) -> Render {
    let mut assets = overlays.assets;
    assets.faces = results.iter().flat_map(AnalysisResult::faces_for_plan).collect();
    Render { params: job.request.params.clone(), assets, accept: job.request.accept }
}

/// Whether the second pass has slow settings for results of this type.
fn may_be_refined(media: Media) -> bool {
    use OutputFormat::{Avif, Jpeg, Png, Webp};
    matches!(media, Media::Picture(Jpeg | Png | Webp | Avif))
}

impl VariantBuilder {
    /// Builds the variant. `variants` serves overlays with parameters of their own.
    ///
    /// Fails with the errors of the origin, the parameters, the quarantine, the queue and the render. If a render would be
    /// refused, fails before the origin is requested.
    pub async fn build(&self, job: &VariantJob, variants: &dyn ServeVariant) -> Result<BuiltVariant, Error> {
        let request = &job.request;
        let is_original = request.params.is_empty();
        if !is_original && let Some(error) = self.renderer.renderer.would_refuse(request.class) {
            return Err(error);
        }
        let _companion = (!is_original).then(|| self.context.companions.enter(&job.identity));
        let links = links(&request.params, &self.context.settings.limits)?;
        self.overlays.check(&request.target, &links)?;
        let Inputs { source, overlays, fetch } = self.inputs(job, &links, variants).await?;
        let renewed = source.renewed(job).filter(|entry| self.context.coordinator.allows(&entry.meta));
        if let Some(entry) = renewed {
            let timing = ServerTiming { fetch: Some(fetch), ..ServerTiming::default() };
            return Ok(BuiltVariant { entry, storability: source.original.storability, timing });
        }
        if is_original
            && let Some(Passthrough { media_type, headers }) =
                source.passthrough(self.context.settings.output.svg_passthrough)?
        {
            let bytes = source.original.entry.body.clone();
            let timing = ServerTiming { fetch: Some(fetch), ..ServerTiming::default() };
            return Ok(source.variant(bytes, media_type, headers, timing));
        }
        let mut built = self.compute(job, source, overlays).await?;
        built.timing.fetch = Some(fetch);
        Ok(built)
    }

    /// Fetches the original and the overlays.
    async fn inputs(
        &self,
        job: &VariantJob,
        links: &[Link],
        variants: &dyn ServeVariant,
    ) -> Result<Inputs, Error> {
        let coordinator = &self.context.coordinator;
        let generation = coordinator.generation();
        let started = Instant::now();
        let context = OverlayContext { target: &job.request.target, class: job.request.class, variants };
        let (original, overlays) = try_join(self.original(job), self.overlays.fetch(context, links)).await?;
        let fetch = started.elapsed();
        let etag = etag(&job.key, &overlays.version(&original));
        // what has not been purged by now had not been purged when the build started: the variant is not older than that
        let is_allowed = coordinator.allows(&original.entry.meta) && overlays.are_allowed(coordinator);
        let mut original = overlays.limit(original, self.context.negative_ttl);
        let meta = &mut Arc::make_mut(&mut original.entry).meta;
        meta.generation = if is_allowed { generation } else { Generation::ZERO };
        Ok(Inputs { source: Source { original, etag }, overlays, fetch })
    }

    async fn original(&self, job: &VariantJob) -> Result<Original, Error> {
        match &job.uploaded {
            Some(original) => Ok(original.clone()),
            None => self.originals.get(&job.request.target).await,
        }
    }

    /// The variant by an analysis, or by a render with what analyses found.
    async fn compute(
        &self,
        job: &VariantJob,
        source: Source,
        overlays: FetchedOverlays,
    ) -> Result<BuiltVariant, Error> {
        let (subject, results, see) = self.analysed(job, &source).await?;
        let timing = ServerTiming { see, ..ServerTiming::default() };
        if let Some(wanted) = job.request.params.recognition {
            let bytes = self.context.analyzer.recognition(wanted, &results).to_string().into();
            return Ok(source.variant(bytes, "application/json", Vec::new(), timing));
        }
        let render = render_of(job, overlays, &results);
        self.render(job, source, render, &subject, timing).await
    }

    async fn render(
        &self,
        job: &VariantJob,
        mut source: Source,
        render: Render,
        subject: &Subject,
        timing: ServerTiming,
    ) -> Result<BuiltVariant, Error> {
        let original = source.original.entry.body.clone();
        let format = sniff(&original);
        let render = render::Job { original, operation: Operation::Render(Box::new(render)) };
        let started = Instant::now();
        let Done { value, waited } = self.renderer.run(render, job.request.class, subject).await?;
        let Output::Rendered(Rendered { answer, phases }) = value else { return Err(Error::Broken) };
        let Phases { decode, process, encode } = phases;
        record_render(started, waited, [decode, process, encode]);
        if let Some(format) = format {
            self.context.counters.renders.add(format, answer.media, answer.bytes.len());
        }
        answer.codecs.iter().for_each(|used| self.context.counters.codecs.add(*used));
        if answer.lacks_overlays {
            source.original = briefly(&source.original, self.context.negative_ttl);
        }
        let resolution = format!("{}x{}", answer.original.width, answer.original.height);
        let mut headers = vec![("x-original-resolution".to_owned(), resolution)];
        headers.extend(answer.quality.map(|quality| (QUALITY.to_owned(), quality.to_string())));
        let timing = ServerTiming {
            queue: Some(waited),
            decode: Some(decode),
            process: Some(process),
            encode: Some(encode),
            ..timing
        };
        let mut built = source.variant(answer.bytes, answer.media.media_type(), headers, timing);
        if may_be_refined(answer.media) {
            // the entry was just made, so that it is not copied
            Arc::make_mut(&mut built.entry).meta.refinement = Refinement::Pending;
        }
        Ok(built)
    }

    /// Encodes a variant again when nothing else is to be done; `first` is its first encoding, of the version `etag`. None:
    /// its inputs have changed since.
    ///
    /// Fails with the errors of the origin, the queue and the render.
    pub async fn refine(
        &self,
        job: &VariantJob,
        (first, etag): (&Bytes, &str),
        variants: &dyn ServeVariant,
    ) -> Result<Option<Done<Refined>>, Error> {
        let Some((original, subject, refine)) = self.first(job, (first, etag), variants).await? else {
            return Ok(None);
        };
        let wanted = render::Job { original, operation: Operation::Refine(Box::new(refine)) };
        let Done { value, waited } = self.renderer.run_idle(wanted, &subject).await?;
        let Output::Refined(value) = value else { return Err(Error::Broken) };
        Ok(Some(Done { value, waited }))
    }

    /// Compares the encoding `first` of a variant, of the version `etag`, with the rendered pixels. None: its inputs have changed
    /// since.
    ///
    /// Fails with the errors of the origin, the queue and the render.
    pub async fn score(
        &self,
        job: &VariantJob,
        first: (&Bytes, &str),
        variants: &dyn ServeVariant,
    ) -> Result<Option<Done<Option<f64>>>, Error> {
        let Some((original, subject, refine)) = self.first(job, first, variants).await? else {
            return Ok(None);
        };
        let wanted = render::Job { original, operation: Operation::Score(Box::new(refine)) };
        let Done { value, waited } = self.renderer.run(wanted, job.request.class, &subject).await?;
        let Output::Score(value) = value else { return Err(Error::Broken) };
        Ok(Some(Done { value, waited }))
    }

    /// The original, and a render of it of which there is the encoding `first`. None: the inputs are not those of `etag` any more.
    async fn first(
        &self,
        job: &VariantJob,
        (first, etag): (&Bytes, &str),
        variants: &dyn ServeVariant,
    ) -> Result<Option<(Bytes, Subject, Refine)>, Error> {
        let links = links(&job.request.params, &self.context.settings.limits)?;
        self.overlays.check(&job.request.target, &links)?;
        let Inputs { source, overlays, .. } = self.inputs(job, &links, variants).await?;
        if !is_same_version(&source.etag, etag) {
            return Ok(None);
        }
        let (subject, results, _) = self.analysed(job, &source).await?;
        let render = render_of(job, overlays, &results);
        let original = source.original.entry.body.clone();
        Ok(Some((original, subject, Refine { render, encoded: first.clone() })))
    }

    /// What analyses find that the parameters need, and how long that took.
    async fn analysed(
        &self,
        job: &VariantJob,
        source: &Source,
    ) -> Result<(Subject, Vec<AnalysisResult>, Option<Duration>), Error> {
        let started = Instant::now();
        let quarantine_key = CacheKeys::quarantine(&job.identity, &source.original.version());
        self.renderer.quarantine.check(&quarantine_key).await?;
        let has_companions = self.context.companions.are_several(&job.identity);
        let (identity, deadline) = (job.identity.clone(), job.deadline);
        let subject = Subject { identity, quarantine_key, deadline, has_companions };
        let kinds = needed(&job.request.params);
        let analyses = self.analyses.get(&kinds, &source.original, &subject);
        let results = match &*kinds {
            [] => analyses.await?,
            _ => request_trace::in_span("inference", analyses).await?,
        };
        Ok((subject, results, (!kinds.is_empty()).then(|| started.elapsed())))
    }
}
