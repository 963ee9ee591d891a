//! Blanks comments and the contents of literals in Rust code, so that rules about code ignore them.

/// Blanks comments and the insides of string and character literals with spaces; lines stay where they are.
pub fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = blank_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// The end of the comment or literal that begins here; `at` itself if none does.
fn blank_end(chars: &[char], at: usize) -> usize {
    let next = |offset: usize| chars.get(at + offset).copied();
    match chars[at] {
        '/' if next(1) == Some('/') => find(chars, at, |rest| rest[0] == '\n'),
        '/' if next(1) == Some('*') => block_comment_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' if !follows_name(chars, at) => raw_string_end(chars, at),
        '\'' if next(1) == Some('\\') => find(chars, at + 3, |rest| rest[0] == '\'') + 1,
        '\'' if next(2) == Some('\'') => at + 3,
        _ => at,
    }
    .min(chars.len())
}

/// The first position from `at` on at which `found` holds for the rest of the text, or the end.
fn find(chars: &[char], at: usize, is_end: impl Fn(&[char]) -> bool) -> usize {
    (at..chars.len()).find(|&position| is_end(&chars[position..])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let (mut depth, mut position) = (0, at);
    while position < chars.len() {
        match (chars[position], chars.get(position + 1)) {
            ('/', Some('*')) => depth += 1,
            ('*', Some('/')) => depth -= 1,
            _ => {
                position += 1;
                continue;
            }
        }
        position += 2;
        if depth == 0 {
            break;
        }
    }
    position
}

/// `at` is the first character after the opening quote.
fn string_end(chars: &[char], at: usize) -> usize {
    let mut position = at;
    while position < chars.len() {
        match chars[position] {
            '\\' => position += 2,
            '"' => return position + 1,
            _ => position += 1,
        }
    }
    position
}

/// `at` is the position of the `r`; returned unchanged if it is not a raw string.
fn raw_string_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    let quote = at + 1 + hashes;
    if chars.get(quote) != Some(&'"') {
        return at;
    }
    let is_end =
        |rest: &[char]| rest[0] == '"' && rest[1..].iter().take_while(|&&c| c == '#').count() >= hashes;
    find(chars, quote + 1, is_end) + 1 + hashes
}

/// Whether a name stands directly before. A lone `b` or `c` is the prefix of a raw string.
fn follows_name(chars: &[char], at: usize) -> bool {
    let mut before = chars[..at].iter().rev().take_while(|&&c| is_name(c));
    !matches!((before.next(), before.next()), (None, _) | (Some('b' | 'c'), None))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `text` contains `word` without a letter, digit or underscore on either side.
pub fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_name)
            && !text[at + word.len()..].chars().next().is_some_and(is_name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let code = code_only(text);
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), expected, "of {text}");
        assert_eq!(code.lines().count(), text.lines().count(), "lines of {text}");
    }

    #[test]
    fn comments_are_blanked() {
        check("a // unsafe\nb", "a b");
        check("a /* x /* y */ unsafe\n */ b", "a b");
        check("//! unsafe", "");
        check("a / b * c", "a / b * c");
    }

    #[test]
    fn literals_are_blanked() {
        check(r#"f("unsafe \" { // not a comment", x)"#, "f( , x)");
        check(r##"f(r#"a " unsafe"#, b"x", br"\", y)"##, "f( , b , b , y)");
        check(r#"g('"', '\'', 'é', "unsafe")"#, "g( , , , )");
        check("fn a<'a>(x: &'a str) {}", "fn a<'a>(x: &'a str) {}");
        check("r#type for_r", "r#type for_r");
    }

    #[test]
    fn what_is_never_closed_ends_with_the_text() {
        check("a \"unsafe", "a");
        check("a r#\"unsafe", "a");
        check("a /* unsafe", "a");
        check("a '\\", "a");
    }

    #[test]
    fn words_are_whole() {
        assert!(has_word("width => Width", "width"));
        assert!(!has_word("max_width widths", "width"));
        assert!(has_word("widths, width", "width"));
        assert!(!has_word("", "width"));
    }
}
