//! Removes interim responses (1xx) from what an origin sends, so that the client reads final responses only.
//!
//! awc takes `103 Early Hints` for the response, and the connection for idle while the final one is still to come. An
//! origin may send any number of interim responses to any request (RFC 9110, section 15.2), so they are skipped below awc.
//! `101 Switching Protocols` is final: it was not requested, and what follows is not HTTP. The head of a final response is
//! collected whole, so that one without a stated length can be recognised ([`super::unframed`]).

use std::{fmt, io, ops::Range};

use bytes::{Buf, BytesMut};

use super::unframed;

/// The most interim responses to one request. Servers send one or two; curl has a limit too.
const MOST_RESPONSES: usize = 16;

/// The most bytes of all interim responses to one request, and of a head that is not known to be final.
const MOST_BYTES: usize = 64 * 1024;

/// How every status line begins; the minor version and the status follow.
const BEGINNING: &[u8] = b"HTTP/1.";

/// Where the status ends in a status line: `HTTP/1.1 103`.
const STATUS_END: usize = 12;

/// A filter between the bytes of a connection and its reader.
#[derive(Debug, Default)]
pub(super) struct InterimFilter {
    /// Whether the next bytes are the beginning of a response.
    at_head: bool,
    /// Bytes that were received and not passed on yet.
    held: BytesMut,
    responses: usize,
    bytes: usize,
}

/// An origin sends too many interim responses. Passed inside an [`io::Error`], the only error that awc passes on.
#[derive(Debug)]
pub(super) struct TooManyInterim;

/// What the bytes at the beginning of a response are.
enum HeadState {
    /// It is not known yet.
    Unknown,
    /// An interim response of this length.
    Interim(usize),
    /// A final response whose head is complete: the range of it.
    Final(Range<usize>),
    /// A final response whose head is not complete yet.
    Unfinished,
    /// Something else, which is passed on.
    Other,
}

impl InterimFilter {
    /// A request goes out: what is read next begins the response to it.
    pub(super) fn sent(&mut self) {
        if !self.at_head && self.held.is_empty() {
            *self = Self { at_head: true, ..Self::default() };
        }
    }

    /// Whether bytes can bypass the filter: they belong to a final response.
    pub(super) fn is_open(&self) -> bool {
        !self.at_head && self.held.is_empty()
    }

    /// Takes received bytes; an empty slice means that the connection has ended.
    pub(super) fn take(&mut self, read: &[u8]) -> io::Result<()> {
        self.held.extend_from_slice(read);
        while self.at_head {
            match head_state(&self.held) {
                HeadState::Interim(length) => {
                    self.responses += 1;
                    self.bytes += length;
                    self.held.advance(length);
                }
                HeadState::Final(head) => {
                    unframed::mark(&mut self.held[head]);
                    self.at_head = false;
                }
                HeadState::Other => self.at_head = false,
                // an incomplete or endless head: awc reports the error
                HeadState::Unknown | HeadState::Unfinished if read.is_empty() => self.at_head = false,
                HeadState::Unfinished if self.held.len() > MOST_BYTES => self.at_head = false,
                HeadState::Unknown | HeadState::Unfinished => break,
            }
            self.check()?;
        }
        self.check()
    }

    /// Passes on at most `room` bytes.
    pub(super) fn give(&mut self, room: usize) -> Option<BytesMut> {
        let ready = !self.at_head && !self.held.is_empty();
        ready.then(|| self.held.split_to(room.min(self.held.len())))
    }

    fn check(&self) -> io::Result<()> {
        let undecided = if self.at_head { self.held.len() } else { 0 };
        if self.responses > MOST_RESPONSES || self.bytes.max(undecided) > MOST_BYTES {
            return Err(io::Error::other(TooManyInterim));
        }
        Ok(())
    }
}

fn head_state(bytes: &[u8]) -> HeadState {
    // line ends before a status line are skipped by awc too
    let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let line = &bytes[blank..];
    let known = line.len().min(BEGINNING.len());
    if line[..known] != BEGINNING[..known] {
        return HeadState::Other;
    }
    let Some(status) = line.get(..STATUS_END) else { return HeadState::Unknown };
    match status[BEGINNING.len()..] {
        [_, b' ', b'1', b'0', b'1'] => HeadState::Other,
        [_, b' ', b'1', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            end(line).map_or(HeadState::Unknown, |end| HeadState::Interim(blank + end))
        }
        _ => end(line).map_or(HeadState::Unfinished, |end| HeadState::Final(blank..blank + end)),
    }
}

/// Where a head ends: behind its empty line. Lines may end with a line feed alone, as awc has it too.
fn end(head: &[u8]) -> Option<usize> {
    let mut ends = head.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    ends.find_map(|next| match &head[next..] {
        [b'\n', ..] => Some(next + 1),
        [b'\r', b'\n', ..] => Some(next + 2),
        _ => None,
    })
}

