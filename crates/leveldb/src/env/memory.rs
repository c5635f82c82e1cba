//! A file system in memory that knows what a power cut would leave of it.
//!
//! Every file keeps its bytes twice: as programs see them and as of its last `sync`; every
//! directory keeps its names as they are and as of its last `sync_dir` ([`content`] and [`names`]
//! say how). [`MemoryEnv::crash`] makes of them a new file system, independent of the old one, as
//! the next process to start would find it. A test can so run a workload once, cut the power after
//! each single operation, and ask what is still there.
//!
//! Copies share bytes until one of them writes, so a crash costs a few dozen small allocations and
//! the copying of what is unsynced.

mod content;
mod names;
mod random;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use self::content::Content;
use self::names::{Inode, Names};
use self::random::Random;
use super::handles::{Handle, Handles};
use super::{
    Env, FileIdentity, LockError, LockGuard, OpenFiles, ReadableFile, Space, WritableFile,
};

/// What a crash leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashMode {
    /// The process was killed: everything it had written is there, but no more durable than it was.
    Keep,
    /// The power was cut, and nothing that was not synced had reached the disk.
    Drop,
    /// The power was cut, and some of what was not synced had reached the disk: of each file a
    /// prefix of what was appended, perhaps with sectors of zeros at its end, and any of the changes of
    /// names, each as a whole.
    Torn {
        /// Decides what is kept.
        seed: u64,
    },
}

/// A file system in memory. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryEnv {
    // Changes to the content of a file hold this for reading, so that holding it for writing stops
    // the world: a crash must see all files at one moment.
    names: Arc<RwLock<Names>>,
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
    handles: Handles,
}

impl MemoryEnv {
    /// An empty file system.
    pub fn new() -> Self {
        Self::default()
    }

    /// The file system that a crash at this moment leaves. Nobody holds a lock or a file in it.
    pub fn crash(&self, mode: CrashMode) -> Self {
        let names = self.names.write();
        let names = match mode {
            CrashMode::Keep => names.clone().with_copies(Content::clone),
            CrashMode::Drop => names.dropped().with_copies(Content::dropped),
            CrashMode::Torn { seed } => {
                let mut random = Random::new(seed);
                names.torn(&mut random).with_copies(|content| content.torn(&mut random))
            }
        };
        Self { names: Arc::new(RwLock::new(names)), ..Self::default() }
    }

    /// An independent copy, in which nobody holds a lock or a file.
    pub fn deep_clone(&self) -> Self {
        self.crash(CrashMode::Keep)
    }

    /// The content of a file, where it exists.
    pub fn read_file(&self, path: &Path) -> Option<Vec<u8>> {
        let inode = self.names.read().file(path).ok()?;
        let bytes = inode.read().bytes().to_vec();
        Some(bytes)
    }

    /// Replaces the content of a file, or makes one along with its directory. All of it is durable
    /// at once.
    pub fn write_file(&self, path: &Path, bytes: impl Into<Vec<u8>>) -> io::Result<()> {
        let mut names = self.names.write();
        if let Some(directory) = path.parent() {
            names.create_dir_all(directory)?;
        }
        let inode = names.file_or_new(path)?;
        names.sync_name(path);
        *inode.write() = Content::durable(Arc::new(bytes.into()));
        Ok(())
    }

    /// Does to a file what a system does whose disk failed to take its bytes: those that are not
    /// synced stay readable, but no later `sync` makes them durable.
    pub fn lose_unsynced(&self, path: &Path) -> io::Result<()> {
        let names = self.names.read();
        names.file(path)?.write().lose_unsynced();
        Ok(())
    }

    fn file(&self, path: &Path, inode: Arc<Inode>) -> Arc<MemoryFile> {
        Arc::new(MemoryFile {
            inode,
            names: Arc::clone(&self.names),
            _handle: self.handles.count(path),
        })
    }
}

impl Env for MemoryEnv {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        let inode = self.names.read().file(path)?;
        Ok(self.file(path, inode))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        let mut names = self.names.write();
        let inode = names.file_or_new(path)?;
        inode.write().resize(0);
        Ok(self.file(path, inode))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        let mut names = self.names.write();
        match names.file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            _ => return Err(io::ErrorKind::AlreadyExists.into()),
        }
        let inode = names.file_or_new(path)?;
        Ok(self.file(path, inode))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.names.read().list(directory)
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        self.names.write().create_dir_all(directory)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.names.write().remove_dir(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.names.write().remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.names.write().rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.names.write().hard_link(from, to)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        let inode = self.names.read().file(path)?;
        let size = inode.read().len();
        Ok(size as u64)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        let inode = self.names.read().file(path)?;
        let identity = inode.read().identity();
        Ok(identity)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let names = self.names.read();
        names.file(path)?.write().sync();
        Ok(())
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.names.write().sync_dir(directory)
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        self.list(directory).map(|_| Space { total: u64::MAX, available: u64::MAX })
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        self.names.write().file_or_new(path)?;
        if !self.locks.lock().insert(path.to_path_buf()) {
            return Err(LockError::Held { holder: Some(std::process::id()) });
        }
        Ok(Box::new(MemoryLock {
            path: path.to_path_buf(),
            locks: Arc::clone(&self.locks),
            _handle: self.handles.count(path),
        }))
    }

    fn open_files(&self) -> OpenFiles {
        self.handles.snapshot()
    }
}

/// A file that is open; it stays readable when its name is removed.
#[derive(Debug)]
struct MemoryFile {
    inode: Arc<Inode>,
    names: Arc<RwLock<Names>>,
    _handle: Handle,
}

impl MemoryFile {
    fn change(&self, change: impl FnOnce(&mut Content)) {
        let _no_crash_meanwhile = self.names.read();
        change(&mut self.inode.write());
    }
}

impl ReadableFile for MemoryFile {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.inode.read().read_at(offset, buffer))
    }

    fn read_at_if_cached(&self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.read_at(offset, buffer).map(Some)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.inode.read().len() as u64)
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        Ok(self.inode.read().identity())
    }
}

impl WritableFile for MemoryFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        self.change(|content| content.append(bytes));
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.change(Content::sync);
        Ok(())
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let size = usize::try_from(size).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.change(|content| content.resize(size));
        Ok(())
    }
}

#[derive(Debug)]
struct MemoryLock {
    path: PathBuf,
    locks: Arc<Mutex<BTreeSet<PathBuf>>>,
    _handle: Handle,
}

impl LockGuard for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.locks.lock().remove(&self.path);
    }
}
