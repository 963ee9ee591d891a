//! Where the time of an answer went: the `Server-ServerTiming` header.

use std::{
    fmt::{self, Display, Formatter},
    time::Duration,
};

/// Time spent in each stage that was gone through.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerTiming {
    /// Waiting for a render thread.
    pub queue: Option<Duration>,
    /// Getting the original, from the cache or the origin.
    pub fetch: Option<Duration>,
    /// Finding out what is to be seen in the original, from the cache or by looking.
    pub see: Option<Duration>,
    /// Reading the header and measuring.
    pub decode: Option<Duration>,
    /// Computing pixels that had to be in memory before encoding.
    pub process: Option<Duration>,
    /// Encoding, and computing the pixels that stream into the encoder: as a rule all of them.
    pub encode: Option<Duration>,
    /// Looking in the cache of answers.
    pub cache: Option<Duration>,
}

impl ServerTiming {
    /// Every phase with its name.
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
        let spent = self.phases().into_iter().filter_map(|(stage, spent)| Some((stage, spent?)));
        for (index, (stage, spent)) in spent.enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{stage};dur={:.2}", spent.as_secs_f64() * 1e3)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_in_milliseconds() {
        let timing = ServerTiming {
            fetch: Some(Duration::from_micros(12_345)),
            cache: Some(Duration::from_micros(7)),
            ..ServerTiming::default()
        };
        assert_eq!(timing.to_string(), "fetch;dur=12.35, cache;dur=0.01");
        assert_eq!(ServerTiming::default().to_string(), "");
    }
}
