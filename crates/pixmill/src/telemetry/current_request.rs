//! The id of the request that a task or thread works for: for log lines, error bodies and events of errors.
//!
//! It is kept beside the trace, since requests have an id whether they are traced or not. Work that is
//! passed to other tasks or threads takes both along as a [`RequestScope`].

use actix_web::http::header::HeaderValue;

tokio::task_local! {
    static CURRENT: RequestId;
}

/// The id of a request.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id in this text; none if it is no value of a header.
    pub fn of(text: &str) -> Option<Self> {
        HeaderValue::from_str(text).ok().map(Self)
    }

    /// Its text; empty if it is no text.
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl From<HeaderValue> for RequestId {
    fn from(value: HeaderValue) -> Self {
        Self(value)
    }
}

/// The id of the request that this task or thread works for; none if there is none.
pub fn current() -> Option<RequestId> {
    CURRENT.try_with(Clone::clone).ok()
}

/// The request that work belongs to: its id and its trace. Tasks that are spawned, and other threads, inherit neither.
#[derive(Debug, Clone, Default)]
pub struct RequestScope {
    /// Its id; none outside of requests.
    pub id: Option<RequestId>,
    /// Its trace; none if it is not traced.
    pub trace: Option<request_trace::Context>,
}

impl RequestScope {
    /// That of this task or thread.
    pub fn current() -> Self {
        Self { id: current(), trace: request_trace::current() }
    }

    /// Does `work` for the request.
    pub async fn scope<F: Future>(self, work: F) -> F::Output {
        let Self { id, trace } = self;
        match id {
            Some(id) => CURRENT.scope(id, request_trace::scope(trace, work)).await,
            None => request_trace::scope(trace, work).await,
        }
    }

    /// Does `work`, which does not wait, for the request.
    pub fn sync_scope<T>(self, work: impl FnOnce() -> T) -> T {
        let Self { id, trace } = self;
        match id {
            Some(id) => CURRENT.sync_scope(id, || request_trace::sync_scope(trace, work)),
            None => request_trace::sync_scope(trace, work),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn work_knows_its_request() {
        assert!(current().is_none());
        let text = || current().map(|id| id.as_str().to_owned());
        let scope = RequestScope { id: RequestId::of("a-1"), trace: None };
        let inner = scope.clone().scope(async { (text(), RequestScope::current().sync_scope(text)) });
        let (here, there) = inner.now_or_never().unwrap();
        assert_eq!((here.as_deref(), there.as_deref()), (Some("a-1"), Some("a-1")));
        assert_eq!(scope.sync_scope(text).as_deref(), Some("a-1"));
        assert!(RequestScope::default().scope(async { text() }).now_or_never().unwrap().is_none());
        assert!(text().is_none() && RequestId::of("a\n").is_none());
    }
}
