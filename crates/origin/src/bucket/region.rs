//! The region of an S3 bucket: configured, requested, or looked up.

use object_store::client::{HttpRequestBody, HttpService};

use super::{connector::QueueConnector, error, name};
use crate::error::{Error, Result};

/// The endpoint of S3 that knows all buckets. Names are part of the path, since dots in the host break TLS.
pub(crate) const S3: &str = "https://s3.amazonaws.com";

/// The region of S3-compatible services that have no regions.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

/// The header in which S3 states the region of a bucket, also in redirects and refusals.
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// Where the region of a bucket comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RegionChoice<'a> {
    /// From the configuration, then from the environment.
    Configured,
    /// From a request.
    Requested(&'a str),
    /// A request named the bucket, but no region.
    Unspecified,
}

/// The region; `None` if it must be looked up.
///
/// The configured region is that of the configured bucket. A bucket that a request names without a region may be in any,
/// unless there is a single endpoint.
pub(crate) fn resolve(
    region_choice: RegionChoice<'_>,
    configured: Option<String>,
    at_endpoint: bool,
) -> Option<String> {
    let elsewhere = || at_endpoint.then(|| DEFAULT_REGION.to_owned());
    match region_choice {
        RegionChoice::Requested(region) => Some(region.to_owned()),
        RegionChoice::Unspecified if !at_endpoint => None,
        RegionChoice::Unspecified | RegionChoice::Configured => configured.or_else(elsewhere),
    }
}

/// Asks `service` for the region of a bucket.
pub(crate) async fn look_up(connector: &QueueConnector, service: &str, bucket: &str) -> Result<String> {
    let broken = |reason: &str| Error::Broken { host: format!("s3://{bucket}"), reason: reason.to_owned() };
    let request = ::http::Request::head(format!("{service}/{bucket}"))
        .body(HttpRequestBody::empty())
        .map_err(|_| broken("invalid request for the region of the bucket"))?;
    let response = connector
        .call(request)
        .await
        .map_err(|error| error::own(&error).unwrap_or_else(|| broken(&error.to_string())))?;
    if response.status() == ::http::StatusCode::NOT_FOUND {
        return Err(broken("the bucket does not exist"));
    }
    let region = response.headers().get(BUCKET_REGION).and_then(|region| region.to_str().ok());
    region
        .filter(|region| name::region(region).is_ok())
        .map(str::to_owned)
        .ok_or_else(|| broken(&format!("unknown region: expected {BUCKET_REGION} in the response")))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::{super::transport::Transport, *};
    use crate::{ErrorKind, config::origin_config::OriginConfig};

    #[test]
    fn the_region_by_where_it_comes_from() {
        let some = |region: &str| Some(region.to_owned());
        for (region_choice, configured, at_endpoint, expected) in [
            (RegionChoice::Configured, some("eu-west-1"), false, some("eu-west-1")),
            (RegionChoice::Configured, None, false, None),
            (RegionChoice::Configured, None, true, some("us-east-1")),
            (RegionChoice::Requested("eu-north-1"), some("eu-west-1"), false, some("eu-north-1")),
            (RegionChoice::Unspecified, some("eu-west-1"), false, None),
            (RegionChoice::Unspecified, some("eu-west-1"), true, some("eu-west-1")),
        ] {
            assert_eq!(
                resolve(region_choice, configured, at_endpoint),
                expected,
                "{region_choice:?} {at_endpoint}"
            );
        }
    }

    async fn asked(answer: &'static str) -> (Result<String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = format!("http://{}", listener.local_addr().unwrap());
        let server = actix_rt::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(head).unwrap()
        });
        let (connector, queue) =
            QueueConnector::new(Transport::new(&OriginConfig::from(&crate::Config::default())).unwrap());
        queue.open();
        let region = look_up(&connector, &service, "photos").await;
        (region, server.await.unwrap())
    }

    #[actix_rt::test]
    async fn s3_states_it_also_in_refusals() {
        for answer in [
            "HTTP/1.1 200 OK\r\nx-amz-bucket-region: eu-central-1\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 403 Forbidden\r\nx-amz-bucket-region: eu-central-1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-central-1\r\nContent-Length: 400\r\n\r\n",
        ] {
            let (region, asked) = asked(answer).await;
            assert_eq!(region.as_deref(), Ok("eu-central-1"), "{answer}");
            assert!(asked.starts_with("HEAD /photos HTTP/1.1\r\n"), "{asked}");
            assert!(!asked.to_ascii_lowercase().contains("authorization"), "{asked}");
        }
    }

    #[actix_rt::test]
    async fn invalid_regions_are_refused() {
        for answer in [
            "HTTP/1.1 404 Not Found\r\nx-amz-bucket-region: eu-central-1\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nx-amz-bucket-region: evil.example/\r\nContent-Length: 0\r\n\r\n",
        ] {
            let (region, _) = asked(answer).await;
            assert_eq!(region.unwrap_err().kind(), ErrorKind::Broken, "{answer}");
        }
    }
}
