//! The content of a backup on its way between two threads: one makes or reads it, the other compresses,
//! encrypts and writes it, or the other way round. It goes in pieces, of which few are under way:
//! memory is bounded whatever there is, and compressing, which takes some time to begin, has much to do
//! each time.

use std::io::{self, Read, Write};
use std::mem;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

/// Bytes of a piece.
const PIECE: usize = 64 << 10;

/// Pieces that wait.
const WAITING: usize = 1;

const NAME: &str = "sigil-backup";

/// What is written goes to another writer, on a thread of its own.
pub(super) struct PipeWriter<T> {
    piece: Vec<u8>,
    /// An empty piece is the end.
    pieces: Option<SyncSender<Vec<u8>>>,
    thread: Option<JoinHandle<io::Result<Option<T>>>>,
}

impl<T: Send + 'static> PipeWriter<T> {
    /// `finish` ends the other writer, when all of it was written.
    pub(super) fn begin<W: Write + Send + 'static>(
        mut inner: W,
        finish: impl FnOnce(W) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel::<Vec<u8>>(WAITING);
        let thread = Builder::new().name(NAME.into()).spawn(move || {
            for piece in pieces {
                if piece.is_empty() {
                    return finish(inner).map(Some);
                }
                inner.write_all(&piece)?;
            }
            Ok(None)
        })?;
        Ok(Self { piece: Vec::new(), pieces: Some(sender), thread: Some(thread) })
    }

    /// What the other writer gives at its end.
    pub(super) fn finish(mut self) -> io::Result<T> {
        if !self.piece.is_empty() {
            self.send()?;
        }
        // The end.
        self.send()?;
        self.join()?.ok_or_else(ended)
    }
}

impl<T> PipeWriter<T> {
    fn send(&mut self) -> io::Result<()> {
        let piece = mem::take(&mut self.piece);
        let sent = self.pieces.as_ref().map(|pieces| pieces.send(piece));
        if matches!(sent, Some(Ok(()))) {
            return Ok(());
        }
        // The other writer has failed, and says why.
        self.join().and_then(|_| Err(ended()))
    }

    fn join(&mut self) -> io::Result<Option<T>> {
        self.pieces = None;
        self.thread.take().map_or(Ok(None), joined)
    }
}

impl<T> Write for PipeWriter<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() >= PIECE {
            self.send()?;
        }
        if self.piece.is_empty() {
            self.piece.reserve_exact(PIECE);
        }
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(bytes.get(..taken).unwrap_or_default());
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T> Drop for PipeWriter<T> {
    fn drop(&mut self) {
        // Whoever gives up removes the file next, and nobody may write to it then.
        self.pieces = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// What is read comes from another reader, on a thread of its own.
pub(super) struct PipeReader<T> {
    piece: Vec<u8>,
    taken: usize,
    pieces: Option<Receiver<io::Result<Vec<u8>>>>,
    thread: Option<JoinHandle<io::Result<T>>>,
}

impl<T: Send + 'static> PipeReader<T> {
    /// `finish` ends the other reader, when all of it was read.
    pub(super) fn begin<R: Read + Send + 'static>(
        mut inner: R,
        finish: impl FnOnce(R) -> io::Result<T> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(WAITING);
        let thread = Builder::new().name(NAME.into()).spawn(move || {
            let send = |piece| sender.send(piece).map_err(|_| ended());
            loop {
                let mut piece = Vec::with_capacity(PIECE);
                match (&mut inner).take(PIECE as u64).read_to_end(&mut piece) {
                    Ok(0) => return finish(inner),
                    Ok(_) => send(Ok(piece))?,
                    Err(error) => {
                        // What was read before is as good as ever.
                        send(Ok(piece))?;
                        send(Err(error))?;
                        return Err(ended());
                    }
                }
            }
        })?;
        let thread = Some(thread);
        Ok(Self { piece: Vec::new(), taken: 0, pieces: Some(pieces), thread })
    }

    /// What the other reader gives at its end, to which everything was read.
    pub(super) fn finish(mut self) -> io::Result<T> {
        self.pieces = None;
        self.thread.take().map_or_else(|| Err(ended()), joined)
    }
}

