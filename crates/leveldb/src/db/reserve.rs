//! Space put aside for a full disk.
//!
//! A file `RESERVE` is kept in the directory. When the disk is found full it is
//! removed, and until it could be made again only deletions, flushes and compactions are let
//! through: what makes room must not be starved by what needs it. Making it again is tried in the
//! background, and its success is the proof that there is room.
//!
//! A store that is full by its own data can only be made smaller by a flush and a compaction. The
//! flush may need as much as a memtable has, and so much and a table more each step of the compaction. While the disk has plenty of room that much need
//! not be put aside: the room is looked at every now and then, and the file grows when it gets less.
//!
//! Finding the disk full ([`Reserve::note`]) and removing the file ([`Reserve::give_up`]) are two
//! steps, since the second can take long and is not for those who must not wait. Whoever makes the
//! file looks whether the disk was found full meanwhile, and takes it back then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::env::{Env, Space};
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::options::{Options, ReserveSize};

const PIECE: usize = 256 * 1024;

/// Room for some twenty thousand deletions.
const FOR_DELETIONS: u64 = 1 << 20;

/// There is plenty of room on a disk that has this many times what would be put aside.
const PLENTY: u64 = 64;

/// Of a small disk one part in so many is put aside.
const SHARE: u64 = 3;

#[derive(Debug)]
pub(crate) struct Reserve {
    env: Arc<dyn Env>,
    directory: PathBuf,
    path: PathBuf,
    wanted: ReserveSize,
    /// What a step of making room takes, besides deletions.
    step: u64,
    /// The disk was found full, and the file was not made since. Changes under `finding`.
    spent: AtomicBool,
    /// How often it was given up.
    releases: AtomicU64,
    finding: Mutex<Finding>,
    /// The size of the file, 0 where there is none. Held by whoever makes or removes it.
    kept: Mutex<u64>,
}

/// That the disk is full.
#[derive(Debug, Default)]
struct Finding {
    /// How often it was found.
    times: u64,
    /// The last error, for writers that are refused meanwhile.
    cause: Option<Error>,
}

