//! Texts that live as long as the process, read back from another process that has the same ones.
//!
//! Errors name parameters and limits by `&'static str`. A render in a process of its own sends its errors as JSON; here
//! each distinct text is kept once. Their number is bounded, so that a process that lies cannot fill the memory.

use std::{collections::BTreeSet, sync::Mutex};

use serde::{Deserialize, Deserializer};

/// More texts than all parameters and limits together have.
const MOST: usize = 512;

/// What stands for a text beyond the bound.
const OTHER: &str = "a value";

static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// A text that lives as long as the process. By this name serde does not try to borrow it from what it reads.
pub type Text = &'static str;

/// Reads a text.
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
    fn each_text_is_kept_once_and_their_number_is_bounded() {
        let first = intern("width".to_owned());
        assert!(std::ptr::eq(first, intern("width".to_owned())));
        for number in 0..2 * MOST {
            intern(number.to_string());
        }
        assert_eq!((intern("one more".to_owned()), intern("width".to_owned())), (OTHER, first));
        assert!(TEXTS.lock().unwrap().len() <= MOST);
    }
}
