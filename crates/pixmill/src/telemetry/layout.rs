//! The structured formats of log lines: JSON of our own, ECS, that of Google Cloud Logging, and logfmt.

use std::{
    error::Error,
    fmt::{self, Debug, Display, Formatter},
};

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap},
};
use serde_json::Value;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{DefaultFields, Writer},
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

use super::{current_request, logfmt};

/// The version of the Elastic Common Schema whose field names are used.
pub const ECS_VERSION: &str = "8.11.0";

/// The field with the id of the request that an event belongs to.
pub const REQUEST_ID: &str = "request_id";

/// The field with the trace of the request that an event belongs to.
pub const TRACE_ID: &str = "trace_id";

/// A structured format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One flat JSON object per line.
    Json,
    /// The Elastic Common Schema, with dotted names.
    Ecs,
    /// The special fields of Google Cloud Logging in JSON.
    Gcp,
    /// `name=value` pairs.
    Logfmt,
}

/// The time of writing, in RFC 3339 with microseconds.
pub struct Now;

impl Display for Now {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        SystemTime.format_time(&mut Writer::new(f))
    }
}

impl Serialize for Now {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The severity of a level in Google Cloud Logging.
pub fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

/// The fields of an event in their order.
#[derive(Default)]
pub struct Fields {
    /// Its message.
    pub message: String,
    /// The other fields.
    pub others: Vec<(&'static str, Value)>,
}

impl Fields {
    /// The fields of an event, and the trace that it belongs to.
    fn of(event: &Event<'_>) -> Self {
        let mut fields = Self::recorded(event);
        fields.add_request();
        let has_trace = fields.others.iter().any(|(name, _)| *name == TRACE_ID);
        if let Some(context) = request_trace::current().filter(|_| !has_trace) {
            fields.others.push((TRACE_ID, context.trace_id().to_string().into()));
        }
        fields
    }

    /// Adds the id of the request that the event belongs to, if it is not there.
    pub fn add_request(&mut self) {
        let has_request = self.others.iter().any(|(name, _)| *name == REQUEST_ID);
        if let Some(id) = current_request::current().filter(|_| !has_request) {
            self.others.push((REQUEST_ID, id.as_str().into()));
        }
    }

    /// The fields of an event.
    pub fn recorded(event: &Event<'_>) -> Self {
        let mut fields = Self::default();
        event.record(&mut fields);
        fields
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        self.others.push((name.strip_prefix("r#").unwrap_or(name), value.into()));
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.add(field, value);
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.add(field, value.to_string());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// An event as one JSON object.
struct JsonEvent<'a> {
    layout: Layout,
    level: Level,
    target: &'a str,
    fields: &'a Fields,
}

impl Serialize for JsonEvent<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { layout, level, target, fields } = self;
        let mut map = serializer.serialize_map(None)?;
        match layout {
            Layout::Json => {
                map.serialize_entry("timestamp", &Now)?;
                map.serialize_entry("level", level.as_str())?;
                if !fields.message.is_empty() {
                    map.serialize_entry("message", &fields.message)?;
                }
                for (name, value) in &fields.others {
                    map.serialize_entry(name, value)?;
                }
                map.serialize_entry("target", target)?;
            }
            Layout::Ecs => {
                map.serialize_entry("@timestamp", &Now)?;
                map.serialize_entry("log.level", &level.as_str().to_ascii_lowercase())?;
                map.serialize_entry("message", &fields.message)?;
                map.serialize_entry("ecs.version", ECS_VERSION)?;
                map.serialize_entry("log.logger", target)?;
                for (name, value) in &fields.others {
                    map.serialize_entry(&ecs_name(name), value)?;
                }
            }
            Layout::Gcp => {
                map.serialize_entry("time", &Now)?;
                map.serialize_entry("severity", severity(*level))?;
                map.serialize_entry("message", &fields.message)?;
                map.serialize_entry("target", target)?;
                for (name, value) in &fields.others {
                    let name = if *name == TRACE_ID { "logging.googleapis.com/trace" } else { name };
                    map.serialize_entry(name, value)?;
                }
            }
            Layout::Logfmt => return Err(S::Error::custom("invariant: logfmt is not JSON")),
        }
        map.end()
    }
}

/// The name of a field in ECS: one of its own, or below a name of ours.
fn ecs_name(name: &str) -> String {
    match name {
        "error" => "error.message".to_owned(),
        REQUEST_ID => "http.request.id".to_owned(),
        TRACE_ID => "trace.id".to_owned(),
        _ => format!("pixmill.{name}"),
    }
}

/// Writes events in a structured format.
pub struct StructuredEvents(pub Layout);

impl<S, N> FormatEvent<S, N> for StructuredEvents
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (layout, fields) = (self.0, Fields::of(event));
        let (level, target) = (*event.metadata().level(), event.metadata().target());
        let mut line = String::new();
        if layout == Layout::Logfmt {
            logfmt::head(&mut line, level, target);
            if !fields.message.is_empty() {
                logfmt::pair(&mut line, "msg", &fields.message);
            }
            for (name, value) in &fields.others {
                match value {
                    Value::String(text) => logfmt::pair(&mut line, name, text),
                    number => logfmt::pair(&mut line, name, &number.to_string()),
                }
            }
        } else {
            let event = JsonEvent { layout, level, target, fields: &fields };
            line = serde_json::to_string(&event).map_err(|_| fmt::Error)?;
        }
        line.push('\n');
        writer.write_str(&line)
    }
}

/// The fields of events as text for people, and the request and the trace that the event belongs to.
pub struct TracedFields;

impl<'w> FormatFields<'w> for TracedFields {
    fn format_fields<R: tracing_subscriber::field::RecordFields>(
        &self,
        mut writer: Writer<'w>,
        fields: R,
    ) -> fmt::Result {
        DefaultFields::new().format_fields(writer.by_ref(), fields)?;
        if let Some(id) = current_request::current() {
            write!(writer, " {REQUEST_ID}={}", id.as_str())?;
        }
        match request_trace::current() {
            Some(context) => write!(writer, " {TRACE_ID}={}", context.trace_id()),
            None => Ok(()),
        }
    }
}