impl Reserve {
    pub(crate) fn new(directory: &Path, options: &Options) -> Self {
        let memtable = options.write_buffer_size as u64;
        Self {
            env: Arc::clone(&options.env),
            directory: directory.to_path_buf(),
            path: file_name::reserve(directory),
            wanted: options.reserve_size,
            // A memtable's table goes down, and is merged with one that a compaction or a flush made.
            step: memtable + memtable.max(options.target_file_size),
            spent: AtomicBool::new(false),
            releases: AtomicU64::new(0),
            finding: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// Makes the reserve when the database is opened. A disk that is too full for it is not a
    /// reason to refuse opening.
    pub(crate) fn open(&self) {
        let mut kept = self.kept.lock();
        if !self.is_wanted() {
            // An earlier opening may have kept one; nobody would ever release it now.
            let _ = self.env.remove(&self.path);
            return;
        }
        *kept = self.env.size(&self.path).unwrap_or(0);
        let size = self.size(*kept);
        if size != *kept
            && let Err(error) = self.make(&mut kept, size)
        {
            self.note(&error);
        }
    }

    /// Puts more aside, if the disk has less room than when it was put aside.
    pub(crate) fn grow(&self) {
        if self.wanted != ReserveSize::Auto || self.is_spent() {
            return;
        }
        let mut kept = self.kept.lock();
        let size = self.size(*kept);
        // Not for a little more each time that the room changes.
        if *kept > 0
            && size >= 2 * *kept
            && !self.is_spent()
            && let Err(error) = self.make(&mut kept, size)
        {
            self.note(&error);
        }
    }

    /// Whether there is to be one.
    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted != ReserveSize::Bytes(0)
    }

    /// To be told of every error of a write, flush or compaction.
    pub(crate) fn note(&self, error: &Error) {
        if !self.is_wanted() || !error.is_out_of_space() {
            return;
        }
        let mut finding = self.finding.lock();
        finding.times += 1;
        finding.cause = Some(error.clone());
        if !self.spent.swap(true, Ordering::AcqRel) {
            self.releases.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Removes the file if the disk was found full. Waits for who makes it just now to notice.
    pub(crate) fn give_up(&self) {
        if self.is_spent() {
            let mut kept = self.kept.lock();
            if self.is_spent() {
                self.remove(&mut kept);
            }
        }
    }

    /// Whether writes other than deletions have to be refused, and with what.
    pub(crate) fn refusal(&self) -> Option<Error> {
        if !self.is_spent() {
            return None;
        }
        self.finding.lock().cause.clone()
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.spent.load(Ordering::Acquire)
    }

    /// How often the reserve was given up.
    pub(crate) fn releases(&self) -> u64 {
        self.releases.load(Ordering::Relaxed)
    }

    /// Tries to put the space aside again, and says whether it was put aside now.
    pub(crate) fn restore(&self) -> bool {
        if !self.is_spent() {
            return false;
        }
        let mut kept = self.kept.lock();
        let size = self.size(*kept);
        // Trying would take from those who make room what there is.
        if self.space().is_some_and(|space| space.available < size) {
            return false;
        }
        self.make(&mut kept, size).unwrap_or(false)
    }

    /// How large the file should be where it takes `kept` bytes now.
    fn size(&self, kept: u64) -> u64 {
        match self.wanted {
            ReserveSize::Bytes(size) => size,
            ReserveSize::Auto => self
                .space()
                .map_or(FOR_DELETIONS, |space| fitting(space, kept, FOR_DELETIONS + self.step)),
        }
    }

    /// The space on the disk, where the system tells.
    fn space(&self) -> Option<Space> {
        self.env.space(&self.directory).ok()
    }

    /// Makes the file. What was found full before is not any more if that succeeds, unless the disk
    /// was found full again meanwhile: then there is no file. Says whether there is.
    fn make(&self, kept: &mut u64, size: u64) -> Result<bool> {
        let found_before = self.finding.lock().times;
        let written = self.write(size, || self.finding.lock().times > found_before);
        let mut finding = self.finding.lock();
        if written.is_ok() && finding.times == found_before {
            finding.cause = None;
            self.spent.store(false, Ordering::Release);
            *kept = size;
            return Ok(true);
        }
        drop(finding);
        self.remove(kept);
        written.map(|()| false)
    }

    fn remove(&self, kept: &mut u64) {
        let _ = self.env.remove(&self.path);
        *kept = 0;
    }

    /// Writes the file, if that is not `in_vain`. Its content is not zeros, which some file systems
    /// do not store.
    fn write(&self, size: u64, in_vain: impl Fn() -> bool) -> Result<()> {
        let file =
            self.env.create(&self.path).map_err(Error::io(IoOperation::Create, &self.path))?;
        let piece: Vec<u8> = (0..PIECE).map(|index| (index as u8) | 1).collect();
        let mut left = size;
        while left > 0 {
            if in_vain() {
                return Ok(());
            }
            let length = left.min(PIECE as u64) as usize;
            let bytes = piece.get(..length).unwrap_or_default();
            file.append(bytes).map_err(Error::io(IoOperation::Write, &self.path))?;
            left -= length as u64;
        }
        file.sync().map_err(Error::io(IoOperation::Sync, &self.path))?;
        let synced = self.env.sync_dir(&self.directory);
        synced.map_err(Error::io(IoOperation::SyncDir, &self.directory))
    }
}

/// What to put aside where `kept` bytes are already, `full` if the disk is large enough.
///
/// Of a disk with little room left no less than of one with more: it would be less each time that
/// the disk becomes full, and in the end too little.
fn fitting(space: Space, kept: u64, full: u64) -> u64 {
    let room = space.available.saturating_add(kept);
    if room / PLENTY >= full {
        FOR_DELETIONS
    } else {
        (space.total / SHARE).clamp(FOR_DELETIONS, full)
    }
}
