//! Time in each phase of a response: the `Server-Timing` header, and the phases of metrics.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// Time in each phase; none for phases that the response did not need.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerTiming {
    /// Waiting for a render thread.
    pub queue: Option<Duration>,
    /// Getting the original and the overlays, from the cache or the origin.
    pub fetch: Option<Duration>,
    /// Analysing the original (faces, nudity, labels), or finding the results in the cache.
    pub see: Option<Duration>,
    /// Reading the header, and measuring pixels where the plan depends on them.
    pub decode: Option<Duration>,
    /// Computing pixels that had to be in memory before encoding.
    pub process: Option<Duration>,
    /// Encoding, and computing the pixels that stream into the encoder: usually all of them.
    pub encode: Option<Duration>,
    /// Looking the variant up in the results cache.
    pub cache: Option<Duration>,
}

impl ServerTiming {
    /// Every phase with its name in the header and in metrics.
    pub fn phases(&self) -> [(&'static str, Option<Duration>); 7] {
        [
            ("queue", self.queue),
            ("fetch", self.fetch),
            ("see", self.see),
            ("decode", self.decode),
            ("process", self.process),
            ("encode", self.encode),
            ("cache", self.cache),
        ]
    }
}

impl Display for ServerTiming {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let spent = self.phases().into_iter().filter_map(|(phase, spent)| Some((phase, spent?)));
        for (index, (phase, spent)) in spent.enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{phase};dur={:.2}", spent.as_secs_f64() * 1e3)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phases_are_written_in_milliseconds() {
        let timing = ServerTiming {
            fetch: Some(Duration::from_micros(12_345)),
            cache: Some(Duration::from_micros(7)),
            ..ServerTiming::default()
        };
        assert_eq!(timing.to_string(), "fetch;dur=12.35, cache;dur=0.01");
        assert_eq!(ServerTiming::default().to_string(), "");
    }
}
