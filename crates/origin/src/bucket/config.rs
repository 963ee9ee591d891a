//! The configuration of buckets: section `origin.bucket`.

use std::{fmt, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use url::{Host, Url};

use super::name;

/// What is shown in place of a secret.
const MASK: &str = "***";

/// Region, endpoint and credentials of the bucket that `origin.url` names.
///
/// Secrets are masked as `***` by `Debug` and when serialised.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The region of an S3 bucket, such as `eu-central-1`. Empty: `AWS_REGION`, else it is looked up; with an `endpoint`,
    /// `us-east-1`.
    pub region: String,
    /// The URL of a compatible service, such as `http://minio:9000`. It may be private. Empty: the provider's own.
    pub endpoint: String,
    /// How the name of an S3 bucket is part of the URLs of its objects.
    pub addressing: Addressing,
    /// Whether requests are sent unsigned, for public buckets.
    pub anonymous: bool,
    /// The access key ID for S3. Empty, and not `anonymous`: the standard credential chain, which is the environment
    /// (`AWS_*`), the web identity of a Kubernetes service account, the role of a container, and the instance metadata.
    pub access_key_id: String,
    /// The secret access key for S3.
    #[serde(serialize_with = "masked")]
    pub secret_access_key: String,
    /// The session token of a temporary access key for S3.
    #[serde(serialize_with = "masked")]
    pub session_token: String,
    /// A JSON file with the key of a Google service account. Not set: `GOOGLE_APPLICATION_CREDENTIALS`, the default
    /// credentials of `gcloud`, or the service account of the instance.
    pub google_service_account: Option<PathBuf>,
    /// The storage account of an Azure container. Empty: `AZURE_STORAGE_ACCOUNT_NAME`.
    pub azure_account: String,
    /// The key of the storage account, in base64. If neither it nor `azure_sas` is set: the environment (`AZURE_*`),
    /// workload identity, or managed identity.
    #[serde(serialize_with = "masked")]
    pub azure_key: String,
    /// A shared access signature (SAS) for Azure, as the query string that was issued.
    #[serde(serialize_with = "masked")]
    pub azure_sas: String,
}

/// How the name of an S3 bucket is part of the URLs of its objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Addressing {
    /// In the path; works with every name and nearly every service.
    #[default]
    PathStyle,
    /// In the host name; names with dots then break TLS.
    VirtualHosted,
}

impl Config {
    /// Everything that is wrong, each with its key and what was expected.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(expected) = self.endpoint() {
            problems.push(format!("origin.bucket.endpoint: {expected}"));
        }
        if !self.region.is_empty()
            && let Err(expected) = name::region(&self.region)
        {
            problems.push(format!("origin.bucket.region is {:?}: {expected}", self.region));
        }
        problems.extend(self.key_problems().map(|(key, problem)| format!("origin.bucket.{key} {problem}")));
        problems
    }

    /// The endpoint, if it is not the provider's own.
    pub(crate) fn endpoint(&self) -> Result<Option<Url>, &'static str> {
        if self.endpoint.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(&self.endpoint).map_err(|_| "expected a URL such as http://minio:9000")?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err("expected an http or https URL");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("expected no user and password; keys have settings of their own");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("expected a URL without query and fragment");
        }
        if url.scheme() == "https" && matches!(url.host(), Some(Host::Ipv6(_))) {
            return Err("expected a host name: https to an IPv6 address is not supported");
        }
        if self.addressing == Addressing::VirtualHosted && !matches!(url.host(), Some(Host::Domain(_))) {
            return Err("expected a host name, which virtual_hosted puts the bucket before");
        }
        Ok(Some(url))
    }

    fn key_problems(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let missing = "is missing: expected both halves of an access key";
        let anonymous = "is set, and so is origin.bucket.anonymous: expected one of them";
        let file_missing = self.google_service_account.as_ref().is_some_and(|file| !file.is_file());
        let keys = [
            ("access_key_id", &self.access_key_id),
            ("secret_access_key", &self.secret_access_key),
            ("azure_key", &self.azure_key),
            ("azure_sas", &self.azure_sas),
        ];
        let ignored = keys.into_iter().filter(|(_, value)| self.anonymous && !value.is_empty());
        [
            (!self.secret_access_key.is_empty() && self.access_key_id.is_empty(), "access_key_id", missing),
            (
                !self.access_key_id.is_empty() && self.secret_access_key.is_empty(),
                "secret_access_key",
                missing,
            ),
            (
                !self.session_token.is_empty() && self.access_key_id.is_empty(),
                "session_token",
                "is set without an access key: expected one that it belongs to",
            ),
            (file_missing, "google_service_account", "expected a file that exists"),
            (
                !self.azure_key.is_empty() && !self.azure_sas.is_empty(),
                "azure_sas",
                "is set, and so is origin.bucket.azure_key: expected one of them",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, key, problem)| wrong.then_some((key, problem)))
        .chain(ignored.map(move |(key, _)| (key, anonymous)))
    }
}

