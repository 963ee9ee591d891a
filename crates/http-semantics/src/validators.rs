//! `ETag` and `Last-Modified`: what tells one version of a resource from another (RFC 9110, section 8.8).

/// The validators of a response, exactly as the origin sent them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
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

    /// Those of a 304, which may leave out what did not change (RFC 9110, section 15.4.5): `known` fills the gaps.
    pub fn or(self, known: &Self) -> Self {
        Self {
            etag: self.etag.or_else(|| known.etag.clone()),
            last_modified: self.last_modified.or_else(|| known.last_modified.clone()),
        }
    }

    /// Whether a response with these validators is the known version: by the entity tags where both have one, else by
    /// the dates. Tags are compared as text, weakness included, which is stricter than RFC 9110, section 8.8.3.2: for
    /// origins that make their own tags.
    pub fn matches(&self, known: &Self) -> bool {
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
    fn what_a_304_leaves_out_stays_known() {
        let known = validators("\"1\"", "monday");
        assert_eq!(validators("", "tuesday").or(&known), validators("\"1\"", "tuesday"));
        assert_eq!(validators("\"2\"", "").or(&known), validators("\"2\"", "monday"));
    }
}
