//! Percent-encodes characters that clients send unencoded in request targets: `"`, `<`, `>`, a backtick and non-ASCII bytes.
//!
//! Browsers encode these, scripts often do not, and actix-http rejects them with a 400 without a body before any handler
//! sees the request. Only the target of the request line is changed. Bodies are skipped according to their framing
//! (`Content-Length`, chunked); after any other framing, the rest of the connection is passed on unchanged.

/// The position of the scan in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before or in the method.
    Method,
    /// Between the method and the version.
    Target,
    /// After the target, until the end of the line.
    Version,
    /// In the name of a header, of which this many bytes were read.
    Name(usize),
    /// In the value of a header.
    Value,
    /// In the value of a header that frames the body, of which this many bytes were read.
    Framing(Header, usize),
    /// In the body, of which this many bytes are left.
    Body(u64),
    /// In the size line of a chunk, of which this many bytes were read.
    ChunkHead(usize),
    /// In a chunk, of which this many bytes are left.
    Chunk(u64),
    /// After the data of a chunk, until the end of the line.
    ChunkEnd,
    /// In a trailer line after the last chunk, of which this many bytes were read.
    Trailer(usize),
    /// The rest of the connection is passed on unchanged.
    Off,
}

/// A header that frames the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    ContentLength,
    TransferEncoding,
}

/// The framing of the body, as far as the headers were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    None,
    Length(u64),
    Chunked,
}

/// Bytes of a name, a value or a line that are kept: enough for the longest relevant one with surrounding white space.
const LONGEST: usize = 24;

/// Scans the bytes of one connection.
#[derive(Debug)]
pub struct RequestTargets {
    state: State,
    /// The first bytes of the current name, value or line.
    text: [u8; LONGEST],
    body: Body,
}

impl Default for RequestTargets {
    fn default() -> Self {
        Self { state: State::Method, text: [0; LONGEST], body: Body::None }
    }
}

/// Whether a byte of a target neither ends it nor has to be encoded.
fn is_plain_in_target(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/.-_&=?%".contains(&byte)
}

impl RequestTargets {
    /// The index of the first byte that must be encoded. The scan stops before it.
    pub fn first_raw(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Off {
            match self.skip_body(bytes.len() - at) + self.skip_plain(&bytes[at..]) {
                0 if self.step(bytes[at]) => return Some(at),
                0 => at += 1,
                skipped => at += skipped,
            }
        }
        None
    }

    /// The bytes, with unencoded characters of request targets percent-encoded.
    pub fn encoded(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::with_capacity(bytes.len() + 64);
        let mut rest = bytes;
        while let Some(at) = self.first_raw(rest) {
            encoded.extend_from_slice(&rest[..at]);
            encoded.extend_from_slice(percent_encoding::percent_encode_byte(rest[at]).as_bytes());
            rest = &rest[at + 1..];
        }
        encoded.extend_from_slice(rest);
        encoded
    }

    /// Skips body bytes. Returns how many of the next bytes belong to a body.
    fn skip_body(&mut self, length: usize) -> usize {
        let (State::Body(left) | State::Chunk(left)) = &mut self.state else { return 0 };
        let skipped = (*left).min(length as u64);
        *left -= skipped;
        match self.state {
            State::Body(0) => self.state = State::Method,
            State::Chunk(0) => self.state = State::ChunkEnd,
            _ => {}
        }
        skipped as usize
    }

    /// Skips bytes that change nothing: most of a target, and of the value of a header that does not frame the body. Returns how
    /// many of the next bytes they are.
    fn skip_plain(&self, bytes: &[u8]) -> usize {
        let end = match self.state {
            State::Target => bytes.iter().position(|byte| !is_plain_in_target(*byte)),
            State::Value => bytes.iter().position(|byte| *byte == b'\n'),
            _ => return 0,
        };
        end.unwrap_or(bytes.len())
    }

