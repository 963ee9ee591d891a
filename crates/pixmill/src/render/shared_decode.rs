//! The part of a job in a decode that several jobs share, on a thread of this process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use vips_ops::{
    cost,
    source::{DecodedPixels, PixelStore, Provider, Sharing},
};

use super::{
    engine::{Job, Operation},
    pool::{DecodeKey, Decoding, Part, Role, SharedDecode},
    shared_pixels::SharedPixels,
};

/// Provides the pixels of a render on a thread of this process.
struct InMemory {
    decoding: Arc<Decoding>,
    is_taken: AtomicBool,
}

impl Provider for InMemory {
    fn store(&self, bytes: usize) -> Option<Box<dyn PixelStore>> {
        if bytes as u64 > self.decoding.decode.bytes || self.is_taken.swap(true, Relaxed) {
            return None;
        }
        let mut store = Vec::new();
        store.try_reserve_exact(bytes).ok()?;
        Some(Box::new(store))
    }

    fn publish(&self, decoded: Option<&DecodedPixels>) {
        self.decoding.publish(decoded.cloned().map(SharedPixels::Memory));
    }
}

impl Job {
    /// What it shares with other jobs on the same original. `is_expected`: whether more of them are about to come.
    pub(super) fn shared_decode(&self, decode: cost::Decode, is_expected: bool) -> SharedDecode {
        let cost::Decode { shrink, size, cpu, bytes } = decode;
        let original = (self.original.as_ptr().addr(), self.original.len());
        SharedDecode {
            key: DecodeKey { original, shrink, size: (size.width, size.height) },
            cpu,
            bytes,
            is_expected,
        }
    }

    /// The job with its part in a shared decode, to be run on a thread of this process.
    pub(super) fn sharing(mut self, part: &Part) -> Self {
        if let Operation::Render(render) = &mut self.operation {
            render.assets.sharing = match (&part.role, &part.decoding) {
                (Role::Reuser(SharedPixels::Memory(decoded)), _) => Sharing::Reuse(decoded.clone()),
                (Role::Provider, Some(decoding)) => {
                    let (decoding, is_taken) = (Arc::clone(decoding), AtomicBool::new(false));
                    Sharing::Provide(Arc::new(InMemory { decoding, is_taken }))
                }
                _ => Sharing::Alone,
            };
        }
        self
    }
}
