//! The access log's way to standard error: lines are queued, and a thread writes them.
//!
//! A thread that serves requests never waits for standard error. While that takes lines more slowly than they come, up to 1 MiB
//! of them waits; further lines are dropped and counted. [`AccessLog::close`] writes what is left.

use std::{
    io::{self, Write},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread::{Builder, JoinHandle},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use super::layout::Layout;

/// Maximum bytes of lines that wait: about 3000 lines.
const CAPACITY: usize = 1 << 20;

/// Lines are written as soon as this many bytes of them wait, or after [`GATHER`].
const BATCH: usize = 32 * 1024;

/// How long the thread lets lines gather before it writes them: it is then woken at most 100 times per second while few come.
const GATHER: Duration = Duration::from_millis(10);

/// Longest write: what a pipe takes whole (POSIX's `PIPE_BUF` on Linux), so that the lines of render workers, which have the same
/// standard error, do not end up within others.
const WRITE: usize = 4096;

/// The lines of the access log of this process that wait to be written.
#[derive(Debug, Default)]
pub struct LineQueue {
    state: Mutex<State>,
    /// Notified when lines come into the empty queue, when it holds a batch, and at the end.
    changed: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    is_closed: bool,
}

/// The queue of this process, and the format of its lines; none: text for people.
static QUEUE: OnceLock<(Arc<LineQueue>, Option<Layout>)> = OnceLock::new();

/// The queue for lines in a structured format, and that format; none if the access log is text for people.
pub fn structured_queue() -> Option<(&'static LineQueue, Layout)> {
    let (queue, layout) = QUEUE.get()?;
    Some((&**queue, (*layout)?))
}

/// How many lines of this process were dropped.
pub fn dropped() -> u64 {
    QUEUE.get().map_or(0, |(queue, _)| queue.dropped())
}

impl LineQueue {
    /// Queues a line with its line feed. Never waits for the output.
    pub fn push(&self, line: &[u8]) {
        let mut state = self.state.lock();
        let before = state.lines.len();
        if state.is_closed || before + line.len() > CAPACITY {
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        state.lines.extend_from_slice(line);
        let after = state.lines.len();
        drop(state);
        if before == 0 || (before < BATCH && after >= BATCH) {
            self.changed.notify_one();
        }
    }

    /// How many lines were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    /// Waits for lines, lets them gather, and puts them into `batch`; false at the end.
    fn take(&self, batch: &mut Vec<u8>) -> bool {
        let mut state = self.state.lock();
        while state.lines.is_empty() && !state.is_closed {
            self.changed.wait(&mut state);
        }
        if state.lines.len() < BATCH && !state.is_closed {
            self.changed.wait_for(&mut state, GATHER);
        }
        batch.clear();
        std::mem::swap(batch, &mut state.lines);
        !batch.is_empty()
    }

    /// Writes lines until the queue is closed and empty. What cannot be written is dropped.
    fn write_all(&self, mut output: impl Write) {
        let mut batch = Vec::new();
        while self.take(&mut batch) {
            let mut rest = &*batch;
            while !rest.is_empty() {
                let (piece, others) = rest.split_at(piece(rest));
                if output.write_all(piece).and_then(|()| output.flush()).is_err() {
                    let lines = piece.split(|byte| *byte == b'\n').count() - 1;
                    self.dropped.fetch_add(lines as u64, Relaxed);
                }
                rest = others;
            }
        }
    }
}

/// The length of the first write of these lines: as many whole lines as fit, at least one.
fn piece(lines: &[u8]) -> usize {
    if lines.len() <= WRITE {
        return lines.len();
    }
    let end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n');
    let first = || lines.iter().position(|byte| *byte == b'\n');
    end(&lines[..WRITE]).or_else(first).map_or(lines.len(), |at| at + 1)
}

/// The thread that writes the access log.
#[derive(Debug)]
pub struct AccessLog {
    queue: Arc<LineQueue>,
    thread: JoinHandle<()>,
}

impl AccessLog {
    /// Starts the thread, with this output.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        let queue = Arc::new(LineQueue::default());
        let lines = Arc::clone(&queue);
        let thread = Builder::new().name("access-log".to_owned()).spawn(move || lines.write_all(output))?;
        Ok(Self { queue, thread })
    }

    /// The queue of the lines to be written.
    pub fn queue(&self) -> &Arc<LineQueue> {
        &self.queue
    }

    /// Makes this the access log of the process. The first one stays.
    pub(super) fn install(&self, layout: Option<Layout>) {
        // the caller installs its subscriber before, which succeeds once in a process
        let _ = QUEUE.set((Arc::clone(&self.queue), layout));
    }

    /// Writes the lines that wait, and ends the thread. Later lines are dropped.
    pub fn close(self) {
        self.queue.state.lock().is_closed = true;
        self.queue.changed.notify_one();
        // it ends in a panic only if the output does
        let _ = self.thread.join();
    }
}

/// Where an event is written: lines of the access log into the queue, what else there is to standard error, at once.
#[derive(Debug)]
pub enum LineWriter<'a> {
    /// Into the queue, one write per line.
    Queued(&'a LineQueue),
    /// To standard error.
    Direct(io::Stderr),
}

impl Write for LineWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Queued(queue) => {
                queue.push(bytes);
                Ok(bytes.len())
            }
            Self::Direct(stderr) => stderr.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Queued(_) => Ok(()),
            Self::Direct(stderr) => stderr.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// An output that takes a write whenever the test receives one.
    struct Output(SyncSender<Vec<u8>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn start() -> (AccessLog, Receiver<Vec<u8>>) {
        let (sender, receiver) = sync_channel(0);
        (AccessLog::start(Output(sender)).unwrap(), receiver)
    }

    #[test]
    fn nothing_is_lost_at_the_end_and_writes_are_whole_lines() {
        let (log, receiver) = start();
        let reader = std::thread::spawn(move || receiver.iter().collect::<Vec<_>>());
        let mut expected: Vec<u8> = Vec::new();
        for number in 0..3000 {
            let line = format!("{number} {}\n", "x".repeat(number % 300));
            expected.extend(line.as_bytes());
            log.queue().push(line.as_bytes());
        }
        let queue = Arc::clone(log.queue());
        log.close();
        let writes = reader.join().unwrap();
        assert!(writes.iter().all(|write| write.len() <= WRITE && write.ends_with(b"\n")));
        assert_eq!(writes.concat(), expected);
        assert_eq!(queue.dropped(), 0);
        queue.push(b"late\n");
        assert_eq!(queue.dropped(), 1);
    }

    #[test]
    fn lines_that_do_not_fit_are_dropped_and_counted_and_nobody_waits() {
        let (log, receiver) = start();
        let line = [&[b'x'; 1023][..], b"\n"].concat();
        let sent = 3 * CAPACITY / line.len();
        for _ in 0..sent {
            log.queue().push(&line); // the output takes nothing meanwhile
        }
        let queue = Arc::clone(log.queue());
        let dropped = queue.dropped() as usize;
        assert!(dropped >= sent / 3, "{dropped}");
        let reader = std::thread::spawn(move || receiver.iter().map(|write| write.len()).sum::<usize>());
        log.close();
        assert_eq!(reader.join().unwrap(), (sent - dropped) * line.len());
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted() {
        let (log, receiver) = start();
        drop(receiver);
        log.queue().push(b"a\n");
        let queue = Arc::clone(log.queue());
        log.close();
        assert_eq!(queue.dropped(), 1);
    }

    #[test]
    fn pieces_end_with_a_line() {
        let long = [&[b'x'; 2 * WRITE][..], b"\ny\n"].concat();
        assert_eq!(piece(&long), 2 * WRITE + 1);
        assert_eq!(piece(b"a\nb\n"), 4);
        let many = b"0123456\n".repeat(WRITE);
        assert_eq!(piece(&many), WRITE);
    }
}