    /// Scans one byte. Returns whether it must be encoded; the state is unchanged then.
    fn step(&mut self, byte: u8) -> bool {
        self.state = match (self.state, byte) {
            (State::Method, b' ') => State::Target,
            // input that is not a request line is rejected by actix-http
            (State::Method, byte) if byte.is_ascii_graphic() || byte == b'\r' || byte == b'\n' => {
                State::Method
            }
            (State::Target, b'"' | b'<' | b'>' | b'`' | b'\x7f'..) => return true,
            (State::Target, b' ') => State::Version,
            (State::Name(0), b'\n') => self.after_headers(),
            (State::Target | State::Version | State::Value, b'\n') | (State::Name(0), b'\r') => {
                State::Name(0)
            }
            (State::Name(length), b':') => match self.header(length) {
                Some(header) => State::Framing(header, 0),
                None => State::Value,
            },
            (State::Framing(header, length), b'\n') => self.framed(header, length),
            (State::ChunkHead(length), b'\n') => self.chunk(length),
            (State::ChunkEnd, b'\n') => State::ChunkHead(0),
            (State::Trailer(0), b'\n') => State::Method,
            (State::Trailer(_), b'\n') => State::Trailer(0),
            (State::ChunkEnd | State::Trailer(0), b'\r') => self.state,
            (State::Off | State::Method | State::ChunkEnd, _) => State::Off,
            (State::Trailer(length), _) => State::Trailer(length + 1),
            (State::Name(length), byte) => State::Name(self.collect(length, byte.to_ascii_lowercase())),
            (State::Framing(header, length), byte) => State::Framing(header, self.collect(length, byte)),
            (State::ChunkHead(length), byte) => State::ChunkHead(self.collect(length, byte)),
            (state, _) => state,
        };
        false
    }

    /// Keeps one more byte of the current text. Returns the number of bytes read.
    fn collect(&mut self, length: usize, byte: u8) -> usize {
        if let Some(slot) = self.text.get_mut(length) {
            *slot = byte;
        }
        length + 1
    }

    /// The text that was read; none if it was too long.
    fn collected(&self, length: usize) -> Option<&str> {
        std::str::from_utf8(self.text.get(..length)?.trim_ascii()).ok()
    }

    fn header(&self, length: usize) -> Option<Header> {
        match self.collected(length)? {
            "content-length" => Some(Header::ContentLength),
            "transfer-encoding" => Some(Header::TransferEncoding),
            _ => None,
        }
    }

