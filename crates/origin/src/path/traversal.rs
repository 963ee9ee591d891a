//! Path traversal in disguise: names that are harmless here, and `..` for another server.
//!
//! An origin may decode a path a second time, cut off what follows a semicolon (Tomcat, Jetty), trim spaces
//! (Windows), or take full-width characters for plain ones. A name that only then becomes `.` or `..` would lead out
//! of the base that the operator chose, so it is refused here.

/// Checks a segment that was decoded once; an error says what was expected.
pub(super) fn check(segment: &[u8]) -> Result<(), &'static str> {
    let bare = decoded_to_the_end(segment);
    if has_overlong(&bare) {
        return Err("expected no overlong UTF-8");
    }
    let bare = String::from_utf8_lossy(&bare);
    if bare.chars().any(char::is_control) {
        return Err("expected no control characters");
    }
    // ／, ＼ and ﹨ are slashes in compatibility forms
    let steps = bare.split(['/', '\\', '\u{ff0f}', '\u{ff3c}', '\u{fe68}']);
    if steps.into_iter().any(is_dot_segment) { Err("expected no dot segments") } else { Ok(()) }
}

/// Decodes until nothing is left to decode. What a decoded digit completes is decoded as well, so this takes one pass
/// however deep the layers are. A step that is `.` or `..` in any layer still is one in the last.
fn decoded_to_the_end(segment: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(segment.len());
    for byte in segment {
        bare.push(*byte);
        while let [.., b'%', high, low] = *bare {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            let (Some(high), Some(low)) = (digit(high), digit(low)) else { break };
            bare.truncate(bare.len() - 3);
            bare.push((high << 4 | low) as u8);
        }
    }
    bare
}

/// Whether a careless decoder would find a character that is written in more bytes than it needs, `C0 AE` for a dot.
fn has_overlong(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| {
        matches!(
            pair,
            [0xc0 | 0xc1, 0x80..=0xbf]
                | [0xe0, 0x80..=0x9f]
                | [0xf0, 0x80..=0x8f]
                | [0xf8, 0x80..=0x87]
                | [0xfc, 0x80..=0x83]
        )
    })
}

/// Whether a step is `.` or `..` once parameters, a query, and what some systems trim are cut off.
fn is_dot_segment(step: &str) -> bool {
    let name = step.split([';', '\u{ff1b}', '?', '#']).next().unwrap_or_default();
    let name = name.trim_matches(|c: char| c.is_whitespace() || c == char::REPLACEMENT_CHARACTER);
    let dots = name.chars().try_fold(0, |dots, c| match c {
        // ․, ﹒ and ． are dots in compatibility forms, ‥ is two
        '.' | '\u{2024}' | '\u{fe52}' | '\u{ff0e}' => Some(dots + 1),
        '\u{2025}' => Some(dots + 2),
        _ => None,
    });
    matches!(dots, Some(1 | 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disguised_path_traversal_is_refused() {
        for segment in [
            ".",
            "..",
            "..;",
            ".;x",
            "..;a=b;c",
            "..?x",
            "..#",
            ".. ",
            " ..",
            ". ;",
            "%2e%2e",
            "%2e.",
            ".%252e",
            "%25252e%25252e",
            "..%3b",
            "..%253bx",
            "..%2fetc",
            "a%2f..%2fb",
            "a%5c..",
            "..%5cetc",
            "%2%65%2e",
            "%25%32%65.",
            "..\u{ff0f}etc",
            "\u{ff0e}\u{ff0e}",
            "\u{2025}",
            "\u{2024}.",
            "..\u{ff1b}x",
            "..%ff",
        ] {
            assert_eq!(check(segment.as_bytes()), Err("expected no dot segments"), "{segment}");
        }
        for segment in
            ["a\0", "..\0", "a%00", "a%2500", "..%00", "a%0d%0aX:y", "a\u{7f}", "a\u{85}", "a%c2%85"]
        {
            assert_eq!(check(segment.as_bytes()), Err("expected no control characters"), "{segment:?}");
        }
        for segment in ["%c0%ae%c0%ae", "%25c0%25ae", "a%c0%af", "%c1%9c", "%e0%80%ae", "%f0%80%80%ae"] {
            assert_eq!(check(segment.as_bytes()), Err("expected no overlong UTF-8"), "{segment}");
        }
    }

    #[test]
    fn ordinary_names_are_allowed() {
        for segment in [
            "a.jpg",
            "...",
            "..a",
            "a..",
            ".hidden",
            ";..",
            "a;..",
            "100%.jpg",
            "50%off.jpg",
            "a%20b.jpg",
            "%2fetc",
            "%41",
            "caf\u{e9}",
            "cafe\u{301}.jpg",
            "caf%e9.jpg",
            "%c3%a9",
            "\u{65e5}\u{672c}\u{ff0f}\u{8a9e}\u{3002}jpg",
            "a?..",
            "\u{1f600}",
        ] {
            assert_eq!(check(segment.as_bytes()), Ok(()), "{segment}");
        }
    }

    #[test]
    fn many_layers_of_encoding_take_one_pass() {
        let deep = format!("%{}2e", "25".repeat(2000));
        assert_eq!(decoded_to_the_end(deep.as_bytes()), b".");
        assert!(check(deep.as_bytes()).is_err());
    }
}
