//! Record locks, for Unix systems that have no better.
//!
//! The list of what this process holds makes up for what record locks lack: an attempt at a lock
//! that is ours is refused before the file is opened, because closing it again would let go of the
//! lock. Nothing else in the crate may open the lock file of a database that is open.

use std::fs::{self, File};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::F_UNLCK;
use parking_lot::Mutex;

use super::{LockError, identity, is_named, write_lock};

/// Device and number of the lock files that this process holds.
static HELD: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

#[derive(Debug)]
pub(in crate::env) struct FileLock {
    file: Option<File>,
    identity: (u64, u64),
}

impl Drop for FileLock {
    fn drop(&mut self) {
        let mut held = HELD.lock();
        held.retain(|identity| *identity != self.identity);
        // Still under the list's lock: a new holder must not lose its lock by this closing.
        self.file = None;
    }
}

pub(super) fn acquire(path: &Path) -> Result<FileLock, LockError> {
    let mut held = HELD.lock();
    if fs::metadata(path).is_ok_and(|metadata| held.contains(&identity(&metadata))) {
        return Err(LockError::Held { holder: Some(std::process::id()) });
    }
    loop {
        let file = super::open(path)?;
        match fcntl(&file, FcntlArg::F_SETLK(&write_lock())) {
            Ok(_) if !is_named(&file, path)? => {}
            Ok(_) => {
                let identity = identity(&file.metadata()?);
                held.push(identity);
                return Ok(FileLock { file: Some(file), identity });
            }
            Err(Errno::EAGAIN | Errno::EACCES) => {
                return Err(LockError::Held { holder: holder(&file) });
            }
            Err(errno) => return Err(LockError::Io(errno.into())),
        }
    }
}

fn holder(file: &File) -> Option<u32> {
    let mut found = write_lock();
    fcntl(file, FcntlArg::F_GETLK(&mut found)).ok()?;
    let held = found.l_type != F_UNLCK as _ && found.l_pid > 0;
    held.then(|| u32::try_from(found.l_pid).ok()).flatten()
}
