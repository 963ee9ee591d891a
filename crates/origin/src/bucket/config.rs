//! The configuration of buckets: section `origin.bucket`.

use std::path::PathBuf;

use config_types::{Problem, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::name;

/// Region, endpoint and credentials of the bucket that `origin.url` names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    pub secret_access_key: Secret,
    /// The session token of a temporary access key for S3.
    pub session_token: Secret,
    /// A JSON file with the key of a Google service account. Not set: `GOOGLE_APPLICATION_CREDENTIALS`, the default
    /// credentials of `gcloud`, or the service account of the instance.
    pub google_service_account: Option<PathBuf>,
    /// The storage account of an Azure container. Empty: `AZURE_STORAGE_ACCOUNT_NAME`.
    pub azure_account: String,
    /// The key of the storage account, in base64. If neither it nor `azure_sas` is set: the environment (`AZURE_*`),
    /// workload identity, or managed identity.
    pub azure_key: Secret,
    /// A shared access signature (SAS) for Azure, as the query string that was issued.
    pub azure_sas: Secret,
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
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Err(expected) = self.endpoint() {
            problems.push(Problem::new("origin.bucket.endpoint", expected));
        }
        if !self.region.is_empty()
            && let Err(expected) = name::region(&self.region)
        {
            problems.push(Problem::new("origin.bucket.region", format!("{expected}, got {:?}", self.region)));
        }
        let problem = |(key, text)| Problem::new(format!("origin.bucket.{key}"), text);
        problems.extend(self.key_problems().map(problem));
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
        let missing = "missing: expected both access_key_id and secret_access_key, or neither";
        let anonymous = "expected either this or origin.bucket.anonymous";
        let file_missing = self.google_service_account.as_ref().is_some_and(|file| !file.is_file());
        let keys = [
            ("access_key_id", self.access_key_id.is_empty()),
            ("secret_access_key", self.secret_access_key.is_empty()),
            ("azure_key", self.azure_key.is_empty()),
            ("azure_sas", self.azure_sas.is_empty()),
        ];
        let ignored = keys.into_iter().filter(|(_, is_empty)| self.anonymous && !is_empty);
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
                "expected an access_key_id that it belongs to",
            ),
            (file_missing, "google_service_account", "expected a file that exists"),
            (
                !self.azure_key.is_empty() && !self.azure_sas.is_empty(),
                "azure_sas",
                "expected either this or origin.bucket.azure_key",
            ),
        ]
        .into_iter()
        .filter_map(|(wrong, key, problem)| wrong.then_some((key, problem)))
        .chain(ignored.map(move |(key, _)| (key, anonymous)))
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
        assert_eq!(config.problems(), []);
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
            ("access_key_id", |c| c.secret_access_key = "SK".into()),
            ("secret_access_key", |c| c.access_key_id = "AK".to_owned()),
            ("session_token", |c| c.session_token = "T".into()),
            ("google_service_account", |c| c.google_service_account = Some("/no/such/file".into())),
            ("azure_key", |c| {
                c.azure_key = "SK".into();
                c.anonymous = true;
            }),
            ("azure_sas", |c| {
                c.azure_key = "SK".into();
                c.azure_sas = "sv=1".into();
            }),
        ];
        for (key, change) in cases {
            let mut config = Config::default();
            change(&mut config);
            let problems = config.problems();
            let key = format!("origin.bucket.{key}");
            assert!(matches!(problems.as_slice(), [problem] if problem.key == key), "{key}: {problems:?}");
        }
        assert_eq!(Config::default().problems(), []);
    }

    #[test]
    fn secrets_are_not_shown() {
        let secret = || Secret::from("hunter2");
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
        assert!(!format!("{:?}", config.problems()).contains("hunter2"));
        let config = Config { endpoint: String::new(), ..config };
        let shown = format!("{config:?} {}", toml::to_string(&config).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(shown.matches("***").count(), 8, "{shown}");
    }
}