    /// The state after a header that frames the body: off for repeated or unusual framing.
    fn framed(&mut self, header: Header, length: usize) -> State {
        let value = self.collected(length).unwrap_or_default();
        let body = match header {
            Header::ContentLength if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                value.parse().ok().map(Body::Length)
            }
            Header::TransferEncoding if value.eq_ignore_ascii_case("chunked") => Some(Body::Chunked),
            _ => None,
        };
        match body {
            Some(body) if self.body == Body::None => {
                self.body = body;
                State::Name(0)
            }
            _ => State::Off,
        }
    }

    fn after_headers(&mut self) -> State {
        match std::mem::replace(&mut self.body, Body::None) {
            Body::None | Body::Length(0) => State::Method,
            Body::Length(length) => State::Body(length),
            Body::Chunked => State::ChunkHead(0),
        }
    }

    /// The state after the size line of a chunk, which may have extensions.
    fn chunk(&self, length: usize) -> State {
        let line = self.text.get(..length.min(LONGEST)).and_then(|line| std::str::from_utf8(line).ok());
        let (size, extension) =
            line.unwrap_or_default().split_once(';').unwrap_or((line.unwrap_or_default(), ""));
        let is_whole = length <= LONGEST || !extension.is_empty();
        let size = size.trim();
        match u64::from_str_radix(size, 16) {
            Ok(0) if is_whole => State::Trailer(0),
            Ok(size) if is_whole => State::Chunk(size),
            _ => State::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The bytes that are passed on for these bytes, received in pieces of this length.
    fn encode(bytes: &[u8], piece: usize) -> Vec<u8> {
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
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn only_request_targets_are_encoded() {
        for (sent, expected) in [
            (
                "GET /a<b>\"c\".jpg?x=\u{e9} HTTP/1.1\r\nx: <\u{e9}>\r\n\r\n",
                "GET /a%3Cb%3E%22c%22.jpg?x=%C3%A9 HTTP/1.1\r\nx: <\u{e9}>\r\n\r\n",
            ),
            // the next request on the connection, and pipelined requests
            (
                "GET /a HTTP/1.1\r\n\r\nHEAD /<> HTTP/1.1\r\n\r\nGET /\" HTTP/1.1\n\n",
                "GET /a HTTP/1.1\r\n\r\nHEAD /%3C%3E HTTP/1.1\r\n\r\nGET /%22 HTTP/1.1\n\n",
            ),
            // empty lines before a request line
            ("\r\n\r\nGET /< HTTP/1.1\r\n\r\n", "\r\n\r\nGET /%3C HTTP/1.1\r\n\r\n"),
            // bodies, and requests after them
            (
                "POST /< HTTP/1.1\r\nContent-Length: 11\r\n\r\nGET /< x\n\r\nGET /< HTTP/1.1\r\n\r\n",
                "POST /%3C HTTP/1.1\r\nContent-Length: 11\r\n\r\nGET /< x\n\r\nGET /%3C HTTP/1.1\r\n\r\n",
            ),
            (
                "GET /a HTTP/1.1\r\ncontent-length:0\r\n\r\nGET /< HTTP/1.1\r\n\r\n",
                "GET /a HTTP/1.1\r\ncontent-length:0\r\n\r\nGET /%3C HTTP/1.1\r\n\r\n",
            ),
            (
                "POST /a HTTP/1.1\r\nTRANSFER-ENCODING : chunked\r\n\r\n5;x=\"<\"\r\nA /<b\r\n00\r\nT: <\r\n\r\nGET /< HTTP/1.1\r\n\r\n",
                "POST /a HTTP/1.1\r\nTRANSFER-ENCODING : chunked\r\n\r\n5;x=\"<\"\r\nA /<b\r\n00\r\nT: <\r\n\r\nGET /%3C HTTP/1.1\r\n\r\n",
            ),
            // unusual framing, and everything after it
            (
                "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nGET /< HTTP/1.1\r\n\r\n",
                "POST /a HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nGET /< HTTP/1.1\r\n\r\n",
            ),
            (
                "GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n GET /< HTTP/1.1\r\n\r\n",
                "GET /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n GET /< HTTP/1.1\r\n\r\n",
            ),
            (
                "GET /a HTTP/1.1\r\nContent-Length: +1\r\n\r\n GET /< HTTP/1.1\r\n\r\n",
                "GET /a HTTP/1.1\r\nContent-Length: +1\r\n\r\n GET /< HTTP/1.1\r\n\r\n",
            ),
            // TLS on this port
            ("\u{16}\u{3}\u{1} <>", "\u{16}\u{3}\u{1} <>"),
            (
                "GET /a HTTP/1.1\r\nContent-Lengthy: 1\r\n\r\nGET /< HTTP/1.1\r\n\r\n",
                "GET /a HTTP/1.1\r\nContent-Lengthy: 1\r\n\r\nGET /%3C HTTP/1.1\r\n\r\n",
            ),
        ] {
            for piece in [1, 2, 7, 1000] {
                assert_eq!(String::from_utf8(encode(sent.as_bytes(), piece)).unwrap(), expected, "{piece}");
            }
        }
    }

    proptest! {
        /// The result does not depend on how the bytes are split, and decodes to the same bytes as the input.
        #[test]
        fn encoding_preserves_the_decoded_bytes(bytes in "[ -~\r\n\u{e9}]{0,200}", piece in 1..50usize) {
            let out = encode(bytes.as_bytes(), piece);
            prop_assert_eq!(&out, &encode(bytes.as_bytes(), 1000));
            let once = |bytes: &[u8]| percent_encoding::percent_decode(bytes).collect::<Vec<u8>>();
            prop_assert_eq!(once(&out), once(bytes.as_bytes()));
        }
    }
}
