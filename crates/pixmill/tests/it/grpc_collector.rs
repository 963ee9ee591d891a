//! The gRPC services of a collector, on a tonic server with a thread of its own.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    thread,
};

use opentelemetry_proto::tonic::collector::{
    logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse,
        logs_service_server::{LogsService, LogsServiceServer},
    },
    metrics::v1::{
        ExportMetricsServiceRequest, ExportMetricsServiceResponse,
        metrics_service_server::{MetricsService, MetricsServiceServer},
    },
    trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
};
use parking_lot::Mutex;
use prost::Message;
use tonic::{
    Request, Response, Status,
    body::Body,
    codegen::{BoxFuture, Service, http},
    transport::{Server, server::TcpIncoming},
};

use super::Received;

/// The three services of OTLP.
#[derive(Clone)]
struct Receiver(Arc<Mutex<Vec<Received>>>);

/// Starts a server on a free port, until the end of the process.
pub fn start(received: Arc<Mutex<Vec<Received>>>) -> SocketAddr {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let incoming = {
        let _entered = runtime.enter();
        TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap()
    };
    let address = incoming.local_addr().unwrap();
    thread::spawn(move || {
        runtime.block_on(Server::builder().serve_with_incoming(Receiver(received), incoming)).unwrap();
    });
    address
}

impl Receiver {
    fn keep<M: Message, A: Default>(&self, path: &str, request: &Request<M>) -> Response<A> {
        let headers = request.metadata().clone().into_headers();
        let lines = headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let (path, body) = (path.to_owned(), request.get_ref().encode_to_vec());
        self.0.lock().push(Received { path, headers: lines.collect(), body });
        Response::new(A::default())
    }
}

impl Service<http::Request<Body>> for Receiver {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let path = request.uri().path();
        if path.contains(".TraceService/") {
            TraceServiceServer::new(self.clone()).call(request)
        } else if path.contains(".MetricsService/") {
            MetricsServiceServer::new(self.clone()).call(request)
        } else {
            LogsServiceServer::new(self.clone()).call(request)
        }
    }
}

#[async_trait::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(self.keep("/v1/traces", &request))
    }
}

#[async_trait::async_trait]
impl MetricsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportMetricsServiceRequest>,
    ) -> Result<Response<ExportMetricsServiceResponse>, Status> {
        Ok(self.keep("/v1/metrics", &request))
    }
}

#[async_trait::async_trait]
impl LogsService for Receiver {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        Ok(self.keep("/v1/logs", &request))
    }
}
