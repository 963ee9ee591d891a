//! Decoded pixels in a block of shared memory: written by one worker, mapped by others. The server passes the block on, and maps
//! nothing.

use std::{
    fs::File,
    io::{self, Write},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use bytes::Bytes;
use parking_lot::Mutex;
use vips_ops::source::{DecodeStep, DecodedPixels, PixelStore, Provider, Sharing};

use super::{
    channel::Channel,
    message::{DecodeRole, Reply},
};
use crate::render::{
    pool::{Part, Role},
    shared_pixels::SharedPixels,
};

/// The server's side of a job's part in a shared decode.
pub struct BlockSharing<'a> {
    /// What the worker is told.
    pub role: DecodeRole,
    block: Option<Arc<OwnedFd>>,
    part: &'a Part,
}

impl<'a> BlockSharing<'a> {
    /// The part of a job; reserves the block of pixels that it is to provide.
    pub fn new(part: &'a Part) -> Self {
        let (role, block) = match (&part.role, &part.decoding) {
            (Role::Reuser(SharedPixels::Block { step, block }), _) => {
                (DecodeRole::Reuse(*step), Some(Arc::clone(block)))
            }
            (Role::Provider, Some(decoding)) => match shared_memory::reserve(decoding.decode.bytes) {
                Ok(block) => (DecodeRole::Provide(decoding.decode.bytes), Some(Arc::new(block))),
                Err(error) => {
                    tracing::warn!(%error, "cannot reserve memory for a shared decode");
                    decoding.publish(None);
                    (DecodeRole::Alone, None)
                }
            },
            _ => (DecodeRole::Alone, None),
        };
        Self { role, block, part }
    }

    /// The block.
    pub fn block(&self) -> Option<BorrowedFd<'_>> {
        self.block.as_ref().map(|block| block.as_fd())
    }

    /// Passes on what the worker has decoded; none if it does not share.
    pub fn publish(&self, step: Option<DecodeStep>) {
        let Some(decoding) = &self.part.decoding else { return };
        let sealed = self.block.as_ref().filter(|block| shared_memory::is_sealed(block).unwrap_or(false));
        let pixels =
            sealed.zip(step).map(|(block, step)| SharedPixels::Block { step, block: Arc::clone(block) });
        decoding.publish(pixels);
    }
}

/// The worker's side: what the render is to do with the block.
pub fn sharing(
    role: DecodeRole,
    block: Option<OwnedFd>,
    channel: &Arc<Channel>,
    number: u64,
) -> io::Result<Sharing> {
    Ok(match (role, block) {
        (DecodeRole::Reuse(step), Some(block)) => {
            Sharing::Reuse(DecodedPixels { step, rows: shared_memory::map(block)? })
        }
        (DecodeRole::Provide(bytes), Some(block)) => {
            let (channel, block) = (Arc::clone(channel), Mutex::new(Some(File::from(block))));
            Sharing::Provide(Arc::new(BlockProvider {
                channel,
                number,
                bytes,
                block,
                is_open: Mutex::new(true),
            }))
        }
        (DecodeRole::Alone, _) => Sharing::Alone,
        (_, None) => return Err(io::Error::new(io::ErrorKind::InvalidData, "expected a block of pixels")),
    })
}

/// Provides pixels to the server.
struct BlockProvider {
    channel: Arc<Channel>,
    number: u64,
    /// The size of the block.
    bytes: u64,
    block: Mutex<Option<File>>,
    /// Whether the others still wait.
    is_open: Mutex<bool>,
}

/// A block that is being written.
struct BlockStore(File);

impl Provider for BlockProvider {
    fn store(&self, bytes: usize) -> Option<Box<dyn PixelStore>> {
        let block = self.block.lock().take().filter(|_| bytes as u64 <= self.bytes)?;
        Some(Box::new(BlockStore(block)))
    }

    fn publish(&self, decoded: Option<&DecodedPixels>) {
        if std::mem::take(&mut *self.is_open.lock()) {
            let step = decoded.map(|decoded| decoded.step);
            // if the server does not read it, it is about to end this process
            let _ = self.channel.send(&Reply::Decoded { number: self.number, step }, &[]);
        }
    }
}

impl Write for BlockStore {
    fn write(&mut self, rows: &[u8]) -> io::Result<usize> {
        self.0.write(rows)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl PixelStore for BlockStore {
    fn finish(self: Box<Self>) -> io::Result<Bytes> {
        shared_memory::seal(&self.0)?;
        shared_memory::map(&self.0)
    }
}
