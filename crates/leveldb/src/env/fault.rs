//! A file system that fails on demand.
//!
//! It passes everything on to another one, usually a [`MemoryEnv`], and counts every operation by
//! what it is and what kind of file it touches. A [`FaultPlan`] names the operation to fail by its
//! place in that sequence, so a test can run a workload once to learn how long the sequence is,
//! and then once for each operation in it. A limit on free space makes a full disk.
//!
//! An operation on two names (a renaming, a linking) counts for the kind of the new one.
//!
//! Errors carry a real error number, so that their kind is what the system would have said.

mod errors;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::mem::{Discriminant, discriminant};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

pub use self::errors::errno;
use super::{
    Env, FileIdentity, LockError, LockGuard, MemoryEnv, OpenFiles, ReadableFile, Space,
    WritableFile,
};
use crate::error::IoOperation;
use crate::file_name::FileKind;

/// Which operations fail, counted from the moment the plan is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPlan {
    first: u64,
    repeats: bool,
    halts: bool,
    errno: i32,
    operation: Option<IoOperation>,
    files: Option<FileKind>,
    written: usize,
}

impl FaultPlan {
    /// Operation number `n`, counted from zero, fails once.
    pub fn fail_nth(n: u64, errno: i32) -> Self {
        Self {
            first: n,
            repeats: false,
            halts: false,
            errno,
            operation: None,
            files: None,
            written: 0,
        }
    }

    /// Operation number `n` and all after it fail.
    pub fn fail_from(n: u64, errno: i32) -> Self {
        Self { repeats: true, ..Self::fail_nth(n, errno) }
    }

    /// The disk freezes at operation number `n`: it is as the operations before left it, ready for
    /// [`MemoryEnv::crash`], and nothing reaches it any more.
    pub fn halt_at(n: u64) -> Self {
        Self { halts: true, ..Self::fail_from(n, errno::EIO) }
    }

    /// Counts and fails only operations of this sort.
    pub fn on(self, operation: IoOperation) -> Self {
        Self { operation: Some(operation), ..self }
    }

    /// Counts and fails only operations on files of this kind, whatever their number.
    pub fn of(self, files: FileKind) -> Self {
        Self { files: Some(files), ..self }
    }

    /// Lets the first append that fails write this many of its bytes.
    pub fn writing(self, bytes: usize) -> Self {
        Self { written: bytes, ..self }
    }

    fn covers(&self, operation: IoOperation, kind: FileKind) -> bool {
        self.operation.is_none_or(|wanted| wanted == operation)
            && self.files.is_none_or(|wanted| discriminant(&wanted) == discriminant(&kind))
    }
}

#[derive(Debug, Default)]
struct State {
    counts: HashMap<(IoOperation, Discriminant<FileKind>), u64>,
    plan: Option<FaultPlan>,
    matched: u64,
    free: Option<u64>,
    /// The most that `free` was set to.
    most_free: u64,
    cold: bool,
}

/// A failure that the plan asks for.
struct Failure {
    error: io::Error,
    /// How much of an append is written all the same.
    written: usize,
    /// Whether the disk is frozen, rather than failing.
    halted: bool,
}

impl State {
    fn count(&mut self, operation: IoOperation, kind: FileKind) -> Result<(), Failure> {
        *self.counts.entry((operation, discriminant(&kind))).or_default() += 1;
        let Some(plan) = self.plan.as_ref().filter(|plan| plan.covers(operation, kind)) else {
            return Ok(());
        };
        let index = self.matched;
        self.matched += 1;
        if index == plan.first || plan.repeats && index > plan.first {
            return Err(Failure {
                error: io::Error::from_raw_os_error(plan.errno),
                written: if index == plan.first { plan.written } else { 0 },
                halted: plan.halts,
            });
        }
        Ok(())
    }

    /// Takes space for `bytes`, or what there is.
    fn take_space(&mut self, bytes: usize) -> usize {
        let Some(free) = &mut self.free else { return bytes };
        let taken = bytes.min(usize::try_from(*free).unwrap_or(usize::MAX));
        *free -= taken as u64;
        taken
    }

    fn give_space(&mut self, bytes: u64) {
        self.free = self.free.map(|free| free.saturating_add(bytes));
    }
}

/// A file system that fails on demand. Clones share the plan and the counters.
#[derive(Debug, Clone)]
pub struct FaultEnv {
    inner: Arc<dyn Env>,
    memory: Option<MemoryEnv>,
    state: Arc<Mutex<State>>,
}

impl FaultEnv {
    /// Wraps any file system.
    pub fn new(inner: Arc<dyn Env>) -> Self {
        Self { inner, memory: None, state: Arc::default() }
    }

    /// Wraps a file system in memory. A sync that the plan lets fail then loses for good what it
    /// should have written, as [`MemoryEnv::lose_unsynced`] does.
    pub fn on_memory(memory: MemoryEnv) -> Self {
        Self { memory: Some(memory.clone()), ..Self::new(Arc::new(memory)) }
    }

    /// Puts a plan in force, from the next operation on.
    pub fn set_plan(&self, plan: FaultPlan) {
        let mut state = self.state.lock();
        state.plan = Some(plan);
        state.matched = 0;
    }

    /// Ends all failing that a plan caused.
    pub fn clear_plan(&self) {
        self.state.lock().plan = None;
    }

    /// Leaves space for this many more bytes. An append that does not fit writes what does and
    /// fails with ENOSPC; removing, emptying and cutting files gives their space back. A file
    /// with two names gives it back twice. The disk counts as as large as the most that was left.
    pub fn set_free_space(&self, bytes: Option<u64>) {
        let mut state = self.state.lock();
        state.free = bytes;
        state.most_free = state.most_free.max(bytes.unwrap_or(0));
    }

