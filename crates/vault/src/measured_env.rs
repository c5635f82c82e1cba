//! A file system that knows how large the files below a directory are, without asking for it.
//!
//! Only this process writes there while it has the lock, and everything that it writes passes
//! through here. So the sizes are looked at once, and kept count of from then on.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use sigil_leveldb::env::{
    Env, FileIdentity, LockError, LockGuard, OpenFiles, ReadableFile, Space, WritableFile,
};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct MeasuredEnv {
    env: Arc<dyn Env>,
    root: PathBuf,
    files: Arc<Mutex<Files>>,
}

/// The files that are measured. A file keeps its number when it gets another name.
#[derive(Debug, Default)]
struct Files {
    numbers: HashMap<PathBuf, u64>,
    sizes: HashMap<u64, u64>,
    total: u64,
    next: u64,
}

impl Files {
    /// Notes a new file, in the place of another one with its name.
    fn insert(&mut self, path: &Path, size: u64) -> u64 {
        let number = self.next;
        self.next += 1;
        self.sizes.insert(number, 0);
        self.resize(number, |_| size);
        self.name(path, number);
        number
    }

    fn name(&mut self, path: &Path, number: u64) {
        self.remove(path);
        self.numbers.insert(path.to_owned(), number);
    }

    /// Changes a size. One that has no name any more counts nothing.
    fn resize(&mut self, number: u64, change: impl FnOnce(u64) -> u64) {
        if let Some(size) = self.sizes.get_mut(&number) {
            let new = change(*size);
            self.total = self.total - *size + new;
            *size = new;
        }
    }

    fn remove(&mut self, path: &Path) {
        if let Some(number) = self.numbers.remove(path) {
            self.resize(number, |_| 0);
            self.sizes.remove(&number);
        }
    }
}

impl MeasuredEnv {
    /// Nothing is measured until [`Self::look`].
    pub(crate) fn new(env: Arc<dyn Env>, root: &Path) -> Self {
        Self { env, root: root.to_owned(), files: Arc::default() }
    }

    /// Looks at the files that are there, and those in some directories. Nobody else may change any
    /// of them from now on.
    pub(crate) fn look(&self, is_directory: impl Fn(&str) -> bool) -> io::Result<()> {
        for name in self.env.list(&self.root)? {
            let path = self.root.join(&name);
            if !name.to_str().is_some_and(&is_directory) {
                self.measure(&path);
                continue;
            }
            for name in self.env.list(&path)? {
                self.measure(&path.join(name));
            }
        }
        Ok(())
    }

    /// The bytes of all files.
    pub(crate) fn total(&self) -> u64 {
        self.files.lock().total
    }

    fn is_measured(&self, path: &Path) -> bool {
        path.starts_with(&self.root)
    }

    /// Notes a file as it is now. What is no file, or cannot be asked for its size, counts nothing.
    fn measure(&self, path: &Path) {
        if self.is_measured(path) {
            match self.env.size(path) {
                Ok(size) => drop(self.files.lock().insert(path, size)),
                Err(_) => self.files.lock().remove(path),
            }
        }
    }

    fn made(&self, path: &Path, file: Arc<dyn WritableFile>) -> Arc<dyn WritableFile> {
        if !self.is_measured(path) {
            return file;
        }
        let number = self.files.lock().insert(path, 0);
        Arc::new(MeasuredFile {
            file,
            number,
            path: path.to_owned(),
            env: Arc::clone(&self.env),
            files: Arc::clone(&self.files),
        })
    }
}

impl Env for MeasuredEnv {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadableFile>> {
        self.env.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        Ok(self.made(path, self.env.create(path)?))
    }

    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn WritableFile>> {
        Ok(self.made(path, self.env.create_new(path)?))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.env.list(directory)
    }

    fn create_dir_all(&self, directory: &Path) -> io::Result<()> {
        self.env.create_dir_all(directory)
    }

    fn remove_dir(&self, directory: &Path) -> io::Result<()> {
        self.env.remove_dir(directory)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = self.env.remove(path);
        if !matches!(&removed, Err(error) if error.kind() != ErrorKind::NotFound) {
            self.files.lock().remove(path);
        }
        removed
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.env.rename(from, to)?;
        let mut files = self.files.lock();
        if let Some(number) = files.numbers.remove(from) {
            files.name(to, number);
        }
        Ok(())
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.env.hard_link(from, to)?;
        self.measure(to);
        Ok(())
    }

    fn size(&self, path: &Path) -> io::Result<u64> {
        self.env.size(path)
    }

