//! Finds responses whose body is ended by the end of the connection, and says so in words that awc understands.
//!
//! A response that states neither a length nor chunks has a body that goes on until the server closes the connection
//! (RFC 9112, 6.3, rule 8): scripts answer like that, and servers of their own making. awc believes it of HTTP/1.0 alone and
//! takes the body of any other for empty. So the version of such a response becomes 1.0, below awc; everything else
//! of it stays.

/// Where the minor version stands in a status line, and where the status: `HTTP/1.1 200`.
const MINOR_VERSION: usize = 7;
const STATUS: std::ops::Range<usize> = 9..12;

/// What is said of a body that other means than the end of the connection delimit.
const FRAMING: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];

/// Makes an HTTP/1.0 response of a head, whole and from its status line on, whose body only the end of the connection
/// ends.
pub(super) fn mark(head: &mut [u8]) {
    if head.get(MINOR_VERSION) == Some(&b'1') && has_body(head) && !is_framed(head) {
        head[MINOR_VERSION] = b'0';
    }
}

/// Whether a response of this status has a body, if it answers a `GET`.
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
        // `identity` is what servers of the nineties said for "neither of the two"
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
