//! HTTP listeners: accept connections up to their limit, and serve the routes of a listener until it is stopped.

mod capacity;
mod connection;
mod connection_policy;
mod outbox;
mod request_target;

use std::{net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use actix_http::{HttpService, Protocol, Request, Response, body::BoxBody, error::DispatchError};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config,
};
use actix_web::{
    App,
    dev::{AppConfig, Server, ServerHandle},
    http::{KeepAlive, Method},
    middleware::from_fn,
    rt,
    web::ServiceConfig,
};
use anyhow::Context;
use futures_util::{
    TryFutureExt,
    future::{Either, ready},
};
use socket2::{Domain, Protocol as Transport, Socket, Type};
use tokio::net::TcpStream;

use self::{capacity::Capacity, connection::Connection, connection_policy::Reserve, outbox::Outbox};
use crate::{
    error::Error,
    http::{cors::Cors, error, middleware},
    state::{Shared, Worker},
    telemetry::counters::ListenerKind,
};

/// Maximum time for receiving the head of a request: enough for slow mobile networks, and little enough that connections that
/// never send one do not accumulate.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// Maximum time for the client to close its side of the connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum of connections waiting to be accepted: the default of actix-web.
const BACKLOG: i32 = 1024;

/// A running listener.
pub struct Listener {
    /// Its address.
    pub address: SocketAddr,
    /// Stops it.
    pub handle: ServerHandle,
    /// Completes when it has stopped.
    pub ended: rt::task::JoinHandle<std::io::Result<()>>,
}

/// The settings of a listener.
pub struct Plan {
    /// Which listener it is.
    pub name: ListenerKind,
    /// The address to listen on.
    pub address: SocketAddr,
    /// Number of threads.
    pub workers: usize,
    /// Maximum number of open connections.
    pub max_connections: usize,
    /// Registers its routes.
    pub pages: fn(&mut ServiceConfig),
}

impl Listener {
    /// Opens the listener. When this returns, connections are accepted.
    pub fn open(shared: &Arc<Shared>, plan: &Plan) -> anyhow::Result<Self> {
        let cannot = || format!("cannot listen on {}", plan.address);
        let socket = bind(plan.address).with_context(cannot)?;
        let address = socket.local_addr().context("cannot read the address of the listener")?;
        let listen = &shared.config.listen;
        let open = Arc::clone(shared.counters.connections(plan.name));
        let capacity = Capacity::new(plan.max_connections, open);
        let builder = Server::build()
            .workers(plan.workers)
            .max_concurrent_connections(capacity.per_worker(plan.workers))
            .shutdown_timeout(listen.shutdown_timeout.as_secs())
            .disable_signals();
        let signal = builder.graceful_shutdown_signal();
        let (state, name, pages) = (Arc::clone(shared), plan.name, plan.pages);
        let end = move || {
            let signal = signal.clone();
            async move { signal.notified().await }
        };
        let server = builder
            .listen(format!("http {address}"), socket, move || {
                service(&state, &capacity, (name, pages), end.clone())
            })
            .with_context(cannot)?
            .run();
        let handle = server.handle();
        Ok(Self { address, handle, ended: rt::spawn(server) })
    }
}

fn bind(address: SocketAddr) -> std::io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Transport::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// The HTTP service of one worker.
fn service<End, Ended>(
    shared: &Arc<Shared>,
    capacity: &Capacity,
    pages: (ListenerKind, fn(&mut ServiceConfig)),
    end: End,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = (), InitError = ()> + use<End, Ended>
where
    End: Fn() -> Ended + 'static,
    Ended: Future<Output = ()> + 'static,
{
    let http = HttpService::build()
        .graceful_shutdown_signal(end)
        .keep_alive(KeepAlive::Timeout(shared.config.listen.keep_alive))
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        // a client that closes its side has left: its requests are cancelled
        .h1_allow_half_closed(false)
        .on_connect_ext(|connection: &Connection, data| {
            data.insert(connection.outbox().clone());
            if connection.is_reserve() {
                data.insert(Reserve);
            }
        })
        .finish(with_connection_policy(shared, capacity, pages));
    let (state, counted, slots) = (Arc::clone(shared), Arc::clone(shared), capacity.clone());
    fn_service(move |stream: TcpStream| {
        let connection = Connection::new(stream, slots.enter(), Arc::clone(&state));
        let peer = connection.peer();
        ready(Ok::<_, DispatchError>((connection, Protocol::Http1, peer)))
    })
    .and_then(http)
    .map_err(move |error| counted.counters.connection_failed(&error))
}

/// The routes, behind the connection policy.
fn with_connection_policy(
    shared: &Arc<Shared>,
    capacity: &Capacity,
    (name, pages): (ListenerKind, fn(&mut ServiceConfig)),
) -> impl use<>
+ ServiceFactory<
    Request,
    Config = (),
    Response = Response<BoxBody>,
    Error = Response<BoxBody>,
    InitError = (),
    Service: Service<Request, Future: 'static> + 'static,
    Future: 'static,
> + 'static {
    let worker = Worker::new(Arc::clone(shared))
        .expect("invariant: a worker was made of the same configuration at the start");
    let cors = Rc::new(Cors::new(&shared.config.cors));
    let observed = from_fn(move |request, next| middleware::observe(name, Rc::clone(&cors), request, next));
    let app = App::new().app_data(Rc::new(worker)).configure(pages).wrap(observed).into_factory();
    let app = app.map_err(|error: actix_web::Error| error.error_response().into());
    let (state, capacity) = (Arc::clone(shared), capacity.clone());
    apply_fn_factory(map_config(app, |()| AppConfig::default()), move |request: Request, app: &_| {
        if let Some(refusal) = connection_policy::refusal(&request, &state.config.errors) {
            state.counters.failures.add(error::code(&Error::Connections));
            return Either::Left(ready(Ok(refusal)));
        }
        let is_reserve = request.conn_data::<Reserve>().is_some();
        let outbox = (*request.method() != Method::HEAD).then(|| request.conn_data::<Outbox>().cloned());
        let (capacity, is_draining) = (capacity.clone(), Arc::clone(&state));
        let answered = Service::call(app, request);
        Either::Right(answered.map_ok(move |response| {
            let response =
                connection_policy::finish(response, &capacity, is_reserve, is_draining.is_draining());
            match outbox.flatten() {
                Some(outbox) => outbox.send(response),
                None => response,
            }
        }))
    })
}
