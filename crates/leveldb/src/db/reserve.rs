//! Space put aside for a full disk.
//!
//! A file `RESERVE` of the chosen size is kept in the directory. When the disk is found full it is
//! removed, and until it could be made again only deletions, flushes and compactions are let
//! through: what makes room must not be starved by what needs it. Making it again is tried in the
//! background, and its success is the proof that there is room.
//!
//! Finding the disk full ([`Reserve::note`]) and removing the file ([`Reserve::give_up`]) are two
//! steps, since the second can take long and is not for those who must not wait. Whoever makes the
//! file looks whether the disk was found full meanwhile, and takes it back then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;

const PIECE: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Reserve {
    env: Arc<dyn Env>,
    directory: PathBuf,
    path: PathBuf,
    size: u64,
    /// The disk was found full, and the file was not made since. Changes under `finding`.
    spent: AtomicBool,
    /// How often it was given up.
    releases: AtomicU64,
    finding: Mutex<Finding>,
    /// Held by whoever makes or removes the file.
    file: Mutex<()>,
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
    pub(crate) fn new(env: Arc<dyn Env>, directory: &Path, size: u64) -> Self {
        Self {
            env,
            directory: directory.to_path_buf(),
            path: file_name::reserve(directory),
            size,
            spent: AtomicBool::new(false),
            releases: AtomicU64::new(0),
            finding: Mutex::default(),
            file: Mutex::default(),
        }
    }

    /// Makes the reserve when the database is opened. A disk that is too full for it is not a
    /// reason to refuse opening.
    pub(crate) fn open(&self) {
        if self.size == 0 {
            // An earlier opening may have kept one; nobody would ever release it now.
            let _ = self.env.remove(&self.path);
        } else if self.env.size(&self.path).ok() != Some(self.size)
            && let Err(error) = self.make()
        {
            let _ = self.env.remove(&self.path);
            self.note(&error);
        }
    }

    /// Whether there is to be one.
    pub(crate) fn is_wanted(&self) -> bool {
        self.size > 0
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
            let _turn = self.file.lock();
            if self.is_spent() {
                let _ = self.env.remove(&self.path);
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
        let _turn = self.file.lock();
        let found_before = self.finding.lock().times;
        let made = self.make_unless(|| self.finding.lock().times > found_before);
        let mut finding = self.finding.lock();
        if made.is_ok() && finding.times == found_before {
            finding.cause = None;
            self.spent.store(false, Ordering::Release);
            return true;
        }
        drop(finding);
        let _ = self.env.remove(&self.path);
        false
    }

    fn make(&self) -> Result<()> {
        self.make_unless(|| false)
    }

    /// Writes the file, if that is not `in_vain`. Its content is not zeros, which some file systems
    /// do not store.
    fn make_unless(&self, in_vain: impl Fn() -> bool) -> Result<()> {
        let file =
            self.env.create(&self.path).map_err(Error::io(IoOperation::Create, &self.path))?;
        let piece: Vec<u8> = (0..PIECE).map(|index| (index as u8) | 1).collect();
        let mut left = self.size;
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
