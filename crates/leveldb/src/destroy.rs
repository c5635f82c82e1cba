//! Destroying a database: every file of the format, and the directory if nothing else is in it.

use std::path::Path;

use crate::directory;
use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name::{self, FileKind};
use crate::options::Options;

/// Removes the database in `directory`. Files that are not part of one stay, and so does the
/// directory then. No error where there is no such directory; [`Error::Locked`] while it is open.
pub fn destroy(directory: impl AsRef<Path>, options: &Options) -> Result<()> {
    let directory = &directory::resolve(directory.as_ref())?;
    let env = &*options.env;
    let names = match env.list(directory) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(IoOperation::List, directory)(error)),
    };
    let lock = directory::take_lock(env, directory)?;
    let ours = |name: &&std::path::PathBuf| FileKind::of(name) != FileKind::Foreign;
    // CURRENT first: whatever interrupts this, half a database is not taken for a whole one.
    let (current, others): (Vec<_>, Vec<_>) =
        names.iter().filter(ours).partition(|name| FileKind::of(name) == FileKind::Current);
    for name in current.into_iter().chain(others) {
        if FileKind::of(name) == FileKind::Lock {
            continue;
        }
        let path = directory.join(name);
        env.remove(&path).map_err(Error::io(IoOperation::Remove, &path))?;
        if FileKind::of(name) == FileKind::Current {
            // IMPORTANT: names may leave the disk in any order. A database that has lost its logs
            // and kept CURRENT would open as if their writes had never been made.
            sync_names(env, directory)?;
        }
    }
    sync_names(env, directory)?;
    // While the lock is held: later, the file might be somebody else's.
    let _ = env.remove(&file_name::lock(directory));
    drop(lock);
    if env.remove_dir(directory).is_ok()
        && let Some(parent) = directory.parent()
    {
        // An empty directory that comes back is no database.
        let _ = env.sync_dir(parent);
    }
    Ok(())
}

fn sync_names(env: &dyn Env, directory: &Path) -> Result<()> {
    env.sync_dir(directory).map_err(Error::io(IoOperation::SyncDir, directory))
}
