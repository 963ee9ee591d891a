//! One connection of a client: its socket, bounded in what the kernel buffers for it and in how long it may stand still.
//!
//! actix-web knows no timeout for writing, so it is here: a write that the socket does not take is what a client that does
//! not read looks like. `TCP_USER_TIMEOUT` looks like the same for free, but is not: it also cuts clients that read slowly
//! through a small window, since Linux does not count that window as open.

use std::{
    collections::VecDeque,
    io,
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

use super::{capacity::ConnectionSlot, request_target::RequestTargets};
use crate::state::Shared;

/// The most that waits unsent in the kernel for a client, in bytes. Without a bound the kernel keeps up to 4 MB for
/// each (`net.ipv4.tcp_wmem`); what was sent and is on its way is not bounded, so long lines stay fast. The socket takes
/// more when half of it is sent: a client that takes less than 32 kB in a whole `listen.write_timeout` is not told from
/// one that takes nothing.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 * 1024;

/// How long a client that is being answered may take nothing when the server ends: one that takes 32 kB in that time
/// goes on, and one that is slower than that would not be done in time anyway.
const STALL_WHEN_ENDING: Duration = Duration::from_secs(5);

/// How long a connection of the reserve lives: time for one answer that needs no work.
const RESERVE_LIFE: Duration = Duration::from_secs(2);

/// A connection, counted while it is open.
pub struct Connection {
    stream: TcpStream,
    slot: ConnectionSlot,
    state: Arc<Shared>,
    /// Since when the client takes nothing though there is something for it.
    stalled: Option<Instant>,
    /// Wakes the connection when it has stood still for too long. It stays when there is progress, and is set anew.
    alarm: Option<Pin<Box<Sleep>>>,
    /// When a connection of the reserve is closed.
    end: Option<Pin<Box<Sleep>>>,
    targets: RequestTargets,
    /// What was read and is not handed on yet: the rest of a read in which something had to be encoded.
    encoded: VecDeque<u8>,
}

impl Connection {
    /// A connection that was accepted.
    pub fn new(stream: TcpStream, slot: ConnectionSlot, state: Arc<Shared>) -> Self {
        if let Err(error) = bound(&stream) {
            // it serves all the same
            tracing::debug!(%error, "a socket could not be set up");
        }
        let end = slot.is_reserve().then(|| Box::pin(sleep_until(Instant::now() + RESERVE_LIFE)));
        let (targets, encoded) = (RequestTargets::default(), VecDeque::new());
        Self { stream, slot, state, stalled: None, alarm: None, end, targets, encoded }
    }

    /// Whether it is beyond the cap.
    pub fn is_reserve(&self) -> bool {
        self.slot.is_reserve()
    }

    /// The other end.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// Hands on what had to be encoded, as far as there is room.
    fn hand_on(&mut self, buffer: &mut ReadBuf<'_>) {
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

    /// Breaks off a write that has stood still for too long. A server that ends is less patient: then the dispatcher polls
    /// every connection, so that those find out which have stood still before.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let since = *self.stalled.get_or_insert_with(Instant::now);
        let patience = self.state.config.listen.write_timeout;
        let patience = if self.state.is_draining() { patience.min(STALL_WHEN_ENDING) } else { patience };
        let until = since + patience;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(until)));
        if alarm.deadline() != until {
            alarm.as_mut().reset(until);
        }
        alarm.poll_unpin(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

#[cfg(target_os = "linux")]
fn bound(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)
}

/// Other systems have no such bound.
#[cfg(not(target_os = "linux"))]
fn bound(_: &TcpStream) -> io::Result<()> {
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
            // as if the client had closed
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
        this.hand_on(buffer);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        if written.is_pending() {
            return this.wait(cx);
        }
        this.stalled = None;
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
