//! Booleans: `true`, `1` and the bare name are true, `false` and `0` are false, ignoring case (Python writes `True`).

use crate::params::spec::{Expected, Reading};

/// Parses a boolean.
pub fn boolean(raw: &str) -> Result<Reading<bool>, Expected> {
    match raw.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "" => Ok(Reading::exact(true)),
        "false" | "0" => Ok(Reading::exact(false)),
        _ => Err("true, false, 1, 0 or nothing".into()),
    }
}

/// Writes a boolean.
pub fn canonical(on: bool, out: &mut String) {
    out.push(if on { '1' } else { '0' });
}

/// Implements the value methods of `Param` for a type that wraps a `bool`: parsing, writing, and that `$neutral` is the
/// neutral value.
macro_rules! methods {
    ($neutral:literal) => {
        fn parse(raw: &str) -> Result<$crate::params::spec::Reading<Self>, $crate::params::spec::Expected> {
            $crate::params::value::boolean::boolean(raw).map(|reading| reading.map(Self))
        }

        fn canonical(&self, out: &mut String) {
            $crate::params::value::boolean::canonical(self.0, out);
        }

        fn is_neutral(&self) -> bool {
            self.0 == $neutral
        }
    };
}
pub(crate) use methods;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        let words = [
            ("true", true),
            ("True", true),
            ("TRUE", true),
            (" tRuE ", true),
            ("1", true),
            ("", true),
            ("false", false),
            ("False", false),
            ("FALSE", false),
            ("0", false),
        ];
        for (raw, on) in words {
            assert_eq!(boolean(raw), Ok(Reading::exact(on)));
        }
        for raw in ["yes", "TRUE!", "2", "perhaps"] {
            assert!(boolean(raw).is_err(), "{raw}");
        }
    }
}
