//! The listener for operators.

use std::net::{Ipv4Addr, SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, sections::address};

/// The listener for operators: health, metrics, purging.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and port; port 0 picks a free one. It must not be reachable for the public.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The user name that everything but `/health` and `/ready` asks for, by HTTP's basic authentication; empty: none.
    pub username: String,
    /// The password; empty: none is asked for.
    pub password: Secret,
    /// Names by which the listener may be asked for where no password is set, without a port, as `pixmill-admin.internal`.
    /// Addresses of this listener, `localhost` and the `hosts` of origins always may; other names are refused, since a web page can give any
    /// name of its own the address of this listener (DNS rebinding).
    pub hosts_allowed: Vec<String>,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 17006)),
            username: String::new(),
            password: Secret::default(),
            hosts_allowed: Vec::new(),
        }
    }
}

impl Admin {
    /// Every problem of this section, each naming its key.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.username.is_empty() != self.password.is_empty() {
            problems.push("admin.username and admin.password: expected both, or neither".to_owned());
        }
        if self.username.contains(':') {
            problems.push("admin.username has a colon, expected none (RFC 7617)".to_owned());
        }
        let is_name = |name: &String| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !name.is_empty() && name.bytes().all(allowed)
        };
        for name in self.hosts_allowed.iter().filter(|name| !is_name(name)) {
            problems.push(format!(
                "admin.hosts_allowed has {name:?}, expected the name of a host, without a port, scheme or pattern"
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_hosts_are_names() {
        for (name, fine) in [
            ("pixmill-admin.internal", true),
            ("pixmill_admin", true),
            ("", false),
            ("a:17006", false),
            ("*.internal", false),
            ("http://a", false),
        ] {
            let admin = Admin { hosts_allowed: vec![name.to_owned()], ..Admin::default() };
            let problems = admin.problems();
            assert_eq!(problems.is_empty(), fine, "{problems:?}");
            assert!(problems.iter().all(|problem| problem.starts_with("admin.hosts_allowed has")));
        }
    }

    #[test]
    fn a_name_and_a_password_belong_together() {
        let admin = |username: &str, password: &str| Admin {
            username: username.to_owned(),
            password: password.into(),
            ..Admin::default()
        };
        for (username, password, fine) in
            [("", "", true), ("a", "b", true), ("a", "", false), ("", "b", false), ("a:b", "c", false)]
        {
            assert_eq!(admin(username, password).problems().is_empty(), fine, "{username} {password}");
        }
    }
}
