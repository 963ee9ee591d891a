//! Numbers: decimal, finite, without units; values out of range are clamped and reported.

use std::{fmt::Write, ops::RangeInclusive};

use crate::params::spec::{Expected, Reading};

/// Any finite decimal number; `.5` and `5.` are numbers, `inf`, `1e5`, `0x10` and `5px` are not.
pub fn finite(raw: &str) -> Option<f64> {
    let text = raw.trim();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse::<f64>().ok().filter(|number| plain && number.is_finite())?;
    // one zero
    Some(number + 0.0)
}

/// A decimal number in a range.
pub fn decimal(raw: &str, range: RangeInclusive<f64>) -> Result<Reading<f64>, Expected> {
    let (low, high) = (*range.start(), *range.end());
    let number = finite(raw).ok_or_else(|| format!("a number from {low} to {high}"))?;
    Ok(Reading { value: number.clamp(low, high), clamped: !range.contains(&number) })
}

/// A whole number in a range; a fraction is rounded half up, since clients multiply by pixel ratios.
pub fn whole(raw: &str, range: RangeInclusive<u32>) -> Result<Reading<u32>, Expected> {
    let (low, high) = (*range.start(), *range.end());
    let number = finite(raw).ok_or_else(|| format!("a whole number from {low} to {high}"))?;
    let rounded = round_half_up(number);
    let clamped = rounded < f64::from(low) || rounded > f64::from(high);
    Ok(Reading { value: rounded.clamp(low.into(), high.into()) as u32, clamped })
}

/// A side in pixels, in a range that begins at 1. Values that round to 0 or less are parsed as 0, which means no side:
/// clients send it before their layout is known.
pub fn side(raw: &str, range: RangeInclusive<u32>) -> Result<Reading<u32>, Expected> {
    let (low, high) = (*range.start(), *range.end());
    let reading = whole(raw, 0..=high).map_err(|_| format!("a whole number from {low} to {high}"))?;
    Ok(Reading { clamped: reading.clamped || reading.value == 0, ..reading })
}

/// The nearest integer; halves are rounded up.
pub fn round_half_up(number: f64) -> f64 {
    (number + 0.5).floor()
}

/// Writes a number in its shortest form that parses as the same number.
pub fn canonical(number: impl Into<f64>, out: &mut String) {
    write!(out, "{}", number.into()).expect("invariant: writing to a string does not fail");
}

/// Implements the value methods of `Param` for a type that wraps a decimal number, whose range is in its grammar; with
/// a neutral value, if there is one.
macro_rules! decimal_methods {
    ($(neutral: $neutral:literal)?) => {
        fn parse(raw: &str) -> Result<$crate::params::spec::Reading<Self>, $crate::params::spec::Expected> {
            let range = Self::SPEC.grammar.decimals();
            $crate::params::value::number::decimal(raw, range).map(|reading| reading.map(Self))
        }

        fn canonical(&self, out: &mut String) {
            $crate::params::value::number::canonical(self.0, out);
        }
        $(
            fn is_neutral(&self) -> bool {
                self.0 == $neutral
            }
        )?
    };
}

/// Implements the value methods of `Param` for a type that wraps an integer, whose range is in its grammar.
macro_rules! whole_methods {
    ($type:ty) => {
        fn parse(raw: &str) -> Result<$crate::params::spec::Reading<Self>, $crate::params::spec::Expected> {
            let range = Self::SPEC.grammar.wholes();
            $crate::params::value::number::whole(raw, range)
                .map(|reading| reading.map(|value| Self(value as $type)))
        }

        fn canonical(&self, out: &mut String) {
            $crate::params::value::number::canonical(self.0, out);
        }
    };
}

/// Implements the value methods of `Param` for an angle in degrees, from 0 up to 360, whose neutral value is 0.
macro_rules! degrees_methods {
    () => {
        fn parse(raw: &str) -> Result<$crate::params::spec::Reading<Self>, $crate::params::spec::Expected> {
            let degrees = $crate::params::value::number::finite(raw).ok_or("a number of degrees")?;
            Ok($crate::params::spec::Reading::exact(Self(degrees.rem_euclid(360.0))))
        }

        fn canonical(&self, out: &mut String) {
            $crate::params::value::number::canonical(self.0, out);
        }

        fn is_neutral(&self) -> bool {
            self.0 == 0.0
        }
    };
}
pub(crate) use {decimal_methods, degrees_methods, whole_methods};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals() {
        for (raw, value) in
            [("5", 5.0), (".99", 0.99), ("5.", 5.0), ("-1.5", -1.5), ("+2", 2.0), (" 3 ", 3.0), ("-0", 0.0)]
        {
            assert_eq!(finite(raw), Some(value), "{raw}");
        }
        for raw in ["", "NaN", "inf", "-inf", "1e3", "0x10", "5px", "1,5", "--1", ".", "-", "1.2.3", "١"] {
            assert_eq!(finite(raw), None, "{raw}");
        }
    }

    #[test]
    fn ranges_clamp() {
        assert_eq!(decimal("2", -1.0..=1.0), Ok(Reading { value: 1.0, clamped: true }));
        assert_eq!(whole("0", 1..=9), Ok(Reading { value: 1, clamped: true }));
        assert_eq!(whole("99999999999999999999", 1..=9), Ok(Reading { value: 9, clamped: true }));
        assert_eq!(whole("2.5", 1..=9), Ok(Reading::exact(3)));
        assert_eq!(whole("9.4", 1..=9), Ok(Reading::exact(9)));
        assert_eq!(whole("x", 1..=9), Err("a whole number from 1 to 9".into()));
    }

    proptest! {
        #[test]
        fn the_canonical_form_round_trips(number in -1e9..1e9f64) {
            let mut text = String::new();
            canonical(number, &mut text);
            prop_assert_eq!(finite(&text), Some(number));
        }

        #[test]
        fn any_text_is_parsed_or_refused(raw in ".{0,40}") {
            let _ = whole(&raw, 1..=100);
        }
    }
}
