//! The directory of a database: which one is meant, and making it so that a power cut does not take it
//! away with all that is in it.

use std::io;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::error::{Error, IoOperation, Result};

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
