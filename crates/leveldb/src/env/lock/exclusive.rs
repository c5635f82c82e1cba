//! Locks of the standard library, for systems that are not Unix.
//!
//! On Windows such a lock covers a range of bytes for one opening of the file, which excludes C++
//! LevelDB and other openings in this process alike. The system does not tell who holds it.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::LockError;

#[derive(Debug)]
pub(in crate::env) struct FileLock {
    _file: File,
}

pub(super) fn acquire(path: &Path) -> Result<FileLock, LockError> {
    let file = super::open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(LockError::Held { holder: None }),
        Err(TryLockError::Error(error)) => Err(LockError::Io(error)),
    }
}