impl<T> Read for PipeReader<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.piece.len() {
            let Some(Ok(next)) = self.pieces.as_ref().map(Receiver::recv) else { return Ok(0) };
            self.piece = next?;
            self.taken = 0;
        }
        let mut rest = self.piece.get(self.taken..).unwrap_or_default();
        let read = rest.read(buffer)?;
        self.taken += read;
        Ok(read)
    }
}

impl<T> Drop for PipeReader<T> {
    fn drop(&mut self) {
        self.pieces = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn joined<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}

fn ended() -> io::Error {
    io::Error::other("the other half has ended")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    /// Takes or gives so many bytes and fails then.
    #[derive(Clone, Default)]
    struct Half {
        bytes: Arc<Mutex<Vec<u8>>>,
        most: usize,
    }

    impl Write for Half {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut all = self.bytes.lock();
            if all.len() + bytes.len() > self.most {
                return Err(io::Error::other("full"));
            }
            all.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at / 7) as u8).collect()
    }

    fn write(half: &Half, content: &[u8], at_once: usize) -> io::Result<&'static str> {
        let mut pipe = PipeWriter::begin(half.clone(), |_| Ok("finished"))?;
        for part in content.chunks(at_once) {
            pipe.write_all(part)?;
        }
        pipe.finish()
    }

    #[test]
    fn what_is_written_arrives() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3] {
            for at_once in [1_000, PIECE, 3 * PIECE] {
                let half = Half { most: usize::MAX, ..Half::default() };
                let content = bytes(length);
                assert_eq!(write(&half, &content, at_once).unwrap(), "finished");
                assert!(*half.bytes.lock() == content, "{length} by {at_once}");
            }
        }
    }

    #[test]
    fn a_writer_that_fails_says_why() {
        for most in [0, 2 * PIECE, 40 * PIECE - 1] {
            let half = Half { most, ..Half::default() };
            let error = write(&half, &bytes(40 * PIECE), 1_000).unwrap_err();
            assert_eq!(error.to_string(), "full");
        }
    }

    #[test]
    fn who_gives_up_ends_the_thread_without_an_end() {
        let half = Half { most: usize::MAX, ..Half::default() };
        let mut pipe =
            PipeWriter::begin(half.clone(), |_| -> io::Result<()> { panic!("it is no end") })
                .unwrap();
        pipe.write_all(&bytes(3 * PIECE)).unwrap();
        drop(pipe);
        assert_eq!(Arc::strong_count(&half.bytes), 1);
    }

    /// Gives its bytes and fails then.
    struct Failing {
        rest: &'static [u8],
        _held: Arc<()>,
    }

    impl Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.rest.read(buffer)? {
                0 => Err(io::Error::other("broken")),
                read => Ok(read),
            }
        }
    }

    #[test]
    fn what_is_read_has_come_through() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 5 * PIECE + 3] {
            let content = bytes(length);
            let finish = |cursor: io::Cursor<Vec<u8>>| Ok(cursor.position());
            let mut pipe = PipeReader::begin(io::Cursor::new(content.clone()), finish).unwrap();
            let mut read = Vec::new();
            pipe.read_to_end(&mut read).unwrap();
            assert!(read == content, "{length}");
            assert_eq!(pipe.finish().unwrap(), length as u64);
        }
    }

    #[test]
    fn a_reader_that_fails_gives_what_was_before_and_says_why() {
        static CONTENT: [u8; PIECE * 3] = [7; PIECE * 3];
        for length in [0, 10, PIECE, PIECE * 2 + 1] {
            let held = Arc::new(());
            let failing = Failing { rest: &CONTENT[..length], _held: Arc::clone(&held) };
            let mut pipe = PipeReader::begin(failing, |_| Ok(())).unwrap();
            let mut read = Vec::new();
            let error = pipe.read_to_end(&mut read).unwrap_err();
            assert_eq!((read.len(), error.to_string().as_str()), (length, "broken"));
            drop(pipe);
            assert_eq!(Arc::strong_count(&held), 1);
        }
    }

    #[test]
    fn who_reads_no_more_ends_the_thread() {
        let held = Arc::new(());
        let failing = Failing { rest: &[7; PIECE], _held: Arc::clone(&held) };
        drop(PipeReader::begin(failing, |_| Ok(())).unwrap());
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
