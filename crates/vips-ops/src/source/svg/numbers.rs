//! Parses numbers and lengths in SVG syntax.

/// Iterates over the numbers in a text, separated by anything else.
pub struct Numbers<'a> {
    rest: &'a [u8],
}

impl<'a> Numbers<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    /// Parses a number at the start of `rest` and advances; `None` if there is none.
    pub fn next_here(rest: &mut &'a [u8]) -> Option<f64> {
        let length = length(rest);
        let text = std::str::from_utf8(&rest[..length]).ok()?;
        let number = text.parse().ok()?;
        *rest = &rest[length..];
        Some(number)
    }
}

impl Iterator for Numbers<'_> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        while !self.rest.is_empty() {
            if let Some(number) = Self::next_here(&mut self.rest) {
                return Some(number);
            }
            self.rest = &self.rest[1..];
        }
        None
    }
}

/// The length of the number at the start of a text, in bytes.
fn length(text: &[u8]) -> usize {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let whole = digits(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if text.get(end) == Some(&b'.') {
        fraction = digits(end + 1);
        end += 1 + fraction;
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let exponent = digits((end + 1 + sign).min(text.len()));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}

/// Parses a length in user units. Percentages are relative to `whole`, `em` to `font_size`.
pub fn length_of(text: &str, whole: f64, font_size: f64) -> Option<f64> {
    let text = text.trim();
    let mut rest = text.as_bytes();
    let number = Numbers::next_here(&mut rest)?;
    // in CSS an inch is 96 pixels
    let unit = match rest {
        b"%" => whole / 100.0,
        b"em" | b"rem" => font_size,
        b"ex" | b"ch" => font_size / 2.0,
        b"pt" => 96.0 / 72.0,
        b"pc" => 16.0,
        b"in" => 96.0,
        b"cm" => 96.0 / 2.54,
        b"mm" => 9.6 / 2.54,
        _ => 1.0,
    };
    Some(number * unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_need_no_separator() {
        let numbers = |text| Numbers::new(text).collect::<Vec<_>>();
        assert_eq!(numbers("1-2.5.5e1,+3 x .e 4e 1e-2"), [1.0, -2.5, 5.0, 3.0, 4.0, 0.01]);
        assert_eq!(numbers("-"), [0.0; 0]);
    }

    #[test]
    fn lengths_have_units() {
        for (text, expected) in
            [("5", Some(5.0)), ("50%", Some(100.0)), ("2em", Some(20.0)), ("1in", Some(96.0)), ("auto", None)]
        {
            assert_eq!(length_of(text, 200.0, 10.0), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_text_does_not_panic(text: String) {
            let _ = Numbers::new(&text).count();
            let _ = length_of(&text, 1.0, 1.0);
        }
    }
}
