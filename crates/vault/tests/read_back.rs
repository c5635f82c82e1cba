//! A disk that takes bytes and keeps others: a backup is read back before an older one is removed.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sigil_leveldb::env::{
    Env, FileIdentity, LockError, LockGuard, MemoryEnv, OpenFiles, ReadableFile, Space,
    WritableFile,
};
use sigil_storage::{Error, Options, Store};

use common::{PASSWORD, ROOT, message, options};

#[path = "common/mod.rs"]
mod common;

/// A file system that changes what is appended to backups, when it is told to.
#[derive(Debug, Clone, Default)]
struct Lying {
    inner: MemoryEnv,
    lies: Arc<AtomicBool>,
}

#[derive(Debug)]
struct LyingFile {
    inner: Arc<dyn WritableFile>,
    lies: Arc<AtomicBool>,
}

impl WritableFile for LyingFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut kept = bytes.to_vec();
        if self.lies.load(Ordering::Relaxed) {
            kept[bytes.len() / 2] ^= 1;
        }
        self.inner.append(&kept)
    }

    fn sync(&self) -> io::Result<()> {
        self.inner.sync()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.inner.truncate(size)
    }
}

impl Env for Lying {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        let inner = self.inner.create(path)?;
        let is_backup = path.extension().is_some_and(|end| end == "partial");
        let lies = Arc::clone(&self.lies);
        Ok(if is_backup { Arc::new(LyingFile { inner, lies }) } else { inner })
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.inner.create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        self.inner.open(path)
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
        self.inner.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
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

    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        self.inner.lock(path)
    }

    fn open_files(&self) -> OpenFiles {
        self.inner.open_files()
    }
}

#[test]
fn a_backup_that_the_disk_changed_costs_no_good_one() {
    let env = Lying::default();
    let options = Options { backups_kept: 1, ..options(&env) };
    let store = Store::open(ROOT, PASSWORD, options).unwrap();
    store.write(message("1", 1.0, "x", "y")).unwrap();
    let good = store.backup().unwrap();
    env.lies.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let error = store.backup().unwrap_err();
        assert!(matches!(error, Error::BackupDamaged { .. }), "{error:?}");
        store.verify_backup(&good, None).unwrap();
        assert_eq!(env.list(common::BACKUPS.as_ref()).unwrap().len(), 1);
    }
    env.lies.store(false, Ordering::Relaxed);
    let next = store.backup().unwrap();
    assert!(env.size(&good).is_err());
    store.verify_backup(&next, None).unwrap();
}
