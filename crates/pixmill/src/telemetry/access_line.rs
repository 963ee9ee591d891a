//! A line of the access log as JSON: as `tracing-subscriber` writes the event, at a fraction of its cost.

use std::{
    cell::RefCell,
    fmt::{self, Display, Formatter},
    io::Write,
    net::IpAddr,
};

use serde::{Serialize, Serializer};
use tracing_subscriber::fmt::{
    format::Writer,
    time::{FormatTime, SystemTime},
};

use super::{access_log::LineQueue, logs::ACCESS};

/// The fields of a line, in the order in which they are written.
#[derive(Debug, Serialize)]
pub struct AccessFields<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, without secrets.
    pub path: &'a str,
    /// The query, without secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<&'a str>,
    /// The status of the response.
    pub status: u16,
    /// The length of its body.
    pub bytes: u64,
    /// The time that it took, in milliseconds.
    pub elapsed_ms: f64,
    /// Where its picture came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<&'a str>,
    /// The id of the request.
    pub request_id: &'a str,
    /// The address of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<IpAddr>,
    /// The client program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'a str>,
    /// The page that refers to the picture, without its query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referer: Option<&'a str>,
}

/// The whole line.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: Now,
    level: &'static str,
    #[serde(flatten)]
    fields: &'a AccessFields<'a>,
    target: &'static str,
}

/// The time of writing.
struct Now;

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

/// Queues the line of a request.
pub fn write(fields: &AccessFields<'_>, queue: &LineQueue) {
    thread_local! {
        /// Reused from line to line.
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        let line = Line { timestamp: Now, level: "INFO", fields, target: ACCESS };
        // writing to a vector cannot fail, and no field fails to be serialized
        if serde_json::to_writer(&mut *buffer, &line).is_ok() && buffer.write_all(b"\n").is_ok() {
            queue.push(buffer);
        }
    });
}
