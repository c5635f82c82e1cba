//! A file system that tells of every call before it makes it. A listener can look at the disk at
//! that moment, or arrange for the call to fail.
//!
//! An append can be told of twice, the second time when half of it is written: a process can be
//! killed there.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::{
    Env, FileIdentity, LockError, LockGuard, OpenFiles, ReadableFile, Space, WritableFile,
};

/// A call that is about to be made.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its number, from zero.
    pub number: u64,
    pub operation: IoOperation,
    pub path: PathBuf,
    /// Half of an append is made already.
    pub halfway: bool,
}

impl Call {
    /// Whether the call changes what the disk has, or what it keeps. A crash before any other call
    /// leaves what a crash before the next of these leaves.
    pub fn changes_the_disk(&self) -> bool {
        use IoOperation::{List, Lock, Open, Read, Stat};
        !matches!(self.operation, Open | Read | List | Stat | Lock)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = if self.halfway { "halfway through" } else { "before" };
        write!(f, "{when} call {} ({} {})", self.number, self.operation, self.path.display())
    }
}

type Listener = dyn Fn(Call) + Send + Sync;

/// See the module's documentation.
#[derive(Clone)]
pub struct TapEnv {
    inner: Arc<dyn Env>,
    calls: Arc<AtomicU64>,
    listener: Arc<Listener>,
    halves: bool,
}

impl fmt::Debug for TapEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TapEnv").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl TapEnv {
    pub fn new(inner: Arc<dyn Env>, listener: impl Fn(Call) + Send + Sync + 'static) -> Self {
        Self { inner, calls: Arc::default(), listener: Arc::new(listener), halves: false }
    }

    /// Makes appends in two halves and tells of the place between them.
    pub fn with_halves(self) -> Self {
        Self { halves: true, ..self }
    }

    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn tell(&self, operation: IoOperation, path: &Path) -> u64 {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        (self.listener)(Call { number, operation, path: path.to_path_buf(), halfway: false });
        number
    }

    fn file<F>(&self, path: &Path, inner: F) -> Arc<TapFile<F>> {
        Arc::new(TapFile { inner, path: path.to_path_buf(), env: self.clone() })
    }
}

impl Env for TapEnv {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        self.tell(IoOperation::Open, path);
        Ok(self.file(path, self.inner.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.tell(IoOperation::Create, path);
        Ok(self.file(path, self.inner.create(path)?))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.tell(IoOperation::Create, path);
        Ok(self.file(path, self.inner.create_new(path)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.tell(IoOperation::List, directory);
        self.inner.list(directory)
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        self.tell(IoOperation::CreateDir, directory);
        self.inner.create_dir_all(directory)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.tell(IoOperation::Remove, directory);
        self.inner.remove_dir(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.tell(IoOperation::Remove, path);
        self.inner.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.tell(IoOperation::Rename, to);
        self.inner.rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.tell(IoOperation::Link, to);
        self.inner.hard_link(from, to)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.tell(IoOperation::Stat, path);
        self.inner.size(path)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.tell(IoOperation::Stat, path);
        self.inner.identity(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.tell(IoOperation::Sync, path);
        self.inner.sync_file(path)
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.tell(IoOperation::SyncDir, directory);
        self.inner.sync_dir(directory)
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        self.tell(IoOperation::Stat, directory);
        self.inner.space(directory)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        self.tell(IoOperation::Lock, path);
        self.inner.lock(path)
    }

    fn open_files(&self) -> OpenFiles {
        self.inner.open_files()
    }
}

#[derive(Debug)]
struct TapFile<F> {
    inner: F,
    path: PathBuf,
    env: TapEnv,
}

impl ReadableFile for TapFile<Arc<dyn ReadableFile>> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.env.tell(IoOperation::Read, &self.path);
        self.inner.read_at(offset, buffer)
    }

    fn read_at_if_cached(&self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.env.tell(IoOperation::Read, &self.path);
        self.inner.read_at_if_cached(offset, buffer)
    }

    fn size(&self) -> io::Result<u64> {
        self.env.tell(IoOperation::Stat, &self.path);
        self.inner.size()
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        self.env.tell(IoOperation::Stat, &self.path);
        self.inner.identity()
    }
}

impl WritableFile for TapFile<Arc<dyn WritableFile>> {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let number = self.env.tell(IoOperation::Write, &self.path);
        if !self.env.halves {
            return self.inner.append(bytes);
        }
        let (first, second) = bytes.split_at(bytes.len() / 2);
        self.inner.append(first)?;
        let (operation, path) = (IoOperation::Write, self.path.clone());
        (self.env.listener)(Call { number, operation, path, halfway: true });
        self.inner.append(second)
    }

    fn sync(&self) -> io::Result<()> {
        self.env.tell(IoOperation::Sync, &self.path);
        self.inner.sync()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.env.tell(IoOperation::Truncate, &self.path);
        self.inner.truncate(size)
    }
}
