//! Percent-encodes what clients leave raw in request targets: `"`, `<`, `>`, a backtick and bytes beyond ASCII.
//!
//! Browsers encode these, scripts often do not, and the HTTP engine answers them with a bare 400 before anything of ours
//! sees the request. Nothing but the target of a request line is changed. Where a request has a body, it is not known here
//! where the next one begins, so that all that follows on its connection passes as it is.

/// Where the scan is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In the method, or before it.
    Method,
    /// Between the method and the version.
    Target,
    /// Behind the target, until the end of the line.
    Version,
    /// In the name of a header, of which this many bytes are collected.
    Name(usize),
    /// In the value of a header.
    Value,
    /// Nothing is looked at any more.
    Off,
}

/// Headers that say that a body follows.
const FRAMING: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];

/// Bytes of a name that are collected: the longest of [`FRAMING`], and blanks behind it.
const LONGEST: usize = 24;

/// Scans the bytes of one connection.
#[derive(Debug)]
pub struct RequestTargets {
    state: State,
    /// The beginning of the header's name, in small letters.
    name: [u8; LONGEST],
}

impl Default for RequestTargets {
    fn default() -> Self {
        Self { state: State::Method, name: [0; LONGEST] }
    }
}

impl RequestTargets {
    /// The index of the first byte that has to be encoded; the scan stops before it.
    pub fn first_raw(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.state == State::Off {
            return None;
        }
        bytes.iter().position(|byte| self.step(*byte))
    }

    /// The bytes with what is raw in a target percent-encoded.
    pub fn encoded(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(bytes.len() + 64);
        for byte in bytes {
            if self.step(*byte) {
                encoded.extend_from_slice(percent_encoding::percent_encode_byte(*byte).as_bytes());
            } else {
                encoded.push(*byte);
            }
        }
        encoded
    }

    /// Goes on by one byte; whether it has to be encoded, in which case nothing has changed.
    fn step(&mut self, byte: u8) -> bool {
        self.state = match (self.state, byte) {
            (State::Method, b' ') => State::Target,
            // what looks like no request line is for the engine to refuse
            (State::Method, byte) if byte.is_ascii_graphic() || byte == b'\r' || byte == b'\n' => {
                State::Method
            }
            (State::Off | State::Method, _) => State::Off,
            (State::Target, b'"' | b'<' | b'>' | b'`' | b'\x7f'..) => return true,
            (State::Target, b' ') => State::Version,
            // an empty line: the next request
            (State::Name(0), b'\n') => State::Method,
            (State::Target | State::Version | State::Value, b'\n') | (State::Name(0), b'\r') => {
                State::Name(0)
            }
            (State::Name(length), b':') if self.says_body(length) => State::Off,
            (State::Name(_), b':') => State::Value,
            (State::Name(length), byte) => {
                if let Some(slot) = self.name.get_mut(length) {
                    *slot = byte.to_ascii_lowercase();
                }
                State::Name(length + 1)
            }
            (state, _) => state,
        };
        false
    }

    fn says_body(&self, length: usize) -> bool {
        self.name.get(..length).is_some_and(|name| FRAMING.contains(&name.trim_ascii()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out of a connection on which these bytes came, in pieces of this length.
    fn through(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut targets = RequestTargets::default();
        let mut out = Vec::new();
        for piece in bytes.chunks(piece) {
            match targets.first_raw(piece) {
                Some(at) => {
                    out.extend_from_slice(&piece[..at]);
                    out.extend(targets.encoded(&piece[at..]));
                }
                None => out.extend_from_slice(piece),
            }
        }
        out
    }

    #[test]
    fn targets_and_nothing_else() {
        for (sent, expected) in [
            (
                "GET /a<b>\"c\".jpg?x=\u{e9} HTTP/1.1\r\nx: <\u{e9}>\r\n\r\n",
                "GET /a%3Cb%3E%22c%22.jpg?x=%C3%A9 HTTP/1.1\r\nx: <\u{e9}>\r\n\r\n",
            ),
            // the next request on the connection, and pipelined ones
            (
                "GET /a HTTP/1.1\r\n\r\nHEAD /<> HTTP/1.1\r\n\r\nGET /\" HTTP/1.1\n\n",
                "GET /a HTTP/1.1\r\n\r\nHEAD /%3C%3E HTTP/1.1\r\n\r\nGET /%22 HTTP/1.1\n\n",
            ),
            // empty lines before a request line
            ("\r\n\r\nGET /< HTTP/1.1\r\n\r\n", "\r\n\r\nGET /%3C HTTP/1.1\r\n\r\n"),
            // bodies, and all that follows them
            (
                "POST /< HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET /< x\nGET /< HTTP/1.1\r\n\r\n",
                "POST /%3C HTTP/1.1\r\nContent-Length: 9\r\n\r\nGET /< x\nGET /< HTTP/1.1\r\n\r\n",
            ),
            (
                "POST /a HTTP/1.1\r\nTRANSFER-ENCODING : chunked\r\n\r\n5\r\nA /<b\r\n",
                "POST /a HTTP/1.1\r\nTRANSFER-ENCODING : chunked\r\n\r\n5\r\nA /<b\r\n",
            ),
            // TLS on this port
            ("\u{16}\u{3}\u{1} <>", "\u{16}\u{3}\u{1} <>"),
            (
                "GET /a HTTP/1.1\r\nContent-Lengthy: 1\r\n\r\nGET /< HTTP/1.1\r\n\r\n",
                "GET /a HTTP/1.1\r\nContent-Lengthy: 1\r\n\r\nGET /%3C HTTP/1.1\r\n\r\n",
            ),
        ] {
            for piece in [1, 2, 7, 1000] {
                assert_eq!(String::from_utf8(through(sent.as_bytes(), piece)).unwrap(), expected, "{piece}");
            }
        }
    }

    proptest! {
        /// What is not raw passes unchanged, however it is cut, and decoding gives back what was sent.
        #[test]
        fn nothing_is_lost(bytes in "[ -~\r\n\u{e9}]{0,200}", piece in 1..50usize) {
            let out = through(bytes.as_bytes(), piece);
            prop_assert_eq!(&out, &through(bytes.as_bytes(), 1000));
            let once = |bytes: &[u8]| percent_encoding::percent_decode(bytes).collect::<Vec<u8>>();
            prop_assert_eq!(once(&out), once(bytes.as_bytes()));
        }
    }
}
