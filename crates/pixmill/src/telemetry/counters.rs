//! Counters and histograms of request processing. A cache hit costs a few atomic additions.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime},
};

use actix_http::error::{DispatchError, ParseError};
use image_api::OutputFormat;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use result_cache::Tier;
use vips_ops::{
    Media, UsedCodecs,
    source::{Codec, SourceFormat},
};

use super::histogram::Durations;
use crate::{
    model::{analysis::AnalysisKind, cache_status::CacheStatus},
    server_timing::ServerTiming,
};

/// Names of the status classes.
pub const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Values of the label `cache`, as in `X-Cache`; the last one: the response has no picture.
pub const SOURCES: [Option<CacheStatus>; 7] = [
    Some(CacheStatus::Hit(Tier::Memory)),
    Some(CacheStatus::Hit(Tier::Disk)),
    Some(CacheStatus::Hit(Tier::Redis)),
    Some(CacheStatus::Miss),
    Some(CacheStatus::Coalesced),
    Some(CacheStatus::Stale),
    None,
];

/// All counters of a server.
pub struct Counters {
    /// The start of the server, by the monotonic clock.
    pub began: Instant,
    /// The start of the server, by the system clock.
    pub began_at: SystemTime,
    /// Requests by route, then by status class, then by cache status.
    requests: [[[AtomicU64; SOURCES.len()]; CLASSES.len()]; Route::ALL.len()],
    /// Durations of requests for images.
    pub request_seconds: Durations,
    /// Bytes of response bodies.
    response_bytes: AtomicU64,
    /// Failed requests, by error code.
    pub failures: LabelCounts,
    /// Durations of each phase.
    pub phases: Phases,
    /// Analyses, by kind.
    inferences: [Inferences; AnalysisKind::ALL.len()],
    /// Durations of fetches from the origin.
    pub origin_seconds: Durations,
    /// Fetches from the origin, by outcome.
    pub origin_fetches: LabelCounts,
    /// Open connections, by listener.
    connections: [Arc<AtomicUsize>; ListenerKind::ALL.len()],
    /// Input that is not an HTTP request, by reason.
    pub malformed: LabelCounts,
    /// Successful renders.
    pub renders: Renders,
    /// The libraries that they used.
    pub codecs: CodecUses,
}

/// The kind of resource that a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// An image, or an upload.
    Image,
    /// The status or the result of a job.
    Job,
    /// A probe.
    Health,
    /// Any page of the admin listener.
    Admin,
}

impl Route {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Image, Self::Job, Self::Health, Self::Admin];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Job => "job",
            Self::Health => "health",
            Self::Admin => "admin",
        }
    }
}

/// Which listener a connection belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenerKind {
    /// The public listener.
    Public,
    /// The admin listener.
    Admin,
    /// The upload listener.
    Uploads,
}

impl ListenerKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Public, Self::Admin, Self::Uploads];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Admin => "admin",
            Self::Uploads => "uploads",
        }
    }
}

/// Reasons for which input is not an HTTP request.
const MALFORMED: [&str; 6] = ["method", "other", "syntax", "too_large", "uri", "version"];

/// Outcomes of a fetch from the origin.
const FETCH_OUTCOMES: [&str; 10] = [
    "busy",
    "circuit_open",
    "failed",
    "forbidden",
    "found",
    "not_found",
    "not_modified",
    "refused",
    "timeout",
    "too_large",
];

/// Formats of originals.
const SOURCE_FORMATS: [SourceFormat; 9] = [
    SourceFormat::Jpeg,
    SourceFormat::Png,
    SourceFormat::Webp,
    SourceFormat::Gif,
    SourceFormat::Heif,
    SourceFormat::Tiff,
    SourceFormat::Svg,
    SourceFormat::Bmp,
    SourceFormat::Ico,
];

/// Formats of renders.
const RESULT_FORMATS: [Media; 7] = [
    Media::Picture(OutputFormat::Jpeg),
    Media::Picture(OutputFormat::Png),
    Media::Picture(OutputFormat::Webp),
    Media::Picture(OutputFormat::Avif),
    Media::Picture(OutputFormat::Gif),
    Media::Picture(OutputFormat::Mp4),
    Media::Json,
];

