//! Section `sentry`: where errors of this server are reported.

use config_types::{Problem, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Reporting of errors to Sentry: responses with 500, panics and lost render workers. The container image and the packages
/// have it; other builds need the feature `sentry`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Sentry {
    /// The address with the key of the project, such as `https://key@sentry.example.com/42`. Empty: nothing is reported.
    pub dsn: Secret,
    /// The environment that events belong to.
    pub environment: String,
}

impl Default for Sentry {
    fn default() -> Self {
        Self { dsn: Secret::default(), environment: "production".to_owned() }
    }
}

impl Sentry {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        self.dsn_problem().into_iter().collect()
    }

    #[cfg(feature = "sentry")]
    fn dsn_problem(&self) -> Option<Problem> {
        let is_usable = self.dsn.is_empty() || self.dsn.reveal().parse::<sentry::types::Dsn>().is_ok();
        // the text is a secret
        let expected = "expected the DSN of a project, such as https://key@sentry.example.com/42";
        (!is_usable).then(|| Problem::new("sentry.dsn", expected))
    }

    #[cfg(not(feature = "sentry"))]
    fn dsn_problem(&self) -> Option<Problem> {
        let text = "this build of pixmill cannot report to Sentry: build it with the feature `sentry`";
        (!self.dsn.is_empty()).then(|| Problem::new("sentry.dsn", text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dsn_needs_the_feature_and_its_form() {
        assert_eq!(Sentry::default().problems(), []);
        for (dsn, is_valid) in [
            ("https://key@sentry.example.com/42", true),
            ("http://key@127.0.0.1:9000/1", true),
            ("https://sentry.example.com/hunter2", false),
            ("hunter2", false),
        ] {
            let problems = Sentry { dsn: dsn.into(), ..Sentry::default() }.problems();
            assert_eq!(problems.is_empty(), cfg!(feature = "sentry") && is_valid, "{dsn}: {problems:?}");
            for problem in problems {
                assert!(problem.key == "sentry.dsn" && !problem.to_string().contains("hunter2"), "{problem}");
            }
        }
    }
}
