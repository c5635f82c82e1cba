//! Space put aside for a full disk.
//!
//! A file `RESERVE` of the chosen size is kept in the directory. When the disk is found full it is
//! removed, and until it could be made again only deletions, flushes and compactions are let
//! through: what makes room must not be starved by what needs it. Making it again is tried in the
//! background, and its success is the proof that there is room.

use std::path::PathBuf;
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
    path: PathBuf,
    size: u64,
    /// The reserve was given up and is not restored.
    spent: AtomicBool,
    /// How often it was given up.
    releases: AtomicU64,
    /// The error that spent it, for writers that are refused meanwhile.
    cause: Mutex<Option<Error>>,
}

impl Reserve {
    pub(crate) fn new(env: Arc<dyn Env>, directory: &std::path::Path, size: u64) -> Self {
        let path = file_name::reserve(directory);
        let (spent, releases) = (AtomicBool::new(false), AtomicU64::new(0));
        Self { env, path, size, spent, releases, cause: Mutex::new(None) }
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
            self.note(error);
        }
    }

    /// To be told of every error of a write, flush or compaction. Gives the space up where the
    /// cause is a lack of it.
    pub(crate) fn note(&self, error: Error) {
        if self.size == 0 || !error.is_out_of_space() {
            return;
        }
        *self.cause.lock() = Some(error);
        if !self.spent.swap(true, Ordering::AcqRel) {
            self.releases.fetch_add(1, Ordering::Relaxed);
        }
        let _ = self.env.remove(&self.path);
    }

    /// Whether writes other than deletions have to be refused, and with what.
    pub(crate) fn refusal(&self) -> Option<Error> {
        if !self.is_spent() {
            return None;
        }
        self.cause.lock().clone()
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
        let is_restored = self.is_spent() && self.make().is_ok();
        if is_restored {
            *self.cause.lock() = None;
            self.spent.store(false, Ordering::Release);
        }
        is_restored
    }

    /// Writes the file. Its content is not zeros, which some file systems do not store.
    fn make(&self) -> Result<()> {
        let made = self.write();
        if made.is_err() {
            let _ = self.env.remove(&self.path);
        }
        made
    }

    fn write(&self) -> Result<()> {
        let file =
            self.env.create(&self.path).map_err(Error::io(IoOperation::Create, &self.path))?;
        let piece: Vec<u8> = (0..PIECE).map(|index| (index as u8) | 1).collect();
        let mut left = self.size;
        while left > 0 {
            let length = left.min(PIECE as u64) as usize;
            let bytes = piece.get(..length).unwrap_or_default();
            file.append(bytes).map_err(Error::io(IoOperation::Write, &self.path))?;
            left -= length as u64;
        }
        file.sync().map_err(Error::io(IoOperation::Sync, &self.path))
    }
}