fn masked<S: Serializer>(secret: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(mask(secret))
}

/// Empty for an empty secret, so that one can see whether it is set.
fn mask(secret: &str) -> &'static str {
    if secret.is_empty() { "" } else { MASK }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .field("addressing", &self.addressing)
            .field("anonymous", &self.anonymous)
            .field("access_key_id", &self.access_key_id)
            .field("secret_access_key", &mask(&self.secret_access_key))
            .field("session_token", &mask(&self.session_token))
            .field("google_service_account", &self.google_service_account)
            .field("azure_account", &self.azure_account)
            .field("azure_key", &mask(&self.azure_key))
            .field("azure_sas", &mask(&self.azure_sas))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_toml() {
        let config: Config = toml::from_str(
            "endpoint = 'http://10.0.0.1:9000'\naddressing = 'path_style'\naccess_key_id = 'AK'\n\
             secret_access_key = 'SK'\nregion = 'eu-central-1'",
        )
        .unwrap();
        assert_eq!(config.problems(), [""; 0]);
        assert_eq!(config.endpoint().unwrap().unwrap().as_str(), "http://10.0.0.1:9000/");
        assert!(toml::from_str::<Config>("path_style = true").is_err());
    }

    #[test]
    fn each_problem_names_its_key() {
        type Change = fn(&mut Config);
        let cases: &[(&str, Change)] = &[
            ("endpoint", |c| c.endpoint = "minio".to_owned()),
            ("endpoint", |c| c.endpoint = "ftp://minio".to_owned()),
            ("endpoint", |c| c.endpoint = "http://a:b@minio".to_owned()),
            ("endpoint", |c| c.endpoint = "http://minio/?x".to_owned()),
            ("endpoint", |c| c.endpoint = "https://[::1]:9000".to_owned()),
            ("endpoint", |c| {
                c.endpoint = "http://10.0.0.1".to_owned();
                c.addressing = Addressing::VirtualHosted;
            }),
            ("region", |c| c.region = "eu/../west".to_owned()),
            ("access_key_id", |c| c.secret_access_key = "SK".to_owned()),
            ("secret_access_key", |c| c.access_key_id = "AK".to_owned()),
            ("session_token", |c| c.session_token = "T".to_owned()),
            ("google_service_account", |c| c.google_service_account = Some("/no/such/file".into())),
            ("azure_key", |c| {
                c.azure_key = "SK".to_owned();
                c.anonymous = true;
            }),
            ("azure_sas", |c| {
                c.azure_key = "SK".to_owned();
                c.azure_sas = "sv=1".to_owned();
            }),
        ];
        for (key, change) in cases {
            let mut config = Config::default();
            change(&mut config);
            let problems = config.problems();
            let key = format!("origin.bucket.{key}");
            assert!(
                matches!(problems.as_slice(), [problem] if problem.starts_with(&key)),
                "{key}: {problems:?}"
            );
        }
        assert_eq!(Config::default().problems(), [""; 0]);
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = || "hunter2".to_owned();
        let config = Config {
            endpoint: "http://user:hunter2@minio".to_owned(),
            ..Config {
                secret_access_key: secret(),
                session_token: secret(),
                azure_key: secret(),
                azure_sas: secret(),
                ..Config::default()
            }
        };
        assert!(!config.problems().join(" ").contains("hunter2"));
        let config = Config { endpoint: String::new(), ..config };
        let shown = format!("{config:?} {}", toml::to_string(&config).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(shown.matches(MASK).count(), 8, "{shown}");
    }
}
