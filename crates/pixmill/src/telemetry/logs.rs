//! Logging: events on standard error, in a structured format or as text for people.

use std::{
    error::Error,
    io::{self, IsTerminal},
    panic,
    sync::Arc,
    thread,
};

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tracing::{Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::{ParseError, Targets},
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

pub use super::access_line::ACCESS;
use super::{
    LogExport,
    access_log::{AccessLog, LineQueue, LineWriter},
    layout::{Layout, StructuredEvents, TracedFields},
};

/// The target of warnings of libvips and its codecs.
const LIBVIPS: &str = "libvips";

/// The default filter: the web server's own events at `info` are about its threads only.
const DEFAULT_FILTER: &str = "info,actix_server=warn";

/// The target where the web server logs each aborted connection as an error, including clients that do not speak HTTP.
/// `Counters::connection_failed` counts and logs these instead, by severity.
const DISPATCHER_OFF: &str = "actix_http::h1::dispatcher=off";

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// The format of events.
    pub format: Format,
    /// Which events are logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels per target such as
    /// `info,libvips=debug`.
    pub filter: String,
    /// Whether each request is logged, with the target `access`.
    pub access: bool,
}

/// The format of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As `human` if standard error is a terminal, else as `json`, beside lines of text with the addresses of the listeners for
    /// scripts that start a server.
    #[default]
    Auto,
    /// One JSON object per line.
    Json,
    /// Text for people.
    Human,
    /// One JSON object per line with the field names of the Elastic Common Schema.
    Ecs,
    /// One JSON object per line with the special fields of Google Cloud Logging, such as `severity` and `httpRequest`.
    Gcp,
    /// One line of `name=value` pairs per event.
    Logfmt,
}

/// Whether text for people may have colours where standard error is a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// It may.
    Allowed,
    /// It may not: `NO_COLOR` is set.
    Never,
}

impl Default for Logs {
    fn default() -> Self {
        Self { format: Format::Auto, filter: DEFAULT_FILTER.to_owned(), access: true }
    }
}

impl Logs {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let problem = |error| {
            let text = format!("expected a level or target=level pairs ({error}), got {:?}", self.filter);
            Problem::new("logs.filter", text)
        };
        self.directives().map_err(problem).err().into_iter().collect()
    }

    fn directives(&self) -> Result<Targets, String> {
        let mut pieces: Vec<_> =
            self.filter.split(',').map(str::trim).filter(|piece| !piece.is_empty()).collect();
        if pieces.iter().any(|piece| piece.starts_with('=')) {
            return Err("a target is missing before \"=\"".to_owned());
        }
        // a target without a level would be valid, and silence all others
        let is_level = |piece: &str| piece.parse::<LevelFilter>().is_ok();
        if let Some(piece) = pieces.iter().find(|piece| !piece.contains('=') && !is_level(piece)) {
            return Err(format!("{piece:?} is none of off, error, warn, info, debug and trace"));
        }
        if !self.access {
            pieces.push("access=off");
        }
        if !self.filter.contains("actix_http") {
            pieces.push(DISPATCHER_OFF);
        }
        pieces.join(",").parse().map_err(|error: ParseError| error.to_string())
    }

    /// Whether standard error has structured lines alone, so that addresses are not told as text too.
    pub fn is_strict(&self) -> bool {
        !matches!(self.format, Format::Auto | Format::Human)
    }

    /// The structured format; none: text for people.
    fn layout(&self, terminal: bool) -> Option<Layout> {
        match self.format {
            Format::Auto => (!terminal).then_some(Layout::Json),
            Format::Human => None,
            Format::Json => Some(Layout::Json),
            Format::Ecs => Some(Layout::Ecs),
            Format::Gcp => Some(Layout::Gcp),
            Format::Logfmt => Some(Layout::Logfmt),
        }
    }

    fn layer<S, W>(&self, terminal: bool, colour: Colour, writer: W) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: tracing::Subscriber + for<'a> registry::LookupSpan<'a>,
        W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
    {
        let layer = fmt::layer().with_writer(writer);
        match self.layout(terminal) {
            Some(layout) => layer.event_format(StructuredEvents(layout)).boxed(),
            None => layer.with_ansi(terminal && colour == Colour::Allowed).fmt_fields(TracedFields).boxed(),
        }
    }
}

/// Starts logging to standard error. Fails if the filter is invalid, or if logging was started before.
pub fn start(logs: &Logs) -> Result<(), Box<dyn Error + Send + Sync>> {
    let layer = logs.layer(io::stderr().is_terminal(), Colour::Never, io::stderr);
    registry().with(logs.directives()?).with(layer).try_init()?;
    Ok(())
}

