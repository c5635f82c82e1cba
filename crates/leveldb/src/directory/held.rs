//! A directory that is held: it is locked, and still the one that was locked.
//!
//! An open database finds its files by name, for as long as it is open. When somebody moves or
//! removes its directory, another database may stand under that name, of this process or of another,
//! and its tables, logs and manifests have the same names. So the file system that an open database
//! uses looks at the lock file whenever it goes through a name in the directory: only as long as that
//! is the file that was locked, these are the files of this database. Files that are open need no
//! look. What happens between the look and the deed is not seen; moving a directory takes a human.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::env::{
    Env, FileIdentity, LockError, LockGuard, OpenFiles, ReadableFile, Space, WritableFile,
};
use crate::error::{Error, IoOperation, Result};
use crate::file_name;

/// A locked directory. The lock is let go of when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    env: Arc<HeldEnv>,
    _lock: Box<dyn LockGuard>,
}

impl Held {
    /// Locks a directory.
    pub(crate) fn take(env: &Arc<dyn Env>, directory: &Path) -> Result<Self> {
        let lock = super::take_lock(&**env, directory)?;
        let path = file_name::lock(directory);
        let file = env.identity(&path).map_err(Error::io(IoOperation::Stat, &path))?;
        let inner = Arc::clone(env);
        let env = HeldEnv { inner, directory: directory.to_path_buf(), lock: path, file };
        Ok(Self { env: Arc::new(env), _lock: lock })
    }

    /// The file system as who holds the directory uses it.
    pub(crate) fn env(&self) -> Arc<dyn Env> {
        Arc::clone(&self.env) as _
    }

    /// [`Error::Moved`] where the directory is not under its name any more.
    pub(crate) fn check(&self) -> Result<()> {
        let HeldEnv { lock, .. } = &*self.env;
        if self.env.is_in_place().map_err(Error::io(IoOperation::Stat, lock))? {
            Ok(())
        } else {
            Err(Error::Moved { path: lock.clone() })
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
struct HeldEnv {
    inner: Arc<dyn Env>,
    directory: PathBuf,
    lock: PathBuf,
    /// The file that was locked.
    file: FileIdentity,
}

impl HeldEnv {
    fn is_in_place(&self) -> io::Result<bool> {
        match self.inner.identity(&self.lock) {
            Ok(file) => Ok(file.is_same_file(&self.file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Fails where a name means a file of the directory, and that is not the one that was locked.
    fn check(&self, path: &Path) -> io::Result<()> {
        if path.parent() != Some(&self.directory) || self.is_in_place()? {
            return Ok(());
        }
        Err(io::Error::other("the directory was moved or removed while the database was open"))
    }
}

impl Env for HeldEnv {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        let opened = self.inner.open(path);
        // Afterwards, so that what was opened is known, and why it may not be there.
        self.check(path)?;
        opened
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.check(path)?;
        self.inner.create(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.check(path)?;
        self.inner.create_new(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.inner.list(directory)
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        self.inner.create_dir_all(directory)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.inner.remove_dir(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(path)?;
        self.inner.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(to)?;
        self.inner.rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(from)?;
        self.inner.hard_link(from, to)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.inner.size(path)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.inner.identity(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.inner.sync_file(path)
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.inner.sync_dir(directory)
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        self.inner.space(directory)
    }

    fn lock(&self, path: &Path) -> std::result::Result<Box<dyn LockGuard>, LockError> {
        self.inner.lock(path)
    }

    fn open_files(&self) -> OpenFiles {
        self.inner.open_files()
    }
}
