//! Section `cors`: which sites' scripts may read responses.

use std::time::Duration;

use actix_web::http::{Method, header::HeaderValue};
use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Every site.
pub const ANY: &str = "*";

/// Cross-origin resource sharing: which sites' scripts may read responses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// The sites whose scripts may read responses, such as `https://shop.example`; `*`: all, which is what image CDNs do and
    /// lets pages draw pictures on a canvas; empty: none. Cookies are never used. Where pictures are for one network only,
    /// list the sites. With several of them, responses vary by `Origin`.
    pub allowed_origins: Vec<String>,
    /// The methods that scripts of these sites may use.
    pub methods: Vec<String>,
    /// How long a browser may cache the result of a preflight request.
    #[serde(with = "humantime_serde")]
    #[schemars(with = "String")]
    pub max_age: Duration,
}

impl Default for Cors {
    fn default() -> Self {
        Self {
            allowed_origins: vec![ANY.to_owned()],
            methods: ["GET", "HEAD"].map(str::to_owned).into(),
            max_age: Duration::from_hours(24),
        }
    }
}

impl Cors {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let all = self.allowed_origins.iter().any(|origin| origin == ANY);
        if all && self.allowed_origins.len() > 1 {
            let text = "expected either \"*\" or a list of sites, got both";
            problems.push(Problem::new("cors.allowed_origins", text));
        }
        for origin in self.allowed_origins.iter().filter(|origin| *origin != ANY && !is_origin(origin)) {
            let expected = "scheme and host, such as https://shop.example";
            problems.push(Problem::expected("cors.allowed_origins", expected, origin));
        }
        let is_method =
            |name: &str| name != ANY && HeaderValue::from_str(name).is_ok() && name.parse::<Method>().is_ok();
        for method in self.methods.iter().filter(|method| !is_method(method)) {
            problems.push(Problem::expected("cors.methods", "methods such as GET", method));
        }
        problems
    }
}

/// Whether it is written as browsers write it: without a path, a default port or large letters.
fn is_origin(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.origin().is_tuple() && url.origin().ascii_serialization() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_do() {
        let cors = |origins: &[&str]| Cors {
            allowed_origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
            ..Cors::default()
        };
        for (origins, fine) in [
            (&[][..], true),
            (&["*"], true),
            (&["https://a.example", "http://b.example:8080"], true),
            (&["*", "https://a.example"], false),
            (&["https://a.example/"], false),
            (&["https://A.example"], false),
            (&["https://a.example:443"], false),
            (&["a.example"], false),
            (&["null"], false),
        ] {
            assert_eq!(cors(origins).problems().is_empty(), fine, "{origins:?}");
        }
        assert_eq!(Cors { methods: vec!["G E T".to_owned()], ..Cors::default() }.problems().len(), 1);
    }
}
