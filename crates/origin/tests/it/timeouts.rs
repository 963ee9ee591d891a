//! Every wait ends at its configured timeout.

use futures_util::FutureExt;
use origin::{Error, Phase};
use tokio::net::{TcpSocket, TcpStream};

use crate::{
    SHORT, config, fetch, open,
    server::{Server, say},
};

fn phase(error: &Error) -> Phase {
    match error {
        Error::Timeout { phase, .. } => *phase,
        error => panic!("expected a time-out, got {error}"),
    }
}

#[actix_rt::test]
async fn the_head_of_the_response() {
    for reply in ["", "HTTP/1.1 200 OK\r\nContent-"] {
        let server = Server::start(move |_| say(reply).then_hang()).await;
        let mut config = config(server.url());
        config.response_timeout = SHORT;
        let error = fetch(&open(&config), "/a").await.unwrap_err();
        assert_eq!(phase(&error), Phase::Response);
    }
}

#[actix_rt::test]
async fn the_whole_fetch() {
    for reply in ["", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npic"] {
        let server = Server::start(move |_| say(reply).then_hang()).await;
        let mut config = config(server.url());
        config.timeout = SHORT;
        let error = fetch(&open(&config), "/a").await.unwrap_err();
        assert_eq!(phase(&error), Phase::Fetch);
    }
}

#[actix_rt::test]
async fn the_connection() {
    // a listener whose backlog is full accepts no further connection
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue: Vec<_> = (0..4).map(|_| Box::pin(TcpStream::connect(address))).collect();
    for caller in &mut queue {
        let _ = caller.now_or_never();
    }
    let mut config = config(format!("http://{address}"));
    config.connect_timeout = SHORT;
    let error = fetch(&open(&config), "/a").await.unwrap_err();
    assert_eq!(phase(&error), Phase::Connect);
}

#[actix_rt::test]
async fn the_tls_handshake() {
    let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config(format!("https://localhost:{}", mute.local_addr().unwrap().port()));
    config.connect_timeout = SHORT;
    let error = fetch(&open(&config), "/a").await.unwrap_err();
    assert_eq!(phase(&error), Phase::Connect);
}

#[actix_rt::test]
async fn an_unused_body_is_not_waited_for() {
    let server = Server::start(|_| say("HTTP/1.1 404 X\r\nContent-Length: 9\r\n\r\nno su").then_hang()).await;
    let error = fetch(&open(&config(server.url())), "/a").await.unwrap_err();
    assert_eq!(error.kind(), origin::ErrorKind::NotFound);
}
