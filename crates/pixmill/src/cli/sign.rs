//! `pixmill sign`: signs a URL for a server that requires signed URLs.

use std::time::Duration;

use clap::Args;
use image_api::{
    params::signature::{EXPIRES, SIGNATURE},
    query::RequestQuery,
};
use result_cache::clock;

use super::{ConfigFile, Error, out};
use crate::{
    config::{Environment, Signing},
    signing::{Purpose, Signer},
};

/// Signs a URL.
#[derive(Debug, Args)]
pub struct Sign {
    /// The URL, or its path and query: `/photo.jpg?width=300`
    url: String,
    /// Lifetime of the signature, such as 24h [default: unlimited]
    #[arg(long, value_name = "DURATION", value_parser = humantime_serde::re::humantime::parse_duration)]
    expires: Option<Duration>,
    /// Id of the key, required if several keys are configured
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Signs for uploading a picture (POST) instead of fetching one
    #[arg(long)]
    upload: bool,
    #[command(flatten)]
    file: ConfigFile,
}

impl Sign {
    /// Prints the signed URL.
    pub fn run(&self, environment: &Environment) -> Result<(), Error> {
        let config = self.file.load(environment)?;
        out::print(&self.signed(&config.params.signing, clock::now() / 1000)?)
    }

    fn signed(&self, signing: &Signing, now: u64) -> Result<String, Error> {
        let usage = |problem: &str| Error::Usage(problem.to_owned());
        let signer = Signer::new(&signing.keys).ok_or_else(|| usage("params.signing.keys is empty"))?;
        let id = match (&self.key, signing.keys.len()) {
            (Some(id), _) => id,
            (None, 1) => signing.keys.keys().next().expect("invariant: there is one key"),
            (None, _) => return Err(usage("several keys are configured, expected --key with the id of one")),
        };
        let url = self.url.split('#').next().unwrap_or_default();
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let path = path(place).ok_or_else(|| usage("expected a URL, or a path that begins with a slash"))?;
        let parse = |query: &str| RequestQuery::parse(query).map_err(|invalid| usage(&invalid.to_string()));
        if parse(query)?.has(&SIGNATURE) {
            return Err(usage("the URL is already signed"));
        }
        let mut query = query.to_owned();
        if let Some(lifetime) = self.expires {
            if parse(&query)?.has(&EXPIRES) {
                return Err(usage("the URL already has expires, expected either that or --expires"));
            }
            push(&mut query, EXPIRES.name, &(now + lifetime.as_secs()).to_string());
        }
        let purpose = if self.upload { Purpose::Upload } else { Purpose::Picture };
        let signature = signer.sign(id, purpose, path, &parse(&query)?);
        let signature = signature.ok_or_else(|| usage("params.signing.keys has no key with this id"))?;
        push(&mut query, SIGNATURE.name, &signature);
        Ok(format!("{place}?{query}"))
    }
}

/// The path of a URL, or the path itself.
fn path(place: &str) -> Option<&str> {
    match place.split_once("://") {
        Some((_, rest)) => Some(rest.find('/').map_or("/", |at| &rest[at..])),
        None => place.starts_with('/').then_some(place),
    }
}

fn push(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.extend([name, "=", value]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(sign: &[&str], keys: &[(&str, &str)]) -> Result<String, String> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            sign: Sign,
        }
        let line = <Line as clap::Parser>::parse_from(["sign"].iter().chain(sign));
        let keys = keys.iter().map(|(id, key)| ((*id).to_owned(), (*key).into())).collect();
        line.sign.signed(&Signing { keys }, 1000).map_err(|error| error.to_string())
    }

    #[test]
    fn urls_are_signed() {
        let keys = [("main", "correct horse battery staple")];
        let url = "https://img.example/caf%C3%A9/photo.jpg?width=300&crop=fit&mark=/logo%20small.png";
        let with_time = signed(&["--expires", "4102443800s", url], &keys).unwrap();
        assert!(include_str!("../../../../docs/signing.md").contains(&with_time), "{with_time}");
        for target in
            ["/a.jpg", "http://a.example/a.jpg", "https://b.example/a.jpg#top", "http://a.example/a.jpg?"]
        {
            let result = signed(&[target], &keys).unwrap();
            let (place, signature) = result.split_once("?signature=").unwrap();
            assert!(target.starts_with(place) && signature.len() == 64, "{result}");
        }
    }

    #[test]
    fn invalid_requests_are_refused() {
        let [one, other] = [("a", "0123456789abcdef"), ("b", "0123456789abcdeg")];
        for (line, keys, problem) in [
            (&["/a.jpg"][..], &[][..], "is empty"),
            (&["/a.jpg"], &[one, other], "several keys"),
            (&["--key", "c", "/a.jpg"], &[one, other], "no key with this id"),
            (&["a.jpg"], &[one], "begins with a slash"),
            (&["/a.jpg?width=3&s=1"], &[one], "already signed"),
            (&["--expires", "1h", "/a.jpg?expires=9"], &[one], "already has expires"),
        ] {
            let error = signed(line, keys).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
        assert_ne!(
            signed(&["--key", "a", "/x"], &[one, other]),
            signed(&["--key", "b", "/x"], &[one, other])
        );
        assert_ne!(signed(&["/x"], &[one]), signed(&["--upload", "/x"], &[one]));
    }
}
