//! Reading from the system's memory without ever waiting for the disk.
//!
//! Linux can be asked for that (`preadv2` with `RWF_NOWAIT`), but not by every file system; one
//! that refuses is not asked again for the same file. Elsewhere the answer is always "unknown".
//!
//! A read that comes back short is taken for "not there": it may be that only the front of it is
//! in memory, and kernels have been seen that answer with nothing at all where they should have
//! said that they would have to wait.

use std::fs::File;
use std::io;

/// Whether a file can be read this way.
#[derive(Debug, Default)]
pub(super) struct CachedReads {
    #[cfg(target_os = "linux")]
    refused: std::sync::atomic::AtomicBool,
}

impl CachedReads {
    #[cfg(target_os = "linux")]
    pub(super) fn read_at(
        &self,
        file: &File,
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<Option<usize>> {
        use std::sync::atomic::Ordering;

        use rustix::io::{Errno, ReadWriteFlags, preadv2};

        if self.refused.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let wanted = buffer.len();
        let mut buffers = [io::IoSliceMut::new(buffer)];
        match preadv2(file, &mut buffers, offset, ReadWriteFlags::NOWAIT) {
            Ok(count) => Ok((count == wanted).then_some(count)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                self.refused.store(true, Ordering::Relaxed);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn read_at(&self, _: &File, _: u64, _: &mut [u8]) -> io::Result<Option<usize>> {
        Ok(None)
    }
}