/// Successful renders, by the names of the formats of the original and of the result.
#[derive(Debug)]
pub struct Renders(BTreeMap<[&'static str; 2], RenderCount>);

/// The number of renders, and the bytes that they produced.
#[derive(Debug, Default)]
pub struct RenderCount {
    /// Number of renders.
    pub renders: Counter,
    /// Bytes of their results.
    pub bytes: Counter,
}

impl Default for Renders {
    fn default() -> Self {
        let pairs = SOURCE_FORMATS.iter().flat_map(|source| {
            RESULT_FORMATS.iter().map(|media| ([source.name(), media.name()], RenderCount::default()))
        });
        Self(pairs.collect())
    }
}

impl Renders {
    /// Counts a render of an original of this format that produced this many bytes.
    pub fn add(&self, source: SourceFormat, media: Media, bytes: usize) {
        if let Some(count) = self.0.get(&[source.name(), media.name()]) {
            count.renders.inc();
            count.bytes.inc_by(bytes as u64);
        }
    }

    /// The counts by the names of both formats.
    pub fn iter(&self) -> impl Iterator<Item = ([&'static str; 2], &RenderCount)> {
        self.0.iter().map(|(formats, count)| (*formats, count))
    }
}

/// Renders by the library that decoded, by the one that encoded, and by the divisor of a JPEG.
#[derive(Debug)]
pub struct CodecUses {
    decoders: LabelCounts,
    encoders: LabelCounts,
    jpeg_divisors: LabelCounts,
}

/// The label of a divisor of a JPEG.
fn divisor_label(divisor: u8) -> &'static str {
    match divisor {
        1 => "1",
        2 => "2",
        4 => "4",
        _ => "8",
    }
}

/// The label of renders without a codec beside libvips.
const LIBVIPS: &str = "libvips";

impl Default for CodecUses {
    fn default() -> Self {
        let zero = || LabelCounts::zero(Codec::ALL.map(Codec::name).into_iter().chain([LIBVIPS]));
        let jpeg_divisors = LabelCounts::zero([1, 2, 4, 8].map(divisor_label));
        Self { decoders: zero(), encoders: zero(), jpeg_divisors }
    }
}

impl CodecUses {
    /// Counts a render.
    pub fn add(&self, used: UsedCodecs) {
        self.decoders.add(used.decoder.map_or(LIBVIPS, Codec::name));
        self.encoders.add(used.encoder.map_or(LIBVIPS, Codec::name));
        used.jpeg_divisor.iter().for_each(|divisor| self.jpeg_divisors.add(divisor_label(*divisor)));
    }

    /// The counts of decoded JPEGs by divisor.
    pub fn read_jpeg_divisors(&self) -> impl Iterator<Item = ([&'static str; 1], u64)> {
        self.jpeg_divisors.read().into_iter().map(|(divisor, count)| ([divisor], count))
    }

    /// The counts by direction and library.
    pub fn read(&self) -> impl Iterator<Item = ([&'static str; 2], u64)> {
        let labelled = |direction, counts: &LabelCounts| {
            counts.read().into_iter().map(move |(codec, count)| ([direction, codec], count))
        };
        labelled("decode", &self.decoders).chain(labelled("encode", &self.encoders))
    }
}

/// Durations of the phases of `ServerTiming`.
#[derive(Debug, Default)]
pub struct Phases([Durations; 7]);

/// Analyses of one kind.
#[derive(Debug, Default)]
pub struct Inferences {
    /// Their durations.
    pub seconds: Durations,
    /// How many of them were refused.
    pub refusals: AtomicU64,
}

/// Counters by label value, for rare events. No value comes from a client, so there are few.
#[derive(Debug, Default)]
pub struct LabelCounts(Mutex<BTreeMap<&'static str, u64>>);

impl Counters {
    /// Counters at zero, with these error codes.
    pub fn new(codes: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            began: Instant::now(),
            began_at: SystemTime::now(),
            requests: Default::default(),
            request_seconds: Durations::default(),
            response_bytes: AtomicU64::new(0),
            failures: LabelCounts::zero(codes),
            phases: Phases::default(),
            inferences: Default::default(),
            origin_seconds: Durations::default(),
            origin_fetches: LabelCounts::zero(FETCH_OUTCOMES),
            connections: Default::default(),
            malformed: LabelCounts::zero(MALFORMED),
            renders: Renders::default(),
            codecs: CodecUses::default(),
        }
    }

    /// Counts a completed request.
    pub fn request_completed(
        &self,
        route: Route,
        status: u16,
        found: Option<CacheStatus>,
        bytes: u64,
        took: Duration,
    ) {
        let class = (usize::from(status) / 100).clamp(1, CLASSES.len()) - 1;
        self.requests[route as usize][class][source(found)].fetch_add(1, Relaxed);
        if route == Route::Image {
            self.response_bytes.fetch_add(bytes, Relaxed);
            self.request_seconds.observe(took);
        }
    }

    /// The number of requests by route, status class and cache status.
    pub fn requests(&self) -> impl Iterator<Item = (Route, &'static str, &'static str, u64)> {
        self.requests.iter().zip(Route::ALL).flat_map(|(classes, route)| {
            classes.iter().zip(CLASSES).flat_map(move |(row, class)| {
                row.iter().zip(SOURCES).map(move |(count, found)| {
                    (route, class, found.map_or("none", CacheStatus::name), count.load(Relaxed))
                })
            })
        })
    }

    /// Bytes of response bodies to requests for images, error responses included.
    pub fn response_bytes(&self) -> u64 {
        self.response_bytes.load(Relaxed)
    }

    /// The counters of analyses of this kind.
    pub fn inferences(&self, question: AnalysisKind) -> &Inferences {
        &self.inferences[question as usize]
    }

    /// The counter of open connections of a listener.
    pub fn connections(&self, listener: ListenerKind) -> &Arc<AtomicUsize> {
        &self.connections[listener as usize]
    }

    /// Counts and logs a connection that ended with an error. Errors caused by clients are common, hence `debug`.
    pub fn connection_failed(&self, error: &DispatchError) {
        match error {
            DispatchError::Parse(reason) => {
                let reason = malformed(reason);
                self.malformed.add(reason);
                tracing::debug!(reason, %error, "malformed request");
            }
            DispatchError::InternalError | DispatchError::Service(_) | DispatchError::Body(_) => {
                tracing::error!(%error, "connection failed");
            }
            _ => tracing::debug!(%error, "connection aborted"),
        }
    }

    /// Counts a completed fetch from the origin, with one of `FETCH_OUTCOMES`.
    pub fn fetched(&self, outcome: &'static str, took: Duration) {
        debug_assert!(FETCH_OUTCOMES.contains(&outcome), "{outcome}");
        self.origin_fetches.add(outcome);
        self.origin_seconds.observe(took);
    }
}

impl Phases {
    /// Counts the phases that have a duration.
    pub fn observe(&self, timing: &ServerTiming) {
        for (histogram, (_, spent)) in self.0.iter().zip(timing.phases()) {
            if let Some(spent) = spent {
                histogram.observe(spent);
            }
        }
    }

    /// The durations of each phase, with its name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Durations)> {
        ServerTiming::default().phases().map(|(name, _)| name).into_iter().zip(&self.0)
    }
}

impl LabelCounts {
    /// A counter at zero for each name.
    fn zero(names: impl IntoIterator<Item = &'static str>) -> Self {
        Self(Mutex::new(names.into_iter().map(|name| (name, 0)).collect()))
    }

    /// Adds one to the counter of a name.
    pub fn add(&self, name: &'static str) {
        *self.0.lock().entry(name).or_default() += 1;
    }

    /// The current counts.
    pub fn read(&self) -> BTreeMap<&'static str, u64> {
        self.0.lock().clone()
    }
}

/// The reason for malformed input, as in metrics.
fn malformed(error: &ParseError) -> &'static str {
    match error {
        ParseError::Header => "syntax",
        ParseError::Method => "method",
        ParseError::TooLarge => "too_large",
        ParseError::Uri(_) => "uri",
        ParseError::Version => "version",
        _ => "other",
    }
}

/// The index of a cache status in [`SOURCES`].
fn source(found: Option<CacheStatus>) -> usize {
    match found {
        Some(CacheStatus::Hit(Tier::Memory)) => 0,
        Some(CacheStatus::Hit(Tier::Disk)) => 1,
        Some(CacheStatus::Hit(Tier::Redis)) => 2,
        Some(CacheStatus::Miss) => 3,
        Some(CacheStatus::Coalesced) => 4,
        Some(CacheStatus::Stale) => 5,
        None => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_match_the_order_of_the_names() {
        for (index, found) in SOURCES.into_iter().enumerate() {
            assert_eq!(source(found), index);
        }
        for (index, question) in AnalysisKind::ALL.into_iter().enumerate() {
            assert_eq!(question as usize, index);
        }
    }

    #[test]
    fn requests_are_counted_by_route_class_and_cache_status() {
        let counters = Counters::new(["overloaded"]);
        counters.request_completed(Route::Image, 200, Some(CacheStatus::Miss), 10, Duration::from_millis(1));
        counters.request_completed(Route::Image, 499, None, 0, Duration::ZERO);
        counters.request_completed(Route::Image, 0, None, 0, Duration::ZERO);
        counters.request_completed(Route::Health, 200, None, 7, Duration::ZERO);
        let counted: Vec<_> = counters.requests().filter(|(.., count)| *count > 0).collect();
        let image = Route::Image;
        let expected = [
            (image, "1xx", "none", 1),
            (image, "2xx", "miss", 1),
            (image, "4xx", "none", 1),
            (Route::Health, "2xx", "none", 1),
        ];
        assert_eq!(counted, expected);
        assert_eq!((counters.response_bytes(), counters.request_seconds.count()), (10, 3));
        counters.failures.add("other");
        assert_eq!(counters.failures.read(), BTreeMap::from([("other", 1), ("overloaded", 0)]));
    }

    #[test]
    fn renders_are_counted_by_both_formats() {
        let renders = Renders::default();
        renders.add(SourceFormat::Heif, Media::Picture(OutputFormat::Webp), 7);
        let counted: Vec<_> = renders.iter().filter(|(_, count)| count.renders.get() > 0).collect();
        assert_eq!(counted.len(), 1);
        assert_eq!((counted[0].0, counted[0].1.bytes.get()), (["avif", "webp"], 7));
        assert_eq!(renders.iter().count(), SOURCE_FORMATS.len() * RESULT_FORMATS.len());
    }

    #[test]
    fn phases_with_a_duration_are_counted() {
        let phases = Phases::default();
        phases.observe(&ServerTiming { encode: Some(Duration::from_millis(3)), ..ServerTiming::default() });
        let counted: Vec<_> = phases.iter().map(|(name, histogram)| (name, histogram.count())).collect();
        assert!(counted.contains(&("encode", 1)) && counted.contains(&("queue", 0)), "{counted:?}");
    }
}
