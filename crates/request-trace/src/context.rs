//! The headers `traceparent` and `tracestate` ([W3C Trace Context](https://www.w3.org/TR/trace-context/)).

use crate::{SpanId, TraceId};

/// Longest `tracestate` that is passed on, in bytes: what the specification asks implementations to propagate at least. A longer
/// one is dropped.
pub const MAX_STATE: usize = 512;

/// The length of a `traceparent` of version 00.
const LENGTH: usize = 55;

/// The flag for a trace that the caller records.
const SAMPLED: u8 = 1;

/// The span of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteParent {
    /// The trace.
    pub trace: TraceId,
    /// The span of the caller.
    pub span: SpanId,
    /// Whether the caller records the trace.
    pub is_sampled: bool,
    /// Data of other vendors, passed on as it is; may be empty.
    pub state: String,
}

impl RemoteParent {
    /// The parent that these headers name; none if `parent` is invalid. A `tracestate` that cannot be passed on is dropped.
    pub fn parse(parent: &str, state: &str) -> Option<Self> {
        let bytes = parent.as_bytes();
        let is_shaped = bytes.len() >= LENGTH && [2, 35, 52].iter().all(|at| bytes[*at] == b'-');
        // later versions may append fields; version ff is invalid
        let version = is_shaped.then(|| hexadecimal(&bytes[..2])).flatten()?;
        let is_allowed = match version {
            0 => bytes.len() == LENGTH,
            0xff => false,
            _ => bytes.len() == LENGTH || bytes[LENGTH] == b'-',
        };
        if !is_allowed {
            return None;
        }
        let trace = hexadecimal(&bytes[3..35]).filter(|id| *id != 0)?;
        let span = hexadecimal(&bytes[36..52]).filter(|id| *id != 0)?;
        let flags = hexadecimal(&bytes[53..LENGTH])?;
        let is_state = state.len() <= MAX_STATE && state.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        Some(Self {
            trace: TraceId(trace),
            span: SpanId(span as u64),
            is_sampled: flags as u8 & SAMPLED != 0,
            state: if is_state { state.to_owned() } else { String::new() },
        })
    }
}

/// The value of `traceparent` for a span.
pub(crate) fn traceparent(trace: TraceId, span: SpanId, is_sampled: bool) -> String {
    format!("00-{trace}-{span}-{:02x}", u8::from(is_sampled) * SAMPLED)
}

/// A number of lower-case hexadecimal digits, as the specification demands.
fn hexadecimal(digits: &[u8]) -> Option<u128> {
    let is_valid = digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let text = std::str::from_utf8(digits).ok().filter(|_| is_valid)?;
    u128::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn parents_are_read_and_written() {
        for (flags, is_sampled) in [("00", false), ("01", true), ("03", true), ("02", false)] {
            let parent = RemoteParent::parse(&format!("00-{TRACE}-{SPAN}-{flags}"), "a=b").unwrap();
            assert_eq!((parent.is_sampled, &*parent.state), (is_sampled, "a=b"), "{flags}");
            let written = traceparent(parent.trace, parent.span, is_sampled);
            assert_eq!(written, format!("00-{TRACE}-{SPAN}-0{}", u8::from(is_sampled)));
        }
        assert!(RemoteParent::parse(&format!("01-{TRACE}-{SPAN}-01-more"), "").is_some(), "a later version");
    }

    #[test]
    fn invalid_parents_are_none() {
        let zeros = "0".repeat(32);
        for parent in [
            String::new(),
            "-".repeat(55),
            "é".repeat(30),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("01-{TRACE}-{SPAN}-01more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("00-{zeros}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-+{}-{SPAN}-01", &TRACE[1..]),
            format!("00-{TRACE}-{SPAN}-0x"),
        ] {
            assert_eq!(RemoteParent::parse(&parent, ""), None, "{parent}");
        }
    }

    #[test]
    fn a_state_that_cannot_be_passed_on_is_dropped() {
        for state in ["x".repeat(MAX_STATE + 1), "a\r\nb".to_owned(), "é".to_owned()] {
            let parent = RemoteParent::parse(&format!("00-{TRACE}-{SPAN}-01"), &state).unwrap();
            assert_eq!(parent.state, "");
        }
    }
}
