//! Breaking text into lines.

/// Breaks a text at its spaces into lines of at most this many characters; a longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// The lines of a text of this width in all, each after an indentation.
pub fn indented(text: &str, indent: &str, width: usize) -> String {
    let lines = wrapped(text, width.saturating_sub(indent.chars().count()));
    lines.iter().flat_map(|line| [indent, line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces() {
        assert_eq!(wrapped("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrapped("one two", 7), ["one two"]);
        assert_eq!(wrapped("µµµ extraordinary x", 5), ["µµµ", "extraordinary", "x"]);
        assert_eq!(wrapped("", 5), [""; 0]);
        assert_eq!(indented("one two", "  ", 6), "  one\n  two\n");
    }
}
