//! Section `admin`: the admin listener.

use std::net::{Ipv4Addr, SocketAddr};

use config_types::{Problem, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::sections::address;

/// The admin listener: health, metrics, purges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Address and port; port 0 picks a free one. It must not be reachable by the public.
    #[serde(deserialize_with = "address")]
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The user name that everything but `/health` and `/ready` requires, by HTTP basic authentication; empty: none.
    pub username: String,
    /// The password; empty: none is required.
    pub password: Secret,
    /// Host names of this listener where no password is set, without a port: `pixmill-admin.internal`. Addresses of this
    /// listener, `localhost` and the `hosts` of origins are always allowed. Other names are refused, since a web page can point
    /// a host name of its own at the address of this listener (DNS rebinding).
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
    /// The problems of this section.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.username.is_empty() != self.password.is_empty() {
            let key = if self.username.is_empty() { "admin.username" } else { "admin.password" };
            problems.push(Problem::new(key, "missing: expected both a user name and a password, or neither"));
        }
        if self.username.contains(':') {
            problems.push(Problem::expected(
                "admin.username",
                "a name without colons (RFC 7617)",
                &self.username,
            ));
        }
        let is_name = |name: &String| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !name.is_empty() && name.bytes().all(allowed)
        };
        for name in self.hosts_allowed.iter().filter(|name| !is_name(name)) {
            let expected = "names of hosts, without port, scheme or pattern";
            problems.push(Problem::expected("admin.hosts_allowed", expected, name));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowed_hosts_are_host_names() {
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
            assert!(problems.iter().all(|problem| problem.key == "admin.hosts_allowed"));
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
