//! The file system of the machine.
//!
//! Nothing here is clever on purpose: every promise of [`Env`] maps to one call of the system.
//! Appending uses `O_APPEND`, so a byte goes to the end whatever else happened to the file's
//! position. `sync` is `fdatasync`, which includes the size of the file; on macOS the standard
//! library asks for `F_FULLFSYNC`, without which the drive may keep bytes in its cache. Windows has
//! no way to sync a directory and makes names durable by itself.

mod cached_read;
#[cfg(test)]
mod tests;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::cached_read::CachedReads;
use super::handles::{Handle, Handles};
use super::lock::{self, NamedLock};
use super::{
    Env, FileIdentity, LockError, LockGuard, OpenFiles, ReadableFile, Space, WritableFile,
};

/// The file system of the machine. Clones count their open files together.
#[derive(Debug, Clone, Default)]
pub struct RealEnv {
    handles: Handles,
}

impl RealEnv {
    /// The file system, with no files open yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Env for RealEnv {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        let file = File::open(path)?;
        Ok(Arc::new(RealReadable {
            file,
            cached: CachedReads::default(),
            _handle: self.handles.count(path),
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        let file = for_appending().create(true).truncate(true).open(path)?;
        Ok(Arc::new(RealWritable { file, _handle: self.handles.count(path) }))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        let file = for_appending().create_new(true).open(path)?;
        Ok(Arc::new(RealWritable { file, _handle: self.handles.count(path) }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(directory)?.map(|entry| Ok(entry?.file_name().into())).collect()
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        fs::remove_dir(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::hard_link(from, to)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        Ok(identity(&fs::metadata(path)?))
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        // Windows flushes only what is open for writing.
        OpenOptions::new().read(true).write(cfg!(windows)).open(path)?.sync_data()
    }

    #[cfg(unix)]
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        match File::open(directory)?.sync_all() {
            // Some file systems (of networks, mostly) know no syncing of directories and say so.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
            result => result,
        }
    }

    #[cfg(not(unix))]
    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        fs::metadata(directory).map(drop)
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        let stats = fs4::statvfs(directory)?;
        Ok(Space { total: stats.total_space(), available: stats.available_space() })
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        let lock = lock::take(path)?;
        Ok(Box::new(RealLock { _lock: lock, _handle: self.handles.count(path) }))
    }

    fn open_files(&self) -> OpenFiles {
        self.handles.snapshot()
    }
}

#[cfg(unix)]
fn for_appending() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    // The standard library refuses `append` together with `truncate`.
    let append = rustix::fs::OFlags::APPEND.bits().cast_signed();
    options.write(true).custom_flags(append);
    options
}

#[cfg(not(unix))]
fn for_appending() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    options
}

#[cfg(unix)]
pub(super) fn identity(metadata: &fs::Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    FileIdentity {
        volume: metadata.dev(),
        file: metadata.ino(),
        changed: i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()),
        size: metadata.len(),
    }
}

/// The standard library does not tell the number of a file here. When it was created and written, in
/// units of 100 ns, is as good for files that are written once.
#[cfg(windows)]
pub(super) fn identity(metadata: &fs::Metadata) -> FileIdentity {
    use std::os::windows::fs::MetadataExt;
    FileIdentity {
        volume: 0,
        file: metadata.creation_time(),
        changed: i128::from(metadata.last_write_time()),
        size: metadata.len(),
    }
}

#[derive(Debug)]
struct RealReadable {
    file: File,
    cached: CachedReads,
    _handle: Handle,
}

impl ReadableFile for RealReadable {
    fn read_at(&self, mut offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match read_once(&self.file, offset, rest) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn read_at_if_cached(&self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.cached.read_at(&self.file, offset, buffer)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        Ok(identity(&self.file.metadata()?))
    }
}

#[cfg(unix)]
fn read_once(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_once(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

#[derive(Debug)]
struct RealWritable {
    file: File,
    _handle: Handle,
}

impl WritableFile for RealWritable {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        (&self.file).write_all(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        // Where there is no `O_APPEND`, the position says where the next byte goes.
        #[cfg(not(unix))]
        io::Seek::seek(&mut &self.file, io::SeekFrom::Start(size))?;
        Ok(())
    }
}

#[derive(Debug)]
struct RealLock {
    _lock: NamedLock,
    _handle: Handle,
}

impl LockGuard for RealLock {}