impl fmt::Display for TooManyInterim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "too many interim responses, expected at most {MOST_RESPONSES} of {MOST_BYTES} bytes in all"
        )
    }
}

impl std::error::Error for TooManyInterim {}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is passed on of a response that comes in pieces of this size, and then ends.
    fn passed(said: &[u8], piece: usize) -> io::Result<Vec<u8>> {
        let mut filter = InterimFilter::default();
        filter.sent();
        let mut passed = Vec::new();
        for read in said.chunks(piece).chain([&[][..]]) {
            filter.take(read)?;
            while let Some(bytes) = filter.give(7) {
                passed.extend_from_slice(&bytes);
            }
        }
        Ok(passed)
    }

    #[test]
    fn interim_responses_are_left_out_whatever_the_pieces() {
        let ok = "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nbody!!";
        let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        for (said, expected) in [
            (ok.to_owned(), ok),
            (format!("{hints}{ok}"), ok),
            (format!("HTTP/1.1 100 Continue\r\n\r\n{hints}{hints}HTTP/1.1 102\r\n\r\n{ok}"), ok),
            (format!("HTTP/1.1 199 X\nA: b\n\n\r\n{ok}"), &*format!("\r\n{ok}")),
            (format!("\r\n\n{hints}{ok}"), ok),
            (format!("HTTP/1.0 103 Early Hints\r\n\r\n{ok}"), ok),
            (hints.to_owned(), ""),
            (String::new(), ""),
            // not ours to judge
            ("HTTP/1.1 103 Early".to_owned(), "HTTP/1.1 103 Early"),
            ("HTTP/1.1 1".to_owned(), "HTTP/1.1 1"),
            ("HTTP/1.1 1x3 X\r\n\r\n".to_owned(), "HTTP/1.1 1x3 X\r\n\r\n"),
            ("HTTP/2 103\r\n\r\n".to_owned(), "HTTP/2 103\r\n\r\n"),
            ("ICY 200 OK\r\n\r\n".to_owned(), "ICY 200 OK\r\n\r\n"),
            (
                format!("{hints}HTTP/1.1 101 Switching\r\n\r\n{hints}"),
                &*format!("HTTP/1.1 101 Switching\r\n\r\n{hints}"),
            ),
        ] {
            for piece in [1, 2, 3, 11, 12, 13, 4096] {
                let passed = passed(said.as_bytes(), piece).unwrap();
                assert_eq!(String::from_utf8(passed).unwrap(), expected, "{said:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_response_without_an_end_is_told_whatever_the_pieces() {
        let body = "\r\nHTTP/1.1 200 OK\r\n\r\n";
        for piece in [1, 2, 7, 4096] {
            let said = format!("HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\n{body}");
            let client_url = passed(said.as_bytes(), piece).unwrap();
            assert_eq!(
                String::from_utf8(client_url).unwrap(),
                format!("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{body}")
            );
        }
    }

    #[test]
    fn they_are_bounded_in_number_and_in_bytes() {
        let hints = "HTTP/1.1 103 Early Hints\r\n\r\n";
        let long = |bytes: usize| {
            let head = "HTTP/1.1 103 Early Hints\r\nLink: ";
            format!("{head}{}\r\n\r\n", "x".repeat(bytes - head.len() - 4))
        };
        for (said, is_fine) in [
            (hints.repeat(MOST_RESPONSES), true),
            (hints.repeat(MOST_RESPONSES + 1), false),
            (long(MOST_BYTES), true),
            (long(MOST_BYTES + 1), false),
            (long(MOST_BYTES / 2).repeat(2), true),
            (long(MOST_BYTES / 2 + 1).repeat(2), false),
            ("\r\n".repeat(MOST_BYTES), false),
            // a head that is final is for awc to judge
            (format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(MOST_BYTES)), true),
        ] {
            for piece in [1000, 4096] {
                let passed = passed(format!("{said}HTTP/1.1 200 OK\r\n\r\n").as_bytes(), piece);
                assert_eq!(passed.is_ok(), is_fine, "{} bytes", said.len());
            }
        }
    }

    #[test]
    fn each_request_begins_anew_and_bodies_go_past() {
        let mut filter = InterimFilter::default();
        assert!(filter.is_open(), "before the first request nothing is a response");
        for _ in 0..3 {
            filter.sent();
            filter.sent();
            assert!(!filter.is_open());
            for _ in 0..MOST_RESPONSES {
                filter.take(b"HTTP/1.1 103 X\r\n\r\n").unwrap();
                assert_eq!(filter.give(99), None);
            }
            filter.take(b"HTTP/1.1 204 X\r\n").unwrap();
            assert_eq!(filter.give(99), None, "not before the head is whole");
            filter.take(b"\r\n").unwrap();
            assert!(!filter.is_open());
            assert_eq!(filter.give(99).unwrap(), "HTTP/1.1 204 X\r\n\r\n");
            assert!(filter.is_open());
        }
    }
}
