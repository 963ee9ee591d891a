//! A scripted HTTP server: sends exactly the configured bytes, valid or not.

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use rcgen::{CertifiedKey, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// Timeout of all waiting; a test that reaches it has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first byte of a TLS connection: a handshake record.
const TLS_HANDSHAKE: u8 = 0x16;

/// A received request.
#[derive(Debug, Clone)]
pub struct ReceivedRequest {
    /// Number of its connection, from 1.
    pub connection: usize,
    /// Whether the connection uses TLS.
    pub tls: bool,
    /// Request line and headers.
    pub head: String,
}

impl ReceivedRequest {
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The server's reply to a request.
pub struct Reply {
    bytes: Vec<u8>,
    then: Then,
}

enum Then {
    AwaitNext,
    Close,
    Reset,
    Hang,
    /// Sends the rest after the signal.
    Resume(Rc<Notify>, Vec<u8>),
}

/// A reply of these bytes, after which the server waits for the next request.
pub fn say(bytes: impl AsRef<[u8]>) -> Reply {
    Reply { bytes: bytes.as_ref().to_vec(), then: Then::AwaitNext }
}

/// A response of status 200 with further header lines and a body of known length.
pub fn ok(headers: &str, body: &str) -> Reply {
    say(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

/// A response without a body.
pub fn empty(status: u16, headers: &str) -> Reply {
    say(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{headers}\r\n"))
}

pub fn redirect(location: &str) -> Reply {
    empty(302, &format!("Location: {location}\r\n"))
}

impl Reply {
    pub fn then_close(self) -> Self {
        Self { then: Then::Close, ..self }
    }

    pub fn then_reset(self) -> Self {
        Self { then: Then::Reset, ..self }
    }

    pub fn then_hang(self) -> Self {
        Self { then: Then::Hang, ..self }
    }

    pub fn then_say(self, rest: &str, signal: &Rc<Notify>) -> Self {
        Self { then: Then::Resume(Rc::clone(signal), rest.as_bytes().to_vec()), ..self }
    }
}

/// A running server. It lives on the thread of its test and ends with it.
pub struct Server {
    address: SocketAddr,
    shared: Rc<Shared>,
}

struct Shared {
    script: Box<dyn Fn(&ReceivedRequest) -> Reply>,
    requests: RefCell<Vec<ReceivedRequest>>,
    connections: Cell<usize>,
    open: watch::Sender<usize>,
    tls: TlsAcceptor,
    certificate: String,
}

impl Server {
    /// Serves by a script, in plain text or with TLS, whichever the client uses.
    pub async fn start(script: impl Fn(&ReceivedRequest) -> Reply + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tls, certificate) = certified();
        let shared = Rc::new(Shared {
            script: Box::new(script),
            requests: RefCell::default(),
            connections: Cell::default(),
            open: watch::Sender::default(),
            tls,
            certificate,
        });
        let accepting = Rc::clone(&shared);
        actix_rt::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepting.connections.set(accepting.connections.get() + 1);
                actix_rt::spawn(Rc::clone(&accepting).welcome(stream, accepting.connections.get()));
            }
        });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL by the host name of the certificate.
    pub fn https(&self) -> String {
        format!("https://localhost:{}", self.address.port())
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The server's certificate, as PEM.
    pub fn certificate(&self) -> &str {
        &self.shared.certificate
    }

    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.shared.requests.borrow().clone()
    }

    pub fn connections(&self) -> usize {
        self.shared.connections.get()
    }

    /// Waits until no more connections than this are open.
    pub async fn has_at_most_open(&self, most: usize) {
        let mut open = self.shared.open.subscribe();
        timeout(PATIENCE, open.wait_for(|open| *open <= most)).await.expect("they stay open").unwrap();
    }
}

fn certified() -> (TlsAcceptor, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
    let key = PrivateKeyDer::try_from(KeyPair::serialize_der(&signing_key)).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let base64 = BASE64_STANDARD.encode(cert.der());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    (TlsAcceptor::from(Arc::new(config)), pem)
}

impl Shared {
    async fn welcome(self: Rc<Self>, stream: TcpStream, connection: usize) {
        self.open.send_modify(|open| *open += 1);
        self.host(stream, connection).await;
        self.open.send_modify(|open| *open -= 1);
    }

    async fn host(&self, stream: TcpStream, connection: usize) {
        let mut first = [0];
        if stream.peek(&mut first).await.is_ok() && first[0] == TLS_HANDSHAKE {
            // a client that does not trust the certificate leaves in the middle of the handshake
            if let Ok(mut stream) = self.tls.accept(stream).await {
                self.serve(&mut stream, connection, true).await;
            }
            return;
        }
        let mut stream = stream;
        if let Some(Then::Reset) = self.serve(&mut stream, connection, false).await {
            stream.set_zero_linger().unwrap();
        }
    }

    async fn serve<S>(&self, stream: &mut S, connection: usize, tls: bool) -> Option<Then>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while let Some(head) = read_head(stream).await {
            let request = ReceivedRequest { connection, tls, head };
            let reply = (self.script)(&request);
            self.requests.borrow_mut().push(request);
            // a client that has read enough may be gone
            let _ = stream.write_all(&reply.bytes).await;
            match reply.then {
                Then::AwaitNext => {}
                Then::Resume(signal, rest) => {
                    signal.notified().await;
                    let _ = stream.write_all(&rest).await;
                }
                Then::Hang => std::future::pending().await,
                Then::Reset => return Some(Then::Reset),
                Then::Close => {
                    let _ = stream.shutdown().await;
                    return Some(Then::Close);
                }
            }
        }
        None
    }
}

async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}
