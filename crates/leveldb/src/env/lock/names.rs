//! The names of the lock files that this process holds.
//!
//! A lock belongs to a file, whatever becomes of its name. When the directory of an open database is
//! moved or removed, a new one in its place has another lock file, which is free; but who has the old
//! one open still finds files by name, and would do so in the new one. So the name stays taken until
//! the lock is let go of, as it does in C++ LevelDB. Other processes are not kept out by this; see
//! `HeldEnv` for what is done about them.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::super::real::identity;
use super::super::{FileIdentity, LockError};
use super::{acquire, system};

/// The lock files that are held, by name.
static TAKEN: LazyLock<Mutex<HashMap<PathBuf, FileIdentity>>> = LazyLock::new(Mutex::default);

/// A lock with the name of its file. Dropped in this order.
#[derive(Debug)]
pub(in crate::env) struct NamedLock {
    _file: system::FileLock,
    _name: Name,
}

#[derive(Debug)]
struct Name(PathBuf);

impl Drop for Name {
    fn drop(&mut self) {
        TAKEN.lock().remove(&self.0);
    }
}

/// Takes a lock and its name, without waiting for who has either.
pub(in crate::env) fn take(path: &Path) -> Result<NamedLock, LockError> {
    let name = canonical(path);
    // Held to the end: of two who try at once, the one that is refused is told who the other is.
    let mut taken = TAKEN.lock();
    if let Some(held) = taken.get(&name) {
        return Err(match current(path)? {
            Some(file) if file.is_same_file(held) => {
                LockError::Held { holder: Some(std::process::id()) }
            }
            _ => LockError::Moved,
        });
    }
    let file = acquire(path)?;
    let held = identity(&fs::metadata(path)?);
    taken.insert(name.clone(), held);
    Ok(NamedLock { _file: file, _name: Name(name) })
}

fn current(path: &Path) -> io::Result<Option<FileIdentity>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(identity(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Directories have many names, and one canonical path. The file itself need not be there yet.
fn canonical(path: &Path) -> PathBuf {
    let directory = path.parent().and_then(|directory| fs::canonicalize(directory).ok());
    match (directory, path.file_name()) {
        (Some(directory), Some(name)) => directory.join(name),
        _ => path.to_path_buf(),
    }
}
