//! Switches: `true`, `1` and the bare name are on, `false` and `0` are off, in any case (`True` is what Python writes).

use crate::params::spec::{Expected, Reading};

/// Reads a switch.
pub fn boolean(raw: &str) -> Result<Reading<bool>, Expected> {
    match raw.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "" => Ok(Reading::exact(true)),
        "false" | "0" => Ok(Reading::exact(false)),
        _ => Err("true, false, 1, 0 or nothing".into()),
    }
}

/// Writes a switch.
pub fn canonical(on: bool, out: &mut String) {
    out.push(if on { '1' } else { '0' });
}

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
