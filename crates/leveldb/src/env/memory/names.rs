//! The names of the file system in memory, as programs see them and as the disk has them.
//!
//! One map from path to file or directory holds what programs see, a second one what survives a
//! power cut. Between them stand the operations that are not durable yet, each a list of names with
//! what they became: one for a creation or a removal, two for a rename. `sync_dir` moves the
//! changes of its directory into the durable map. A crash starts from the durable map and may carry
//! out any of the waiting operations, whole; that makes a rename atomic.
//!
//! The name of a directory is as volatile as that of a file. What stands below a name that a crash
//! took away is gone too.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use super::content::Content;
use super::random::Random;

pub(super) type Inode = RwLock<Content>;

/// What a name stands for.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    File(Arc<Inode>),
    Directory,
}

pub(super) type Map = BTreeMap<Arc<Path>, Entry>;
type Change = (Arc<Path>, Option<Entry>);

#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    now: Map,
    durable: Map,
    pending: Vec<Vec<Change>>,
}

impl Names {
    /// Names that are all durable. Those without a directory above them are left out.
    fn settled(names: Map) -> Self {
        let mut rooted = Map::new();
        for (path, entry) in names {
            // A directory sorts before what is in it.
            if is_directory(&rooted, parent(&path)) {
                rooted.insert(path, entry);
            }
        }
        Self { now: rooted.clone(), durable: rooted, pending: Vec::new() }
    }

    pub(super) fn dropped(&self) -> Self {
        Self::settled(self.durable.clone())
    }

    pub(super) fn torn(&self, random: &mut Random) -> Self {
        let mut names = self.durable.clone();
        // With many operations waiting, an even chance for each would hardly ever keep nearly all.
        let percent = random.one_of([10, 50, 90]);
        for operation in &self.pending {
            if random.below(100) < percent {
                for change in operation {
                    apply(&mut names, change.clone());
                }
            }
        }
        Self::settled(names)
    }

    /// Replaces every file by what `copy` makes of it; a file with several names is copied once.
    pub(super) fn with_copies(mut self, mut copy: impl FnMut(&Content) -> Content) -> Self {
        let mut copies = BTreeMap::new();
        let pending = self.pending.iter_mut().flatten();
        let entries = self
            .now
            .values_mut()
            .chain(self.durable.values_mut())
            .chain(pending.filter_map(|(_, entry)| entry.as_mut()));
        for entry in entries {
            if let Entry::File(inode) = entry {
                let fresh = copies
                    .entry(Arc::as_ptr(inode))
                    .or_insert_with(|| Arc::new(RwLock::new(copy(&inode.read()))));
                *inode = Arc::clone(fresh);
            }
        }
        self
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<Arc<Inode>> {
        match self.now.get(path) {
            Some(Entry::File(inode)) => Ok(Arc::clone(inode)),
            Some(Entry::Directory) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// The file of that name, made empty where there is none.
    pub(super) fn file_or_new(&mut self, path: &Path) -> io::Result<Arc<Inode>> {
        match self.file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.require_directory(parent(path))?;
                let inode = Arc::new(Inode::default());
                self.change(vec![(path.into(), Some(Entry::File(Arc::clone(&inode))))]);
                Ok(inode)
            }
            result => result,
        }
    }

    pub(super) fn require_directory(&self, path: &Path) -> io::Result<()> {
        match self.now.get(path) {
            Some(Entry::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            _ if is_directory(&self.now, path) => Ok(()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn list(&self, directory: &Path) -> io::Result<Vec<PathBuf>> {
        self.require_directory(directory)?;
        let children = self.now.keys().filter(|path| path.parent() == Some(directory));
        Ok(children.filter_map(|path| path.file_name()).map(PathBuf::from).collect())
    }

    pub(super) fn create_dir_all(&mut self, directory: &Path) -> io::Result<()> {
        if is_directory(&self.now, directory) {
            return Ok(());
        }
        if self.now.contains_key(directory) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.create_dir_all(parent(directory))?;
        self.change(vec![(directory.into(), Some(Entry::Directory))]);
        Ok(())
    }

    pub(super) fn remove_dir(&mut self, directory: &Path) -> io::Result<()> {
        if !self.list(directory)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.change(vec![(directory.into(), None)]);
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        self.file(path)?;
        self.change(vec![(path.into(), None)]);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.file(from)?;
        self.require_file_place(to)?;
        // Between two names of one file, systems do nothing.
        if !self.file(to).is_ok_and(|target| Arc::ptr_eq(&target, &inode)) {
            self.change(vec![(from.into(), None), (to.into(), Some(Entry::File(inode)))]);
        }
        Ok(())
    }

    pub(super) fn hard_link(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let inode = self.file(from)?;
        self.require_file_place(to)?;
        if self.now.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.change(vec![(to.into(), Some(Entry::File(inode)))]);
        Ok(())
    }

    /// Makes every name in a directory durable.
    pub(super) fn sync_dir(&mut self, directory: &Path) -> io::Result<()> {
        self.require_directory(directory)?;
        self.settle(|path| path.parent() == Some(directory));
        Ok(())
    }

    /// Makes one name and those of the directories above it durable.
    pub(super) fn sync_name(&mut self, name: &Path) {
        self.settle(|path| name.starts_with(path));
    }

    fn settle(&mut self, chosen: impl Fn(&Path) -> bool) {
        for operation in &mut self.pending {
            for change in operation.extract_if(.., |(path, _)| chosen(path)) {
                apply(&mut self.durable, change);
            }
        }
        self.pending.retain(|operation| !operation.is_empty());
    }

    fn require_file_place(&self, path: &Path) -> io::Result<()> {
        self.require_directory(parent(path))?;
        if is_directory(&self.now, path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(())
    }

    fn change(&mut self, operation: Vec<Change>) {
        for change in &operation {
            apply(&mut self.now, change.clone());
        }
        self.pending.push(operation);
    }
}

fn apply(names: &mut Map, (path, entry): Change) {
    match entry {
        Some(entry) => names.insert(path, entry),
        None => names.remove(&path),
    };
}

/// The directory above; the root and the current directory are above themselves.
fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn is_directory(names: &Map, path: &Path) -> bool {
    path.parent().is_none() || path.as_os_str().is_empty() || {
        matches!(names.get(path), Some(Entry::Directory))
    }
}
