//! The directory of a database: which one is meant, making it so that a power cut does not take it
//! away with all that is in it, locking it, and what all who work on one need: its files by number,
//! and copies of them.

mod held;
mod listing;

use std::io;
use std::path::{Path, PathBuf};

use crate::env::{Env, LockError, LockGuard, WritableFile};
use crate::error::{Error, IoOperation, Result};
use crate::file_name;

pub(crate) use held::Held;
pub(crate) use listing::Listing;

const COPY_PIECE: usize = 1 << 20;

/// Makes a directory and those above it, and makes their names durable.
pub(crate) fn make(env: &dyn Env, directory: &Path) -> Result<()> {
    env.create_dir_all(directory).map_err(Error::io(IoOperation::CreateDir, directory))?;
    // IMPORTANT: all the way up. Any of these directories may be new, also if it was a process
    // before this one that made it and was killed.
    for parent in directory.ancestors().skip(1) {
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match env.sync_dir(parent) {
            Err(error) if !is_out_of_reach(&error) => {
                return Err(Error::io(IoOperation::SyncDir, parent)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether a directory is one that nobody with our rights can have changed.
fn is_out_of_reach(error: &io::Error) -> bool {
    use io::ErrorKind::{
        InvalidInput, NotFound, PermissionDenied, ReadOnlyFilesystem, Unsupported,
    };
    matches!(
        error.kind(),
        InvalidInput | NotFound | PermissionDenied | ReadOnlyFilesystem | Unsupported
    )
}

/// The directory that a caller names, wherever the process goes to later: files are created for as
/// long as a database is open, and a relative path would then mean another directory.
pub(crate) fn resolve(directory: &Path) -> Result<PathBuf> {
    if directory.as_os_str().is_empty() {
        return Err(Error::InvalidArgument("the path of the directory is empty".into()));
    }
    if directory.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::InvalidArgument("the path of the directory has a NUL byte".into()));
    }
    std::path::absolute(directory).map_err(Error::io(IoOperation::Stat, directory))
}

/// Takes the lock that whoever changes a database holds.
pub(crate) fn take_lock(env: &dyn Env, directory: &Path) -> Result<Box<dyn LockGuard>> {
    let path = file_name::lock(directory);
    env.lock(&path).map_err(|error| match error {
        LockError::Held { holder } => Error::Locked { path: path.clone(), holder },
        LockError::Moved => Error::Moved { path: path.clone() },
        LockError::Io(error) => Error::io(IoOperation::Lock, &path)(error),
    })
}

/// Copies a file over whatever has the other name, and makes the copy's content durable.
pub(crate) fn copy(env: &dyn Env, from: &Path, to: &Path) -> Result<()> {
    let target = env.create(to).map_err(Error::io(IoOperation::Create, to))?;
    copy_into(env, from, &*target, to)
}

/// Appends what is in a file to one that was created as `to`, and makes that durable.
pub(crate) fn copy_into(
    env: &dyn Env,
    from: &Path,
    target: &dyn WritableFile,
    to: &Path,
) -> Result<()> {
    let source = env.open(from).map_err(Error::io(IoOperation::Open, from))?;
    let mut piece = vec![0; COPY_PIECE];
    let mut offset = 0;
    loop {
        let read =
            source.read_at(offset, &mut piece).map_err(Error::io(IoOperation::Read, from))?;
        if read == 0 {
            break;
        }
        let bytes = piece.get(..read).unwrap_or_default();
        target.append(bytes).map_err(Error::io(IoOperation::Write, to))?;
        offset += read as u64;
    }
    target.sync().map_err(Error::io(IoOperation::Sync, to))
}
