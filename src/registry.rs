//! The databases that are open in this process, so that stores on one directory share one.
//!
//! The addon is loaded once whatever the number of contexts and worker threads, so a static map
//! sees them all. A directory has a slot, and who opens or closes the database in it holds the
//! slot's lock meanwhile: an opening that meets a closing waits for it instead of finding the
//! directory locked. All of this happens on pool threads.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;
use sigil_leveldb::{Db, Options, Result};

static SLOTS: LazyLock<Mutex<HashMap<PathBuf, Arc<Slot>>>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Slot {
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    users: usize,
    open: Option<Arc<Opened>>,
}

/// An open database with what its users have in common.
pub struct Opened {
    /// Tells it from every other of this process.
    pub id: u64,
    /// The database.
    pub db: Db,
    /// Held by writes that decide by what they read: of two that concern the same old record, one
    /// goes first.
    pub deciding: Mutex<()>,
    /// Tenants of whose records the old code left none under an unescaped key.
    pub without_left: Mutex<HashSet<String>>,
}

/// One user's hold on an open database. Ends with [`Lease::release`], or when it is dropped: then
/// on a thread of its own, because closing waits for the disk.
pub struct Lease {
    opened: Arc<Opened>,
    slot: Option<(PathBuf, Arc<Slot>)>,
    released: AtomicBool,
}

impl Lease {
    /// Opens a directory for this user alone.
    pub fn exclusive(directory: &Path, options: Options) -> Result<Self> {
        Ok(Self { opened: open(directory, options)?, slot: None, released: AtomicBool::new(false) })
    }

    /// Opens a directory, or joins those in this process who have it open. The options of the
    /// first hold for all.
    pub fn shared(directory: &Path, options: Options) -> Result<Self> {
        let path = canonical(directory);
        let slot = Arc::clone(SLOTS.lock().entry(path.clone()).or_default());
        let mut shared = slot.shared.lock();
        let opened = match &shared.open {
            // Who joins means the directory that has this path now.
            Some(opened) => opened.db.check_place().map(|()| Arc::clone(opened)),
            None => open(directory, options),
        };
        match opened {
            Ok(opened) => {
                shared.open = Some(Arc::clone(&opened));
                shared.users += 1;
                drop(shared);
                Ok(Self { opened, slot: Some((path, slot)), released: AtomicBool::new(false) })
            }
            Err(error) => {
                drop(shared);
                forget(&path, &slot);
                Err(error)
            }
        }
    }

    /// The database.
    pub fn opened(&self) -> &Arc<Opened> {
        &self.opened
    }

    /// Ends this user's hold; the last one closes the database. Ending it again does nothing.
    pub fn release(&self) -> Result<()> {
        if self.released.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let Some((path, slot)) = &self.slot else { return self.opened.db.close() };
        let mut shared = slot.shared.lock();
        shared.users = shared.users.saturating_sub(1);
        let mut closed = Ok(());
        if shared.users == 0 && shared.open.take().is_some() {
            closed = self.opened.db.close();
        }
        drop(shared);
        forget(path, slot);
        closed
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.released.load(Ordering::Acquire) {
            return;
        }
        let rest = Arc::new(Self {
            opened: Arc::clone(&self.opened),
            slot: self.slot.take(),
            released: AtomicBool::new(false),
        });
        self.released.store(true, Ordering::Release);
        // There is nobody to tell what closing says; what was acknowledged is with the system.
        let on_thread = Arc::clone(&rest);
        let release = move || {
            let _ = on_thread.release();
        };
        if std::thread::Builder::new().name("sigil-release".into()).spawn(release).is_err() {
            let _ = rest.release();
        }
    }
}

fn open(directory: &Path, options: Options) -> Result<Arc<Opened>> {
    static NEXT_ID: AtomicU64 = AtomicU64::new(0);
    Ok(Arc::new(Opened {
        id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
        db: Db::open(directory, options)?,
        deciding: Mutex::new(()),
        without_left: Mutex::default(),
    }))
}

/// Directories have many names, and one canonical path once they are there.
fn canonical(directory: &Path) -> PathBuf {
    std::fs::canonicalize(directory).unwrap_or_else(|_| directory.to_path_buf())
}

/// Removes a slot that nobody uses.
fn forget(path: &Path, slot: &Arc<Slot>) {
    let mut slots = SLOTS.lock();
    let unused = {
        let shared = slot.shared.try_lock();
        // One count is the map's, one is ours: nobody else is about to use it.
        shared.is_some_and(|shared| shared.users == 0) && Arc::strong_count(slot) == 2
    };
    if unused && slots.get(path).is_some_and(|held| Arc::ptr_eq(held, slot)) {
        slots.remove(path);
    }
}
