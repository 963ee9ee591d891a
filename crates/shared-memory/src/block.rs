//! Sealed blocks: bytes that are written once and never change.

use std::{
    fs::File,
    io::{self, Write},
    num::NonZero,
    os::fd::{AsFd, OwnedFd},
};

use bytes::Bytes;
use rustix::{
    fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate, memfd_create},
    mm::ProtFlags,
};

use crate::mapping::Mapping;

/// The seals that make a mapping immutable.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::WRITE);

/// A mapping of a sealed block.
struct Sealed(Mapping);

impl AsRef<[u8]> for Sealed {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `map` mapped as many bytes as the file has, and its seals keep both length and content for ever.
        unsafe { std::slice::from_raw_parts(self.0.start().as_ptr().cast(), self.0.length()) }
    }
}

/// Creates a sealed block with the concatenation of `parts`.
///
/// # Errors
/// Of the system: too many open files, out of memory.
pub fn create(parts: &[&[u8]]) -> io::Result<OwnedFd> {
    let block = memfd_create("pixmill-block", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(block);
    for part in parts {
        file.write_all(part)?;
    }
    let block = OwnedFd::from(file);
    seal(&block)?;
    Ok(block)
}

/// Creates a block of `length` bytes that is not sealed yet: one process, usually another one, writes it from the start and
/// then [seals](seal) it. The length cannot change. Memory is allocated as it is written; what is not written is zero.
///
/// # Errors
/// Of the system: too many open files, out of memory.
pub fn reserve(length: u64) -> io::Result<OwnedFd> {
    let block = memfd_create("pixmill-block", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    ftruncate(&block, length)?;
    fcntl_add_seals(&block, SealFlags::SHRINK | SealFlags::GROW)?;
    Ok(block)
}

/// Seals a block of [`reserve`], so that it can be mapped.
///
/// # Errors
/// If it is mapped for writing.
pub fn seal(block: impl AsFd) -> io::Result<()> {
    Ok(fcntl_add_seals(block, SEALS | SealFlags::SEAL)?)
}

/// Whether a block is sealed.
///
/// # Errors
/// If it is not a memfd.
pub fn is_sealed(block: impl AsFd) -> io::Result<bool> {
    Ok(fcntl_get_seals(block)?.contains(SEALS))
}

/// Maps a block. The mapping ends when the last clone of the bytes is dropped.
///
/// # Errors
/// If the block is not sealed as [`create`] seals it, or cannot be mapped.
pub fn map(block: impl AsFd) -> io::Result<Bytes> {
    let block = block.as_fd();
    if !is_sealed(block)? {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "expected a sealed block"));
    }
    let length = usize::try_from(fstat(block)?.st_size).map_err(io::Error::other)?;
    let Some(length) = NonZero::new(length) else { return Ok(Bytes::new()) };
    Ok(Bytes::from_owner(Sealed(Mapping::new(block, length, ProtFlags::READ)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_bytes_are_mapped() {
        for parts in [&[&b""[..]][..], &[b"a", b"", b"bc"], &[&[7; 10_000], b"x"]] {
            let block = create(parts).unwrap();
            let mapped = map(&block).unwrap();
            drop(block);
            assert_eq!(mapped, parts.concat());
            assert_eq!(mapped.slice(mapped.len() / 2..).clone(), parts.concat()[mapped.len() / 2..]);
        }
    }

    #[test]
    fn a_block_cannot_change() {
        let block = create(&[b"abc"]).unwrap();
        let mut file = File::from(block.try_clone().unwrap());
        assert!(file.write_all(b"x").is_err() && file.set_len(0).is_err() && file.set_len(9).is_err());
        assert_eq!(&map(&block).unwrap()[..], b"abc");
    }

    #[test]
    fn a_reserved_block_is_written_then_sealed() {
        let block = reserve(5).unwrap();
        assert!(!is_sealed(&block).unwrap() && map(&block).is_err());
        let mut file = File::from(block.try_clone().unwrap());
        file.write_all(b"abc").unwrap();
        assert!(file.set_len(6).is_err() && file.set_len(4).is_err());
        assert!(file.write_all(b"defg").is_err(), "it does not grow");
        seal(&block).unwrap();
        assert!(is_sealed(&block).unwrap() && file.write_all(b"x").is_err());
        assert_eq!(&map(&block).unwrap()[..3], b"abc");
        assert_eq!(map(&block).unwrap().len(), 5);
    }

    #[test]
    fn an_unsealed_file_is_not_mapped() {
        let open = memfd_create("open", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        File::from(open.try_clone().unwrap()).write_all(b"abc").unwrap();
        assert!(map(&open).is_err());
        fcntl_add_seals(&open, SealFlags::SHRINK | SealFlags::GROW).unwrap();
        assert!(map(&open).is_err(), "the content may still change");
        assert!(map(File::open("/dev/null").unwrap()).is_err());
    }
}
