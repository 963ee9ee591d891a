//! Keys and entries in the form in which the disk engine stores them.

use std::io::{Read, Write};
use std::sync::Arc;

use foyer::{Code, Error as EngineError, ErrorKind, Result};

use crate::entry::{decode_any, encode_into};
use crate::{CacheEntry, Key};

/// A key on disk: an entry is valid only in the epoch it was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct DiskKey {
    pub(super) epoch: u64,
    pub(super) key: Key,
}

/// An entry on its way to or from the disk, with the key that it was written for.
#[derive(Debug, Clone)]
pub(super) struct DiskValue {
    pub(super) key: Key,
    pub(super) entry: Arc<CacheEntry>,
}

impl Code for DiskKey {
    fn encode(&self, writer: &mut impl Write) -> Result<()> {
        writer.write_all(&self.epoch.to_le_bytes()).map_err(EngineError::io_error)?;
        writer.write_all(self.key.as_bytes()).map_err(EngineError::io_error)
    }

    fn decode(reader: &mut impl Read) -> Result<Self> {
        let mut epoch = [0; 8];
        let mut key = [0; Key::LEN];
        reader.read_exact(&mut epoch).map_err(EngineError::io_error)?;
        reader.read_exact(&mut key).map_err(EngineError::io_error)?;
        Ok(Self { epoch: u64::from_le_bytes(epoch), key: key.into() })
    }

    fn estimated_size(&self) -> usize {
        size_of::<u64>() + Key::LEN
    }
}

impl Code for DiskValue {
    fn encode(&self, writer: &mut impl Write) -> Result<()> {
        encode_into(&self.entry, &self.key, writer).map_err(EngineError::io_error)
    }

    /// Reads to the end: the engine passes exactly one value.
    fn decode(reader: &mut impl Read) -> Result<Self> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(EngineError::io_error)?;
        // the kind that makes the engine drop the entry and report a miss
        let (key, entry) = decode_any(bytes.into())
            .map_err(|error| EngineError::new(ErrorKind::ChecksumMismatch, error.to_string()))?;
        Ok(Self { key, entry: Arc::new(entry) })
    }

    fn estimated_size(&self) -> usize {
        Key::LEN + self.entry.weight()
    }
}