    /// Makes every read have to ask the disk, or none.
    pub fn set_cold(&self, cold: bool) {
        self.state.lock().cold = cold;
    }

    /// The operations so far, failed ones included.
    pub fn op_count(&self) -> u64 {
        self.state.lock().counts.values().sum()
    }

    /// The operations of one sort so far, on files of one kind or all.
    pub fn op_count_of(&self, operation: IoOperation, files: Option<FileKind>) -> u64 {
        let state = self.state.lock();
        let matches = |(sort, kind): &(IoOperation, Discriminant<FileKind>)| {
            *sort == operation && files.is_none_or(|files| discriminant(&files) == *kind)
        };
        state.counts.iter().filter(|(key, _)| matches(key)).map(|(_, count)| count).sum()
    }

    /// The operations so far that change bytes or names. Locking, which may make the lock file, is
    /// not among them.
    pub fn mutation_count(&self) -> u64 {
        use IoOperation::{Create, CreateDir, Link, Remove, Rename, Truncate, Write};
        [Create, CreateDir, Link, Remove, Rename, Truncate, Write]
            .map(|operation| self.op_count_of(operation, None))
            .iter()
            .sum()
    }

    fn count(&self, operation: IoOperation, path: &Path) -> Result<(), Failure> {
        self.state.lock().count(operation, FileKind::of(path))
    }

    fn check(&self, operation: IoOperation, path: &Path) -> io::Result<()> {
        self.count(operation, path).map_err(|failure| failure.error)
    }

    fn check_sync(&self, path: &Path) -> io::Result<()> {
        self.count(IoOperation::Sync, path).map_err(|failure| {
            if let Some(memory) = self.memory.as_ref().filter(|_| !failure.halted) {
                // A file that has lost its name cannot come back after a crash anyway.
                let _ = memory.lose_unsynced(path);
            }
            failure.error
        })
    }

    /// Does what takes the content of `path` away, and gives its space back.
    fn freeing<T>(&self, path: &Path, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let before = self.inner.size(path).unwrap_or(0);
        let result = act()?;
        self.state.lock().give_space(before);
        Ok(result)
    }

    fn file<F>(&self, path: &Path, inner: F) -> Arc<FaultFile<F>> {
        Arc::new(FaultFile { inner, path: path.to_path_buf(), env: self.clone() })
    }
}

impl Env for FaultEnv {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        self.check(IoOperation::Open, path)?;
        Ok(self.file(path, self.inner.open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.check(IoOperation::Create, path)?;
        let file = self.freeing(path, || self.inner.create(path))?;
        Ok(self.file(path, file))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        self.check(IoOperation::Create, path)?;
        Ok(self.file(path, self.inner.create_new(path)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.check(IoOperation::List, directory)?;
        self.inner.list(directory)
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        self.check(IoOperation::CreateDir, directory)?;
        self.inner.create_dir_all(directory)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.check(IoOperation::Remove, directory)?;
        self.inner.remove_dir(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(IoOperation::Remove, path)?;
        self.freeing(path, || self.inner.remove(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(IoOperation::Rename, to)?;
        self.freeing(to, || self.inner.rename(from, to))
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(IoOperation::Link, to)?;
        self.inner.hard_link(from, to)
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.check(IoOperation::Stat, path)?;
        self.inner.size(path)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.check(IoOperation::Stat, path)?;
        self.inner.identity(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.check_sync(path)?;
        self.inner.sync_file(path)
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.check(IoOperation::SyncDir, directory)?;
        self.inner.sync_dir(directory)
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        self.check(IoOperation::Stat, directory)?;
        let state = self.state.lock();
        match state.free {
            Some(available) => Ok(Space { total: state.most_free, available }),
            None => self.inner.space(directory),
        }
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        self.check(IoOperation::Lock, path)?;
        self.inner.lock(path)
    }

    fn open_files(&self) -> OpenFiles {
        self.inner.open_files()
    }
}

#[derive(Debug)]
struct FaultFile<F> {
    inner: F,
    path: PathBuf,
    env: FaultEnv,
}

impl ReadableFile for FaultFile<Arc<dyn ReadableFile>> {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.env.check(IoOperation::Read, &self.path)?;
        self.inner.read_at(offset, buffer)
    }

    fn read_at_if_cached(&self, offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        self.env.check(IoOperation::Read, &self.path)?;
        if self.env.state.lock().cold {
            return Ok(None);
        }
        self.inner.read_at_if_cached(offset, buffer)
    }

    fn size(&self) -> io::Result<u64> {
        self.env.check(IoOperation::Stat, &self.path)?;
        self.inner.size()
    }

    fn identity(&self) -> io::Result<FileIdentity> {
        self.env.check(IoOperation::Stat, &self.path)?;
        self.inner.identity()
    }
}

impl WritableFile for FaultFile<Arc<dyn WritableFile>> {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let planned = self.env.count(IoOperation::Write, &self.path);
        let wanted = match &planned {
            Ok(()) => bytes.len(),
            Err(failure) => failure.written.min(bytes.len()),
        };
        let written = self.env.state.lock().take_space(wanted);
        if written > 0 {
            self.inner.append(bytes.get(..written).unwrap_or(bytes))?;
        }
        planned.map_err(|failure| failure.error)?;
        if written < bytes.len() {
            return Err(io::Error::from_raw_os_error(errno::ENOSPC));
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.env.check_sync(&self.path)?;
        self.inner.sync()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        self.env.check(IoOperation::Truncate, &self.path)?;
        let before = self.env.inner.size(&self.path).unwrap_or(0);
        self.inner.truncate(size)?;
        self.env.state.lock().give_space(before.saturating_sub(size));
        Ok(())
    }
}
