//! Section `playground`: a page on which people try parameters out.

use config_types::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The playground: a page of the public listener on which people try parameters out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Playground {
    /// Whether `/playground` is the page, and not the path of an image; `/llms.txt` and `/openapi.json` then describe the server to
    /// programs. Everybody who reaches the public listener can then
    /// see the names of presets, and those of the images in the folder of the origin.
    pub enabled: bool,
    /// Whether `/` without parameters is a page that leads there, and not the path of an image.
    pub landing: bool,
    /// The images offered there, `["/china.jpg"]`. Empty: those in the folder of the origin, if that is a folder, as they were
    /// when the server started.
    pub samples: Vec<String>,
}

impl Playground {
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.landing && !self.enabled {
            problems.push(Problem::expected(
                "playground.landing",
                "playground.enabled to be true as well",
                true,
            ));
        }
        for sample in self.samples.iter().filter(|sample| !sample.starts_with('/')) {
            problems.push(Problem::expected("playground.samples", "paths that begin with a slash", sample));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_landing_page_leads_to_the_playground() {
        let problems = |enabled, landing, sample: &str| {
            let samples = vec![sample.to_owned()];
            let keys =
                Playground { enabled, landing, samples }.problems().into_iter().map(|problem| problem.key);
            keys.collect::<Vec<_>>()
        };
        assert_eq!(problems(true, true, "/a.jpg"), [""; 0]);
        assert_eq!(problems(false, true, "/a.jpg"), ["playground.landing"]);
        assert_eq!(problems(true, false, "a.jpg"), ["playground.samples"]);
    }
}
