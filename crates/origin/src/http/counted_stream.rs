//! A connection, plain or with TLS, that is counted while it exists and passes on final responses only.

use std::{
    cell::Cell,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_rt::net::{ActixStream, Ready, TcpStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

use super::interim_filter::InterimFilter;

/// How much of the head of a response is read at a time, in bytes.
const CHUNK_BYTES: usize = 4096;

/// The number of open connections of a client, busy or idle.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connections(Rc<Cell<usize>>);

impl Connections {
    pub(crate) fn count(&self) -> usize {
        self.0.get()
    }
}

/// A connection. [`super::body`] learns from the count whether a body was complete.
///
/// TLS is part of it, below awc, since interim responses are removed below awc.
#[derive(Debug)]
pub(crate) struct CountedStream {
    stream: Stream,
    interim: InterimFilter,
    connections: Connections,
}

/// What the bytes of a connection go through.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl CountedStream {
    pub(crate) fn new(stream: Stream, connections: &Connections) -> Self {
        connections.0.set(connections.0.get() + 1);
        Self { stream, interim: InterimFilter::default(), connections: connections.clone() }
    }

    /// Reads more of the head of a response into the filter.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut piece = [0; CHUNK_BYTES];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(self.stream.io().poll_read(cx, &mut piece))?;
        Poll::Ready(self.interim.take(piece.filled()))
    }

    /// Notes that something was sent.
    fn sent(&mut self, written: &Poll<io::Result<usize>>) {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.interim.sent();
        }
    }
}

/// Bytes in both directions.
trait Io: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Io for T {}

impl Stream {
    fn io(&mut self) -> Pin<&mut dyn Io> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(&mut **stream),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        self.connections.0.set(self.connections.0.get() - 1);
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if this.interim.is_open() {
                return this.stream.io().poll_read(cx, buffer);
            }
            if let Some(bytes) = this.interim.give(buffer.remaining()) {
                buffer.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            ready!(this.poll_head(cx))?;
        }
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream.io().poll_write(cx, bytes);
        this.sent(&written);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.io().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.io().poll_shutdown(cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream.io().poll_write_vectored(cx, slices);
        this.sent(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }
}

impl ActixStream for CountedStream {
    fn poll_read_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(self.stream.tcp(), cx)
    }

    fn poll_write_ready(&self, cx: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(self.stream.tcp(), cx)
    }
}
