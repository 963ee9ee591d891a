//! A client connection: its socket, with a write timeout and a limit on unsent bytes in the kernel.
//!
//! actix-web has no write timeout, so it is implemented here: if the client does not read, writes to the socket stay pending.
//! `TCP_USER_TIMEOUT` is no replacement: it also closes connections of clients that read slowly through a small receive window,
//! since Linux does not count that window as open.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::rt::time::{Instant, Sleep, sleep_until};
use futures_util::FutureExt;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::{capacity::ConnectionSlot, outbox::Outbox, request_target::RequestTargets};
use crate::state::Shared;

/// Maximum of unsent bytes in the kernel per connection (`TCP_NOTSENT_LOWAT`). Without it the kernel buffers up to 4 MB for
/// each (`net.ipv4.tcp_wmem`). Bytes in flight are not limited, so throughput on links with high latency is not reduced.
/// The socket is writable again when half of this is sent: a client that reads less than 32 kB within
/// `listen.write_timeout` is treated as one that reads nothing.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 * 1024;

/// Write timeout while the server shuts down. A client that reads 32 kB in that time continues; a slower one would not
/// complete its response before the end of the shutdown.
const DRAIN_WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Lifetime of a connection in the reserve: enough for one response to a probe.
const RESERVE_LIFE: Duration = Duration::from_secs(2);

/// A client connection, counted while it is open.
pub struct Connection {
    stream: TcpStream,
    slot: ConnectionSlot,
    state: Arc<Shared>,
    /// Since when writes are pending because the client does not read.
    stalled: Option<Instant>,
    /// Wakes the connection at the write timeout. Kept after progress, and reset at the next stall.
    write_timer: Option<Pin<Box<Sleep>>>,
    /// When a connection in the reserve is closed.
    end: Option<Pin<Box<Sleep>>>,
    targets: RequestTargets,
    /// Received bytes that are not passed on yet: the rest of a read in which bytes had to be percent-encoded.
    encoded: VecDeque<u8>,
    /// The body behind the bytes that actix-http writes.
    outbox: Outbox,
}

impl Connection {
    /// An accepted connection.
    pub fn new(stream: TcpStream, slot: ConnectionSlot, state: Arc<Shared>) -> Self {
        if let Err(error) = limit_unsent_bytes(&stream) {
            // not fatal: the connection is served without the limit
            tracing::debug!(%error, "cannot set TCP_NOTSENT_LOWAT on a client connection");
        }
        let end = slot.is_reserve().then(|| Box::pin(sleep_until(Instant::now() + RESERVE_LIFE)));
        let (targets, encoded, outbox) = (RequestTargets::default(), VecDeque::new(), Outbox::default());
        Self { stream, slot, state, stalled: None, write_timer: None, end, targets, encoded, outbox }
    }

    /// Whether it is above the connection limit.
    pub fn is_reserve(&self) -> bool {
        self.slot.is_reserve()
    }

    /// What takes bodies that are not copied.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The address of the client.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// Copies percent-encoded bytes into the buffer, as many as fit.
    fn copy_encoded(&mut self, buffer: &mut ReadBuf<'_>) {
        while buffer.remaining() > 0 {
            let (part, _) = self.encoded.as_slices();
            let length = part.len().min(buffer.remaining());
            if length == 0 {
                break;
            }
            buffer.put_slice(&part[..length]);
            self.encoded.drain(..length);
        }
    }

    /// Writes bytes, and behind them the outbox, in one system call; how many of both were written.
    fn poll_write_both(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let stream = Pin::new(&mut self.stream);
        let written = if self.outbox.is_empty() {
            stream.poll_write(cx, bytes)
        } else {
            let body = self.outbox.rest();
            stream.poll_write_vectored(cx, &[IoSlice::new(bytes), IoSlice::new(&body)])
        };
        if written.is_pending() {
            return self.poll_write_timeout(cx);
        }
        self.stalled = None;
        written
    }

    /// Fails with a timeout if writes were pending for too long. The limit is shorter while the server shuts down: the
    /// dispatcher then polls every connection, so that it applies to those that have stalled before, too.
    fn poll_write_timeout(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let since = *self.stalled.get_or_insert_with(Instant::now);
        let limit = self.state.config.listen.write_timeout;
        let limit = if self.state.is_draining() { limit.min(DRAIN_WRITE_TIMEOUT) } else { limit };
        let until = since + limit;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.poll_unpin(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(target_os = "linux")]
fn limit_unsent_bytes(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)
}

/// Other systems have no such option.
#[cfg(not(target_os = "linux"))]
fn limit_unsent_bytes(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.end.as_mut().is_some_and(|end| end.poll_unpin(cx).is_ready()) {
            // end of input, as if the client had closed the connection
            return Poll::Ready(Ok(()));
        }
        if this.encoded.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
            if let Some(at) = this.targets.first_raw(&buffer.filled()[before..]) {
                this.encoded = this.targets.encoded(&buffer.filled()[before + at..]).into();
                buffer.set_filled(before + at);
            }
        }
        this.copy_encoded(buffer);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(this.poll_write_both(cx, bytes))?;
        let own = written.min(bytes.len());
        this.outbox.written(written - own);
        Poll::Ready(Ok(own))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while !this.outbox.is_empty() {
            match ready!(this.poll_write_both(cx, &[]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => this.outbox.written(written),
            }
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