/// As [`start`], for a server: the access log is written by a thread of its own. It is written out by [`AccessLog::close`].
/// Events are passed to `export` too.
pub fn start_server(
    logs: &Logs,
    colour: Colour,
    export: Option<&LogExport>,
) -> Result<AccessLog, Box<dyn Error + Send + Sync>> {
    let terminal = io::stderr().is_terminal();
    let log = AccessLog::start(io::stderr())?;
    let layer = logs.layer(terminal, colour, ByTarget(Arc::clone(log.queue())));
    registry().with(logs.directives()?).with(layer).with(export.map(LogExport::layer)).try_init()?;
    log.install(logs.layout(terminal));
    Ok(log)
}

/// Where the log has structured lines alone, panics are events too, in place of text and a backtrace.
pub fn structure_panics(logs: &Logs) {
    if logs.is_strict() {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            let thread = thread::current();
            let message = info.payload_as_str().unwrap_or_default();
            tracing::error!(thread = thread.name().unwrap_or_default(), place, "panic: {message}");
        }));
    }
}

/// Queues the lines of the access log, and writes all others at once.
struct ByTarget(Arc<LineQueue>);

impl<'a> MakeWriter<'a> for ByTarget {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter::Direct(io::stderr())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> LineWriter<'a> {
        if meta.target() == ACCESS { LineWriter::Queued(&self.0) } else { self.make_writer() }
    }
}

