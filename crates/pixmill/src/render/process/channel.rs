//! The socket between server and worker: messages with open files.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// Maximum length of a message, in bytes. Settings are the longest ones; other long data is sent in blocks.
const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Maximum number of files with one message.
const MAX_FILES: usize = 3;

/// One end of the socket.
pub struct Channel(OwnedFd);

/// A received message, or the end.
#[derive(Debug)]
pub enum Received<M> {
    /// A message, and the files with it.
    Message(M, Vec<OwnedFd>),
    /// Nothing: the other end is closed.
    Closed,
}

impl Channel {
    /// Both ends.
    pub fn pair() -> io::Result<(Self, OwnedFd)> {
        let (kind, flags) = (SocketType::SEQPACKET, SocketFlags::CLOEXEC);
        let (here, there) = socketpair(AddressFamily::UNIX, kind, flags, None)?;
        Ok((Self(here), there))
    }

    /// An end created by another process.
    pub fn from_fd(socket: OwnedFd) -> Self {
        Self(socket)
    }

    /// Sends a message with open files.
    pub fn send<M: Serialize>(&self, message: &M, files: &[BorrowedFd<'_>]) -> io::Result<()> {
        let text = serde_json::to_vec(message)?;
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() && !ancillary.push(SendAncillaryMessage::ScmRights(files)) {
            return Err(io::Error::other("too many files for one message"));
        }
        let flags = SendFlags::NOSIGNAL;
        rustix::io::retry_on_intr(|| sendmsg(&self.0, &[IoSlice::new(&text)], &mut ancillary, flags))?;
        Ok(())
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// Of the system, or if the message is cut off or not of type `M`.
    pub fn receive<M: DeserializeOwned>(&self) -> io::Result<Received<M>> {
        let mut text = vec![0; MAX_MESSAGE_BYTES];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            let parts = &mut [IoSliceMut::new(&mut text)];
            recvmsg(&self.0, parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        });
        let length = match received {
            Ok(received) => received.bytes,
            Err(Errno::CONNRESET) => 0,
            Err(error) => return Err(error.into()),
        };
        let rights = ancillary.drain().filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        });
        let files = rights.flatten().collect();
        if length == 0 {
            return Ok(Received::Closed);
        }
        Ok(Received::Message(serde_json::from_slice(&text[..length])?, files))
    }

    /// Waits until a message can be received or the other end is closed, at most this long. Returns whether that happened.
    pub fn wait(&self, most: Duration) -> io::Result<bool> {
        let mut sockets = [PollFd::new(&self.0, PollFlags::IN)];
        let most = Timespec::try_from(most).map_err(io::Error::other)?;
        match poll(&mut sockets, Some(&most)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Read};

    use super::*;

    #[test]
    fn messages_arrive_whole_with_their_files() {
        let (here, there) = Channel::pair().unwrap();
        let there = Channel::from_fd(there);
        let block = shared_memory::create(&[b"abc"]).unwrap();
        assert!(!there.wait(Duration::ZERO).unwrap());
        here.send(&"first", &[]).unwrap();
        here.send(&"second", &[block.as_fd(), block.as_fd()]).unwrap();
        assert!(there.wait(Duration::from_mins(1)).unwrap());
        let Received::Message(text, files) = there.receive::<String>().unwrap() else { panic!("closed") };
        assert_eq!((text.as_str(), files.len()), ("first", 0));
        let Received::Message(text, files) = there.receive::<String>().unwrap() else { panic!("closed") };
        assert_eq!((text.as_str(), files.len()), ("second", 2));
        let mut content = String::new();
        File::from(files.into_iter().next().unwrap()).read_to_string(&mut content).unwrap();
        assert_eq!(content, "");
        drop(here);
        assert!(matches!(there.receive::<String>(), Ok(Received::Closed)));
    }

    #[test]
    fn invalid_messages_are_errors() {
        let (here, there) = Channel::pair().unwrap();
        here.send(&7, &[]).unwrap();
        assert!(Channel::from_fd(there).receive::<String>().is_err());
    }
}
