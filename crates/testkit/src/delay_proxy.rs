//! A TCP proxy to a server that delays responses.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

/// Listens on a free port and forwards data in both directions, until the process ends.
#[derive(Debug)]
pub struct DelayProxy {
    address: SocketAddr,
    delay_millis: Arc<AtomicU64>,
}

impl DelayProxy {
    /// A proxy to this port, without a delay.
    pub fn to(port: u16) -> Self {
        Self::between(Ipv4Addr::LOCALHOST, (Ipv4Addr::LOCALHOST, port).into())
    }

    /// A proxy at an address of this machine to a server, without a delay.
    pub fn between(at: Ipv4Addr, server: SocketAddr) -> Self {
        let listener = TcpListener::bind((at, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let delay_millis = Arc::new(AtomicU64::new(0));
        let delay = Arc::clone(&delay_millis);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                // a server that is down appears as a closed connection
                let Ok(server) = TcpStream::connect(server) else { continue };
                join(&client, &server, &delay);
            }
        });
        Self { address, delay_millis }
    }

    /// The address on which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Delays responses by this time from now on.
    pub fn delay(&self, delay: Duration) {
        self.delay_millis.store(delay.as_millis().try_into().unwrap_or(u64::MAX), Relaxed);
    }
}

fn join(client: &TcpStream, server: &TcpStream, delay: &Arc<AtomicU64>) {
    let ends = || Some((client.try_clone().ok()?, server.try_clone().ok()?));
    let (Some((from_client, to_server)), Some((to_client, from_server))) = (ends(), ends()) else { return };
    let delay = Arc::clone(delay);
    thread::spawn(move || forward(from_client, to_server, || Duration::ZERO));
    thread::spawn(move || forward(from_server, to_client, || Duration::from_millis(delay.load(Relaxed))));
}

/// Forwards data until one end closes, then closes the other.
fn forward(mut from: TcpStream, mut to: TcpStream, delay: impl Fn() -> Duration) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut piece) {
        let until = Instant::now() + delay();
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            thread::park_timeout(left);
        }
        if read == 0 || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    // the other end may be closed already
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
