//! Section `errors`: what the JSON of error responses contains beside code and message.

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// The page of the documentation that has a heading for each error code.
const TROUBLESHOOTING: &str = "https://github.com/pixmill/pixmill/blob/main/docs/troubleshooting.md";

/// Error responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Errors {
    /// The page that explains error codes: `help` in an error is this URL, `#`, and the code. A page of your own needs an anchor
    /// for each code. Empty: errors have no `help`.
    pub help_url: String,
}

impl Default for Errors {
    fn default() -> Self {
        Self { help_url: TROUBLESHOOTING.to_owned() }
    }
}

impl Errors {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let is_page = |url: &Url| matches!(url.scheme(), "http" | "https") && url.fragment().is_none();
        if self.help_url.is_empty() || Url::parse(&self.help_url).is_ok_and(|url| is_page(&url)) {
            return Vec::new();
        }
        let expected = "an http or https URL without a fragment, or nothing";
        vec![Problem::expected("errors.help_url", expected, &self.help_url)]
    }

    /// The URL that explains an error code; none if that is off.
    pub fn help(&self, code: &str) -> Option<String> {
        (!self.help_url.is_empty()).then(|| format!("{}#{code}", self.help_url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_a_url() {
        for (url, fine) in [
            ("", true),
            ("https://docs.example/errors", true),
            ("http://10.0.0.1/errors?lang=en", true),
            ("https://docs.example/errors#codes", false),
            ("docs.example/errors", false),
            ("javascript:alert(1)", false),
        ] {
            let errors = Errors { help_url: url.to_owned() };
            assert_eq!(errors.problems().is_empty(), fine, "{url}");
        }
    }

    #[test]
    fn a_code_is_an_anchor_of_the_page() {
        assert_eq!(Errors::default().help("not_found"), Some(format!("{TROUBLESHOOTING}#not_found")));
        assert_eq!(Errors { help_url: String::new() }.help("not_found"), None);
    }
}
