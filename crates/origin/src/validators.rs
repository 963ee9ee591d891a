//! What tells one version of an original from another.

use serde::{Deserialize, Serialize};

/// The validators of an original, word for word as the origin sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Validators {
    /// The entity tag with its quotes, and with `W/` if it is a weak one.
    pub etag: Option<String>,
    /// The time of the last change, as an HTTP date.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there is nothing to make a conditional request with.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Those of a "not modified" answer, which may leave out what did not change.
    pub(crate) fn or(self, known: &Self) -> Self {
        Self {
            etag: self.etag.or_else(|| known.etag.clone()),
            last_modified: self.last_modified.or_else(|| known.last_modified.clone()),
        }
    }

    /// Whether an original with these validators is the one known: by the tag where both have one, else by the date.
    pub(crate) fn matches(&self, known: &Self) -> bool {
        match (&self.etag, &known.etag) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => self.last_modified.is_some() && self.last_modified == known.last_modified,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validators(etag: &str, date: &str) -> Validators {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Validators { etag: some(etag), last_modified: some(date) }
    }

    #[test]
    fn the_tag_decides_before_the_date() {
        let current = validators("\"1\"", "monday");
        for (etag, date, same) in [
            ("\"1\"", "monday", true),
            ("\"1\"", "sunday", true),
            ("\"2\"", "monday", false),
            ("", "monday", true),
            ("", "sunday", false),
            ("", "", false),
        ] {
            assert_eq!(current.matches(&validators(etag, date)), same, "{etag} {date}");
        }
        assert!(!Validators::default().matches(&Validators::default()));
    }

    #[test]
    fn what_an_answer_leaves_out_stays_known() {
        let known = validators("\"1\"", "monday");
        assert_eq!(validators("", "tuesday").or(&known), validators("\"1\"", "tuesday"));
        assert_eq!(validators("\"2\"", "").or(&known), validators("\"2\"", "monday"));
    }
}
