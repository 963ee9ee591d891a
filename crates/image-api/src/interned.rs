//! Interned strings: `&'static str` values received from another process of the same program.
//!
//! Errors name parameters and limits by `&'static str`. A separate render process sends its errors as JSON; here
//! each distinct string is stored once. Their number is bounded, so that a compromised process cannot exhaust memory.

use std::{collections::BTreeSet, sync::Mutex};

use serde::{Deserialize, Deserializer};

/// More than the number of all names of parameters and limits.
const MOST: usize = 512;

/// Replaces strings beyond the bound.
const OTHER: &str = "a value";

static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A string that lives as long as the process. The alias prevents serde from borrowing it from its input.
pub type Text = &'static str;

/// Deserializes a string.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
    Ok(intern(String::deserialize(deserializer)?))
}

fn intern(text: String) -> &'static str {
    let mut texts = TEXTS.lock().expect("invariant: nothing panics while the lock is held");
    if let Some(known) = texts.get(text.as_str()) {
        return known;
    }
    if texts.len() >= MOST {
        return OTHER;
    }
    let text = text.leak();
    texts.insert(text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_is_stored_once_and_their_number_is_bounded() {
        let first = intern("width".to_owned());
        assert!(std::ptr::eq(first, intern("width".to_owned())));
        for number in 0..2 * MOST {
            intern(number.to_string());
        }
        assert_eq!((intern("one more".to_owned()), intern("width".to_owned())), (OTHER, first));
        assert!(TEXTS.lock().unwrap().len() <= MOST);
    }
}
