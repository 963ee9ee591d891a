//! The HTTP client for `object_store`: a queue to the worker's own connections.
//!
//! `object_store` requires a client that is `Send`, and ours belongs to one thread. So requests go through a queue to a task
//! of the worker, which ends when the last connector is dropped. No connection is used by another runtime than its own, and
//! an abandoned fetch is abandoned on the wire too.

use std::{cell::Cell, rc::Rc};

use async_trait::async_trait;
use object_store::{
    ClientOptions,
    client::{HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService},
};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    oneshot,
};

use super::transport::Transport;

/// Sends requests from any thread to the worker that it belongs to.
#[derive(Debug, Clone)]
pub(crate) struct QueueConnector {
    requests: UnboundedSender<QueuedRequest>,
}

/// The receiving end of the queue, on the worker.
pub(crate) struct RequestQueue {
    transport: Rc<Transport>,
    /// Taken when the queue is opened.
    queue: Cell<Option<UnboundedReceiver<QueuedRequest>>>,
}

#[derive(Debug)]
struct QueuedRequest {
    request: HttpRequest,
    reply: oneshot::Sender<Result<HttpResponse, HttpError>>,
}

/// The worker ended before it responded.
#[derive(Debug, thiserror::Error)]
#[error("the worker has ended")]
struct Ended;

impl QueueConnector {
    /// A connector, and the queue that must be opened before requests are sent. The number of queued requests is bounded
    /// by the number of fetches.
    pub(crate) fn new(transport: Transport) -> (Self, RequestQueue) {
        let (requests, queue) = unbounded_channel();
        (Self { requests }, RequestQueue { transport: Rc::new(transport), queue: Cell::new(Some(queue)) })
    }
}

impl HttpConnector for QueueConnector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for QueueConnector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let ended = || HttpError::new(HttpErrorKind::Unknown, Ended);
        let (reply, answer) = oneshot::channel();
        self.requests.send(QueuedRequest { request, reply }).map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

impl RequestQueue {
    /// Starts to send requests, on the current worker. Does nothing if called again.
    pub(crate) fn open(&self) {
        let Some(mut queue) = self.queue.take() else { return };
        let transport = Rc::clone(&self.transport);
        actix_rt::spawn(async move {
            while let Some(queued) = queue.recv().await {
                actix_rt::spawn(queued.run(Rc::clone(&transport)));
            }
        });
    }
}

impl QueuedRequest {
    async fn run(self, transport: Rc<Transport>) {
        let Self { request, mut reply } = self;
        let answer = tokio::select! {
            answer = transport.send(request) => answer,
            () = reply.closed() => return,
        };
        // the caller may have gone in this very moment
        let _ = reply.send(answer);
    }
}
