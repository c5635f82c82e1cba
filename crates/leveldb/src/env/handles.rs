//! Counting the file handles that are open.
//!
//! A handle that is never closed is a leak that no test of behaviour notices, and on systems that
//! refuse to remove open files it is a failure. So every file and lock that an [`Env`](super::Env)
//! hands out carries a guard that counts up when it is made and down when it is dropped.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::OpenFiles;
use crate::file_name::FileKind;

/// The counters of one file system. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Handles(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    logs: AtomicUsize,
    tables: AtomicUsize,
    manifests: AtomicUsize,
    locks: AtomicUsize,
    others: AtomicUsize,
}

impl Counters {
    fn of(&self, kind: FileKind) -> &AtomicUsize {
        match kind {
            FileKind::Log(_) => &self.logs,
            FileKind::Table(_) => &self.tables,
            FileKind::Manifest(_) => &self.manifests,
            FileKind::Lock => &self.locks,
            _ => &self.others,
        }
    }
}

impl Handles {
    /// Counts a handle of `path` until the guard is dropped.
    pub(super) fn count(&self, path: &Path) -> Handle {
        let kind = FileKind::of(path);
        self.0.of(kind).fetch_add(1, Ordering::Relaxed);
        Handle { counters: Arc::clone(&self.0), kind }
    }

    /// What is open now. Counters are read one after another, so handles that come and go
    /// meanwhile may be seen in part.
    pub(super) fn snapshot(&self) -> OpenFiles {
        let load = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        OpenFiles {
            logs: load(&self.0.logs),
            tables: load(&self.0.tables),
            manifests: load(&self.0.manifests),
            locks: load(&self.0.locks),
            others: load(&self.0.others),
        }
    }
}

/// A handle that is open.
#[derive(Debug)]
pub(super) struct Handle {
    counters: Arc<Counters>,
    kind: FileKind,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.counters.of(self.kind).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_count_by_kind_until_dropped() {
        let handles = Handles::default();
        let clone = handles.clone();
        let open: Vec<_> =
            ["000001.log", "000002.ldb", "000003.ldb", "MANIFEST-000004", "LOCK", "CURRENT"]
                .iter()
                .map(|name| clone.count(Path::new(name)))
                .collect();
        let expected = OpenFiles { logs: 1, tables: 2, manifests: 1, locks: 1, others: 1 };
        assert_eq!(handles.snapshot(), expected);
        assert_eq!(handles.snapshot().total(), 6);
        drop(open);
        assert_eq!(handles.snapshot(), OpenFiles::default());
    }
}