    fn identity(&self, path: &Path) -> io::Result<FileIdentity> {
        self.env.identity(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        self.env.sync_file(path)
    }

    fn sync_dir(&self, directory: &Path) -> io::Result<()> {
        self.env.sync_dir(directory)
    }

    fn space(&self, directory: &Path) -> io::Result<Space> {
        self.env.space(directory)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn LockGuard>, LockError> {
        let guard = self.env.lock(path)?;
        self.measure(path);
        Ok(guard)
    }

    fn open_files(&self) -> OpenFiles {
        self.env.open_files()
    }
}

#[derive(Debug)]
struct MeasuredFile {
    file: Arc<dyn WritableFile>,
    number: u64,
    /// The name that it was made with.
    path: PathBuf,
    env: Arc<dyn Env>,
    files: Arc<Mutex<Files>>,
}

impl MeasuredFile {
    /// After an error nobody knows how much of it happened.
    fn measure(&self) {
        let mut files = self.files.lock();
        if files.numbers.get(&self.path) == Some(&self.number)
            && let Ok(size) = self.env.size(&self.path)
        {
            files.resize(self.number, |_| size);
        }
    }
}

impl WritableFile for MeasuredFile {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let appended = self.file.append(bytes);
        match &appended {
            Ok(()) => {
                self.files
                    .lock()
                    .resize(self.number, |size| size.saturating_add(bytes.len() as u64));
            }
            Err(_) => self.measure(),
        }
        appended
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn truncate(&self, size: u64) -> io::Result<()> {
        let truncated = self.file.truncate(size);
        match &truncated {
            Ok(()) => self.files.lock().resize(self.number, |_| size),
            Err(_) => self.measure(),
        }
        truncated
    }
}

#[cfg(test)]
mod tests {
    use sigil_leveldb::env::{FaultEnv, FaultPlan, MemoryEnv, errno};

    use super::*;

    fn path(name: &str) -> PathBuf {
        Path::new("/root").join(name)
    }

    /// What is measured, and what it is for somebody who looks.
    fn totals(measured: &MeasuredEnv) -> (u64, u64) {
        let fresh = MeasuredEnv::new(Arc::clone(&measured.env), &measured.root);
        fresh.look(|name| name == "data").unwrap();
        (measured.total(), fresh.total())
    }

    fn is_right(measured: &MeasuredEnv, total: u64) {
        assert_eq!(totals(measured), (total, total));
    }

    #[test]
    fn sizes_follow_what_happens_to_files() {
        let memory = MemoryEnv::new();
        memory.create_dir_all(&path("data")).unwrap();
        memory.create_dir_all(&path("no file")).unwrap();
        memory.write_file(&path("data/old"), vec![0; 100]).unwrap();
        let measured = MeasuredEnv::new(Arc::new(memory), Path::new("/root"));
        assert_eq!(measured.total(), 0);
        measured.look(|name| name == "data").unwrap();
        is_right(&measured, 100);
        let file = measured.create(&path("data/new")).unwrap();
        file.append(&[0; 30]).unwrap();
        is_right(&measured, 130);
        // It goes on under its other name, and what had that one is gone.
        measured.rename(&path("data/new"), &path("data/old")).unwrap();
        file.append(&[0; 5]).unwrap();
        is_right(&measured, 35);
        file.truncate(20).unwrap();
        is_right(&measured, 20);
        measured.hard_link(&path("data/old"), &path("second")).unwrap();
        is_right(&measured, 40);
        measured.remove(&path("data/old")).unwrap();
        // It has no name any more.
        file.append(&[0; 5]).unwrap();
        assert_eq!(measured.total(), 20);
        assert!(measured.create_new(&path("second")).is_err());
        measured.create(&path("second")).unwrap();
        is_right(&measured, 0);
        measured.remove(&path("none")).unwrap_err();
        measured.create(Path::new("/elsewhere")).unwrap().append(&[0; 9]).unwrap();
        is_right(&measured, 0);
    }

    #[test]
    fn after_a_failure_it_is_looked_at_again() {
        let fault = FaultEnv::on_memory(MemoryEnv::new());
        fault.create_dir_all(Path::new("/root")).unwrap();
        let measured = MeasuredEnv::new(Arc::new(fault.clone()), Path::new("/root"));
        let file = measured.create(&path("file")).unwrap();
        fault.set_plan(FaultPlan::fail_nth(0, errno::ENOSPC).writing(7));
        file.append(&[0; 30]).unwrap_err();
        fault.clear_plan();
        is_right(&measured, 7);
    }
}
