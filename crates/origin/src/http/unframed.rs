//! Marks responses whose body ends with the connection, in a way that awc understands.
//!
//! A response with neither a length nor chunked encoding has a body that ends when the server closes the connection
//! (RFC 9112, section 6.3, rule 8): scripts and simple servers respond like that. awc supports it for HTTP/1.0 only and
//! takes the body of any other such response for empty. So the version of such a response is set to 1.0, below awc;
//! everything else stays.

/// Position of the minor version in a status line, and range of the status: `HTTP/1.1 200`.
const MINOR_VERSION: usize = 7;
const STATUS: std::ops::Range<usize> = 9..12;

/// The headers that delimit a body by other means than the end of the connection.
const FRAMING: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];

/// Sets the version in the head of a response to HTTP/1.0 if its body ends with the connection. `head` is complete, from
/// the status line on.
pub(super) fn mark(head: &mut [u8]) {
    if head.get(MINOR_VERSION) == Some(&b'1') && has_body(head) && !is_framed(head) {
        head[MINOR_VERSION] = b'0';
    }
}

/// Whether a response to a `GET` has a body, by its status.
fn has_body(head: &[u8]) -> bool {
    let status = head.get(STATUS).and_then(|status| str::from_utf8(status).ok());
    match status.and_then(|status| status.parse::<u16>().ok()) {
        Some(204 | 304) | None => false,
        Some(status) => (200..=599).contains(&status),
    }
}

fn is_framed(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').skip(1).any(|line| {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
        let (name, value) = (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii());
        // `identity` is what old servers send for "neither of the two"
        FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing))
            && !value.eq_ignore_ascii_case(b"identity")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_nothing_else_ends_is_marked() {
        for (head, marked) in [
            ("HTTP/1.1 200 OK\r\n\r\n", true),
            ("HTTP/1.1 200\r\nConnection: keep-alive\r\n\r\n", true),
            ("HTTP/1.1 200 OK\nX-Content-Length: 5\n\n", true),
            ("HTTP/1.1 200 OK\r\nX: Content-Length: 5\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", true),
            ("HTTP/1.1 404 Not Found\r\n\r\n", true),
            ("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:5\r\n\r\n", false),
            ("HTTP/1.1 200 OK\nA: b\ncontent-length : 5\n\n", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n", false),
            ("HTTP/1.1 204 No Content\r\n\r\n", false),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", false),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", false),
            ("HTTP/1.1 2xx OK\r\n\r\n", false),
            ("HTTP/1.1 999 OK\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\n\r\n", false),
            ("HTTP", false),
        ] {
            let mut client_url = head.as_bytes().to_vec();
            mark(&mut client_url);
            let expected = if marked { head.replacen("1.1", "1.0", 1) } else { head.to_owned() };
            assert_eq!(String::from_utf8(client_url).unwrap(), expected, "{head}");
        }
    }
}
