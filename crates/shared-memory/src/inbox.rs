//! An inbox: one buffer that is written repeatedly and stays mapped.
//!
//! Allocating the pages of a new block costs several times as much as the copy. An inbox keeps its pages. Unlike a
//! sealed block it changes, so both sides take turns: the writer writes only while the reader holds no bytes of it,
//! which the reader reports by [`Inbox::is_free`].

use std::{
    fs::File,
    io,
    num::NonZero,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::FileExt,
    },
    sync::Arc,
};

use bytes::Bytes;
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    mm::ProtFlags,
};

use crate::mapping::Mapping;

/// Capacity of an inbox in bytes. Most originals are smaller; pages that were never written take no memory.
pub const CAPACITY: usize = 8 << 20;

const LENGTH: NonZero<usize> = NonZero::new(CAPACITY).expect("invariant: an inbox has bytes");

/// The reader's side of an inbox.
pub struct Inbox(Arc<Mapping>);

/// The first bytes of an inbox.
struct Content {
    mapping: Arc<Mapping>,
    length: usize,
}

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `length` is at most the mapping's, which is sealed against shrinking; the writer changes nothing while
        // this value lives.
        unsafe { std::slice::from_raw_parts(self.mapping.start().as_ptr().cast(), self.length) }
    }
}

/// Creates an inbox: the file shared by writer and reader.
///
/// # Errors
/// Of the system: too many open files, out of memory.
pub fn create() -> io::Result<File> {
    let file = memfd_create("pixmill-inbox", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&file, CAPACITY as u64)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(File::from(file))
}

/// Writes the concatenation of `parts`. Only allowed while the reader's [`Inbox::is_free`].
///
/// # Errors
/// If they are longer than [`CAPACITY`], or of the system.
pub fn write(inbox: &File, parts: &[&[u8]]) -> io::Result<()> {
    let mut at = 0;
    for part in parts {
        inbox.write_all_at(part, at)?;
        at += part.len() as u64;
    }
    Ok(())
}

impl Inbox {
    /// Opens the inbox created by another process.
    ///
    /// # Errors
    /// If the file is no inbox, or cannot be mapped.
    pub fn open(file: OwnedFd) -> io::Result<Self> {
        let sealed = fcntl_get_seals(file.as_fd())?.contains(SealFlags::SHRINK);
        if !sealed || fstat(&file)?.st_size != CAPACITY as i64 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "expected an inbox"));
        }
        Ok(Self(Arc::new(Mapping::new(file, LENGTH, ProtFlags::READ)?)))
    }

    /// The first `length` bytes, without a copy.
    ///
    /// # Errors
    /// If it is more than [`CAPACITY`].
    pub fn content(&self, length: usize) -> io::Result<Bytes> {
        if length > self.0.length() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more than an inbox holds"));
        }
        Ok(Bytes::from_owner(Content { mapping: Arc::clone(&self.0), length }))
    }

    /// Whether no bytes of the content are referenced any more, so that it may be overwritten.
    pub fn is_free(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_reused_when_free() {
        let file = create().unwrap();
        let inbox = Inbox::open(file.try_clone().unwrap().into()).unwrap();
        write(&file, &[b"first", b"", b" job"]).unwrap();
        let content = inbox.content(9).unwrap();
        assert_eq!(&content[..], b"first job");
        let part = content.slice(6..);
        drop(content);
        assert!(!inbox.is_free(), "a part is in use");
        assert_eq!(&part[..], b"job");
        drop(part);
        assert!(inbox.is_free());
        write(&file, &[b"second"]).unwrap();
        assert_eq!(&inbox.content(6).unwrap()[..], b"second");
        assert!(inbox.content(CAPACITY).is_ok() && inbox.content(CAPACITY + 1).is_err());
    }

    #[test]
    fn its_size_is_fixed() {
        let file = create().unwrap();
        assert!(write(&file, &[&[0], &vec![0; CAPACITY]]).is_err());
        assert!(file.set_len(1).is_err());
        assert!(Inbox::open(crate::create(&[b"abc"]).unwrap()).is_err());
    }
}
