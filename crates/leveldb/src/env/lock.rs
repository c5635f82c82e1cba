//! The lock that keeps a database directory to one writer.
//!
//! C++ LevelDB locks the file `LOCK` with a POSIX record lock (`F_SETLK`), and only a lock of the
//! same family excludes it. But record locks have two traps. They belong to the process, so they
//! do not exclude a second owner in the same one; and closing *any* descriptor of the file, even
//! one that was opened just to look, lets go of all locks that the process has on it.
//!
//! Linux has the cure: locks that belong to the open file (`F_OFD_SETLK`). They conflict with
//! record locks in both orders, also within one process, and end only with the last descriptor of
//! that one opening ([`ofd`]). Other Unix systems get record locks and a list of what this process
//! holds ([`record`]); Windows locks belong to the opening anyway ([`exclusive`]).
//!
//! A lock is of a file, and a database is known by its name. Both are kept to one owner ([`names`]).
//!
//! All of them end with the process, so a `LOCK` file that a dead one left behind blocks nobody.

#[cfg(any(not(unix), test))]
mod exclusive;
mod names;
#[cfg(target_os = "linux")]
mod ofd;
#[cfg(any(all(unix, not(target_os = "linux")), all(test, unix)))]
mod record;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::LockError;

#[cfg(not(unix))]
use exclusive as system;
#[cfg(target_os = "linux")]
use ofd as system;
#[cfg(all(unix, not(target_os = "linux")))]
use record as system;

pub(super) use names::{NamedLock, take};

/// Takes the lock of the file without waiting; it is let go when the value is dropped.
fn acquire(path: &Path) -> Result<system::FileLock, LockError> {
    system::acquire(path)
}

/// Whether the file still has its name. Who destroys a database removes its lock file while holding
/// the lock, and a lock on a file without a name excludes nobody.
#[cfg(unix)]
fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    match std::fs::metadata(path) {
        Ok(named) => Ok(identity(&named) == identity(&file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What tells a file from all others: its device and number.
#[cfg(unix)]
fn identity(metadata: &std::fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// A record lock on a whole file.
#[cfg(unix)]
fn write_lock() -> nix::libc::flock {
    use nix::libc::{F_WRLCK, SEEK_SET, flock};
    flock { l_type: F_WRLCK as _, l_whence: SEEK_SET as _, l_start: 0, l_len: 0, l_pid: 0 }
}
