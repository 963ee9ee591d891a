//! What the configuration sections of all crates share: [`Problem`]s that carry their key, and [`Secret`]s that are never
//! shown.
//!
//! A section is a struct with defaults. Its `problems` method returns every invalid value at once:
//!
//! ```
//! use config_types::{Problem, Secret};
//!
//! struct Admin {
//!     username: String,
//!     password: Secret,
//! }
//!
//! impl Admin {
//!     fn problems(&self) -> Vec<Problem> {
//!         let mut problems = Vec::new();
//!         if self.username.contains(':') {
//!             problems.push(Problem::expected("admin.username", "no colon", &self.username));
//!         }
//!         problems
//!     }
//! }
//!
//! let admin = Admin { username: "a:b".into(), password: "hunter2".into() };
//! assert_eq!(admin.problems()[0].to_string(), "admin.username: expected no colon, got \"a:b\"");
//! assert_eq!(format!("{:?}", admin.password), "***");
//! ```

mod problem;
mod secret;
mod secret_url;

pub use self::{
    problem::Problem,
    secret::{MASK, Secret},
    secret_url::{SecretUrl, redact_url},
};
