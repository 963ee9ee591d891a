//! Switches: `true`, `1` and the bare name are on, `false` and `0` are off.

use crate::params::spec::{Expected, Reading};

/// Reads a switch.
pub fn boolean(raw: &str) -> Result<Reading<bool>, Expected> {
    match raw.trim() {
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
        for (raw, on) in [("true", true), ("1", true), ("", true), ("false", false), ("0", false)] {
            assert_eq!(boolean(raw), Ok(Reading::exact(on)));
        }
        for raw in ["yes", "TRUE!", "2", "perhaps"] {
            assert!(boolean(raw).is_err(), "{raw}");
        }
    }
}
