//! One request to one host, without limits: sends it, follows no redirect, and receives the response.

use async_trait::async_trait;
use awc::{
    ClientResponse,
    http::{
        StatusCode,
        header::{HeaderValue, LOCATION},
    },
};
use http_semantics::Validators;
use tokio::time::timeout;
use url::Url;

use crate::{
    error::{Error, Phase, Result},
    fetched::OriginResponse,
    http::{
        authority::authority,
        body::{self, BodyError, Framing},
        client_pool::ClientPool,
        content_coding::{self, Decoded},
        counted_stream::Connections,
        error::{self, Limits},
        hop::{Exchange, Hop, HopResult},
        redirect::{self, RedirectPolicy},
        request::{self, Headers},
        response,
    },
};

/// Sends requests by the pooled connections of one worker.
pub(crate) struct HttpExchange {
    pub(crate) pool: ClientPool,
    pub(crate) headers: Headers,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) limits: Limits,
    /// The largest original, in bytes.
    pub(crate) max_bytes: u64,
    pub(crate) connections: Connections,
}

#[async_trait(?Send)]
impl Exchange for HttpExchange {
    async fn exchange(&self, hop: &Hop<'_>) -> Result<HopResult> {
        let Hop { fetch, url, trust, known, .. } = *hop;
        let (host, address) = hop.host_and_address();
        // held until the body is read: the pool must outlive its connections, see `body::read`
        let client = self.pool.client(url, address);
        let request = || {
            request::get(&client, url, &self.headers, trust, (known, host)).send_body(awc::body::None::new())
        };
        let response = self.send(&request, url).await?;
        if !body::is_delimited(&response) {
            self.pool.retire(url, address);
        }
        if redirect::is_redirect(response.status()) {
            return self.redirected(response, hop).await.map(HopResult::Redirect);
        }
        self.receive(response, url, &fetch.original, known).await.map(HopResult::Response)
    }
}

impl HttpExchange {
    /// Where a redirect leads, if it may.
    async fn redirected(&self, response: ClientResponse, hop: &Hop<'_>) -> Result<Url> {
        let url = hop.url;
        let broken = |reason: &str| Error::Broken { host: authority(url), reason: reason.to_owned() };
        let location = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
        let target = redirect::target(url, location).map_err(broken)?;
        if !self.redirects.permits(&target, &hop.fetch.url) {
            return Err(Error::RefusedHost { host: authority(url), target: authority(&target) });
        }
        tracing::debug!(from = authority(url), to = authority(&target), "redirected");
        body::drain(response).await;
        Ok(target)
    }

    /// Sends a request and waits for the head of its response.
    async fn send<F>(&self, request: &impl Fn() -> F, url: &Url) -> Result<ClientResponse>
    where
        F: Future<Output = Result<ClientResponse, awc::error::SendRequestError>>,
    {
        let sent = timeout(self.limits.response, async {
            match request().await {
                Err(error) if error::is_retryable(&error) => request().await,
                result => result,
            }
        });
        match sent.await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(error::send_error(authority(url), error, &self.limits)),
            Err(_) => Err(Error::Timeout {
                host: authority(url),
                phase: Phase::Response,
                limit: self.limits.response,
            }),
        }
    }

    /// Receives the rest of a response that is no redirect.
    async fn receive(
        &self,
        response: ClientResponse,
        url: &Url,
        original: &str,
        known: Option<&Validators>,
    ) -> Result<OriginResponse> {
        let status = response.status();
        let validators = response::validators(response.headers());
        let cache_policy = response::cache_policy(response.headers());
        let content_type = response::content_type(response.headers());
        match (status, known) {
            (StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => {
                let Decoded { body, coding_warning } = self.whole_body(response, url, original).await?;
                Ok(OriginResponse {
                    body: Some(body),
                    validators,
                    cache_policy,
                    content_type,
                    coding_warning,
                })
            }
            (StatusCode::NOT_MODIFIED, Some(known)) => {
                let validators = validators.or(known);
                Ok(OriginResponse {
                    body: None,
                    validators,
                    cache_policy,
                    content_type,
                    coding_warning: None,
                })
            }
            // what follows a switch of protocols is no body, and has no end
            (status, _) if status.is_informational() => {
                Err(refusal(status, authority(url), original.to_owned()))
            }
            _ => {
                body::drain(response).await;
                Err(refusal(status, authority(url), original.to_owned()))
            }
        }
    }

    async fn whole_body(&self, response: ClientResponse, url: &Url, original: &str) -> Result<Decoded> {
        let pause = self.limits.response;
        let body_error = |body_error| match body_error {
            BodyError::TooLarge => Error::TooLarge { original: original.to_owned(), limit: self.max_bytes },
            BodyError::TooSlow => Error::Timeout { host: authority(url), phase: Phase::Body, limit: pause },
            BodyError::Broken(reason) => Error::Broken { host: authority(url), reason },
        };
        let framing = Framing::of_response(&response).ok_or_else(|| body_error(BodyError::endless()))?;
        let codings = response::codings(response.headers());
        let body = body::read(response, framing, self.max_bytes, pause, &self.connections).await;
        let body = body.map_err(body_error)?;
        content_coding::decode(body, codings.as_deref(), self.max_bytes).await.map_err(body_error)
    }
}

/// The error of a response that is neither an original nor a redirect.
fn refusal(status: StatusCode, host: String, original: String) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound { original },
        StatusCode::GONE => Error::Gone { original },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Error::Forbidden { original, reason: format!("{host} answered {status}") }
        }
        _ => Error::Status { host, status: status.as_u16() },
    }
}