/// Logs a warning of libvips, as `on_warning` of its settings. Broken originals are common, hence `debug`.
pub fn vips_warning(message: &str) {
    tracing::debug!(target: LIBVIPS, "{message}");
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What filters events in the tests.
    type Filtered = tracing_subscriber::layer::Layered<Targets, tracing_subscriber::Registry>;

    /// What is logged while `act` runs.
    fn logged(logs: &Logs, act: impl FnOnce()) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&written);
        written_by(logs.layer(false, Colour::Allowed, move || Line(Arc::clone(&writer))), logs, act);
        let written = written.lock().unwrap();
        String::from_utf8(written.clone()).unwrap()
    }

    /// What is logged on a terminal while `act` runs.
    fn logged_on_terminal(logs: &Logs, colour: Colour, act: impl FnOnce()) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&written);
        written_by(logs.layer(true, colour, move || Line(Arc::clone(&writer))), logs, act);
        let written = written.lock().unwrap();
        String::from_utf8(written.clone()).unwrap()
    }

    fn written_by(layer: Box<dyn Layer<Filtered> + Send + Sync>, logs: &Logs, act: impl FnOnce()) {
        let subscriber = registry().with(logs.directives().unwrap()).with(layer);
        tracing::subscriber::with_default(subscriber, act);
    }

    /// Writes the events of `act` as JSON.
    pub fn with_json(output: impl io::Write + Clone + Send + Sync + 'static, act: impl FnOnce()) {
        let logs = Logs { format: Format::Json, ..Logs::default() };
        let layer = logs.layer(false, Colour::Never, move || output.clone());
        tracing::subscriber::with_default(registry().with(layer), act);
    }

    struct Line(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Line {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_events_are_one_flat_object_per_line() {
        let logs = Logs { format: Format::Json, ..Logs::default() };
        let text = logged(&logs, || {
            tracing::info!(target: ACCESS, status = 200, path = "/a\nb", "answered");
            tracing::warn!("second");
        });
        let events: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(events.len(), 2);
        assert_eq!(events[0]["target"], ACCESS);
        assert_eq!(events[0]["status"], 200);
        assert_eq!(events[0]["path"], "/a\nb");
        assert_eq!(events[0]["message"], "answered");
        assert_eq!(events[1]["level"], "WARN");
    }

    #[test]
    fn panics_are_events_where_all_lines_are_structured() {
        let logs = Logs { format: Format::Json, ..Logs::default() };
        structure_panics(&logs);
        let text = logged(&logs, || drop(panic::catch_unwind(|| panic!("first\nsecond"))));
        assert_eq!(text.lines().count(), 1, "{text}");
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&event["level"], &event["message"]), (&"ERROR".into(), &"panic: first\nsecond".into()));
        assert!(event["place"].as_str().unwrap().contains("logs.rs"), "{text}");
    }

    /// An event of each other structured format, parsed.
    #[test]
    fn events_have_the_fields_of_their_format() {
        let event = |format| {
            let logs = Logs { format, ..Logs::default() };
            let act = || {
                tracing::warn!(error = %"broken pipe", trace_id = "ab", count = 3, is_late = true, "cannot \"do\"\n it");
            };
            let text = logged(&logs, act);
            assert_eq!(text.lines().count(), 1, "{text}");
            text
        };
        let ecs: serde_json::Value = serde_json::from_str(&event(Format::Ecs)).unwrap();
        assert!(ecs["@timestamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!((&ecs["log.level"], &ecs["error.message"]), (&"warn".into(), &"broken pipe".into()));
        assert_eq!((&ecs["trace.id"], &ecs["pixmill.count"]), (&"ab".into(), &3.into()));
        assert_eq!((&ecs["message"], &ecs["pixmill.is_late"]), (&"cannot \"do\"\n it".into(), &true.into()));
        let gcp: serde_json::Value = serde_json::from_str(&event(Format::Gcp)).unwrap();
        assert!(gcp["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!((&gcp["severity"], &gcp["count"]), (&"WARNING".into(), &3.into()));
        assert_eq!(gcp["logging.googleapis.com/trace"], "ab");
        let logfmt = event(Format::Logfmt);
        let (_, rest) = logfmt.split_once(" target=").unwrap();
        let (_, rest) = rest.split_once(' ').unwrap();
        let expected =
            "msg=\"cannot \\\"do\\\"\\n it\" error=\"broken pipe\" trace_id=ab count=3 is_late=true\n";
        assert_eq!(rest, expected);
    }

    #[test]
    fn events_of_a_traced_request_have_its_trace() {
        struct Nothing;
        impl request_trace::Sink for Nothing {
            fn export(&self, _: &request_trace::TraceInfo, _: Vec<request_trace::FinishedSpan>) {}
        }
        let trace = request_trace::Trace::start(None, 1.0, Arc::new(Nothing));
        for format in [Format::Json, Format::Human, Format::Ecs, Format::Gcp, Format::Logfmt] {
            let text = logged(&Logs { format, ..Logs::default() }, || {
                let work = request_trace::scope(Some(trace.context()), async { tracing::info!("done") });
                futures_util::FutureExt::now_or_never(work).unwrap();
            });
            assert!(text.contains(&trace.id().to_string()), "{format:?}: {text}");
        }
    }

    #[test]
    fn auto_is_json_where_there_is_no_terminal() {
        assert!(logged(&Logs::default(), || tracing::info!("x")).starts_with('{'));
    }

    #[test]
    fn text_for_people_has_no_escapes_outside_a_terminal() {
        let logs = Logs { format: Format::Human, ..Logs::default() };
        let text = logged(&logs, || tracing::info!(status = 200, "answered"));
        assert!(text.contains("INFO") && text.ends_with("answered status=200\n"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn terminals_get_colours_unless_they_are_forbidden() {
        let text = |colour| logged_on_terminal(&Logs::default(), colour, || tracing::info!("answered"));
        assert!(text(Colour::Allowed).contains('\u{1b}'));
        assert!(!text(Colour::Never).contains('\u{1b}'));
    }

    #[test]
    fn the_filter_applies() {
        let events = |logs: &Logs| {
            logged(logs, || {
                tracing::info!(target: ACCESS, "line");
                tracing::info!("news");
                tracing::debug!("detail");
                vips_warning("odd chunk");
            })
            .lines()
            .count()
        };
        assert_eq!(events(&Logs::default()), 2);
        assert_eq!(events(&Logs { access: false, ..Logs::default() }), 1);
        assert_eq!(events(&Logs { filter: "warn,libvips=debug".to_owned(), ..Logs::default() }), 1);
        assert_eq!(events(&Logs { filter: "off".to_owned(), ..Logs::default() }), 0);
    }

    #[test]
    fn the_web_server_does_not_log_what_clients_send_as_errors() {
        let events = |filter: &str| {
            let logs = Logs { filter: filter.to_owned(), ..Logs::default() };
            logged(&logs, || tracing::error!(target: "actix_http::h1::dispatcher", "stream error"))
                .lines()
                .count()
        };
        assert_eq!(events(DEFAULT_FILTER), 0);
        assert_eq!(events("debug"), 0);
        assert_eq!(events("info,actix_http=error"), 1, "unless it is configured");
    }

    #[test]
    fn an_invalid_filter_is_a_problem() {
        for filter in ["info,=", "=", "pixmill=loud", "a=b=c", "wrn", "info,pixmill", "!!"] {
            let problems = Logs { filter: filter.to_owned(), ..Logs::default() }.problems();
            assert!(problems.len() == 1 && problems[0].key == "logs.filter", "{filter}: {problems:?}");
        }
        assert_eq!(Logs::default().problems(), []);
    }
}
