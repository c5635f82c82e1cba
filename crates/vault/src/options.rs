//! What a caller can choose.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sigil_leveldb::Durability;
use sigil_leveldb::env::{Env, RealEnv};

use crate::error::{Error, Result};
use crate::kdf::Kdf;
use crate::layout::Kind;

/// Something that nobody asked for and somebody may want to know. Ids go to the host, which has the
/// password; they are in no message.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub enum Event {
    /// A list was given without these, which cannot be read.
    Unreadable {
        /// Their kind.
        kind: Kind,
        /// Their ids, as far as they can be told.
        ids: Vec<String>,
        /// How many could not be read, at the least.
        count: usize,
    },
    /// An automatic backup failed; the next one is tried at its time.
    BackupFailed(Error),
    /// An automatic backup was made.
    BackupMade(PathBuf),
    /// The background could not finish the change of the key; it tries again.
    RotationFailed(Error),
    /// The counters were damaged and have been counted anew.
    CountersRebuilt,
    /// Opening could not write one of the two files of the header, which has an older one or none.
    /// It is tried again, and nothing is destroyed before that the older one leads to.
    HeaderCopyFailed(Error),
}

/// Hears of events, on whichever thread they happen; must not block.
pub type Watcher = Arc<dyn Fn(Event) + Send + Sync>;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// How slowly the key is derived in new stores and with new passwords.
    pub kdf: Kdf,
    /// What an acknowledged write survives. Default: a power cut.
    pub durability: Durability,
    /// The largest value. Default: 32 MiB.
    pub max_value_size: usize,
    /// Where backups go.
    pub backups: Option<PathBuf>,
    /// How often a backup is made by itself; none is never.
    pub backup_interval: Option<Duration>,
    /// How many backups are kept. Default: 24.
    pub backups_kept: usize,
    /// Within this time of a deletion the encrypted bytes are gone. Default: one hour.
    pub erase_within: Duration,
    /// The epoch that the host remembers: a store of an older one was put back and is refused.
    /// Opening then begins the next epoch, [`crate::Store::epoch`], which the host is to remember.
    pub expected_epoch: Option<u64>,
    /// Bytes of writes kept in memory before they become a table.
    pub write_buffer_size: usize,
    /// Bytes of encrypted blocks kept in memory. Default: 64 MiB.
    pub block_cache_size: usize,
    /// Bytes of decrypted messages kept in memory; about as much has where they and others are, by their
    /// ids. 0 keeps neither. Default: 8 MiB.
    pub opened_cache_size: usize,
    /// After so many uses of a key the background changes it. Default: 2^31, half of what GCM
    /// allows with random nonces.
    pub rotate_after: u64,
    /// Lets tests derive keys at once.
    #[doc(hidden)]
    pub weak_key_for_tests: bool,
    /// Who hears of events.
    pub watcher: Option<Watcher>,
    /// The file system.
    pub env: Arc<dyn Env>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kdf: Kdf::default(),
            durability: Durability::Sync,
            max_value_size: 32 << 20,
            backups: None,
            backup_interval: None,
            backups_kept: 24,
            erase_within: Duration::from_secs(3_600),
            expected_epoch: None,
            write_buffer_size: 4 << 20,
            block_cache_size: 64 << 20,
            opened_cache_size: 8 << 20,
            rotate_after: 1 << 31,
            weak_key_for_tests: false,
            watcher: None,
            env: Arc::new(RealEnv::new()),
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<()> {
        if !self.weak_key_for_tests {
            self.kdf.check_new()?;
        }
        if self.backups_kept == 0 {
            return Err(Error::Invalid("at least one backup is kept".into()));
        }
        if self.backup_interval.is_some_and(|interval| interval.is_zero()) {
            return Err(Error::Invalid("the time between backups is more than nothing".into()));
        }
        if self.max_value_size > sigil_leveldb::MAX_VALUE_SIZE / 2 {
            return Err(Error::Invalid("the limit of values is too large".into()));
        }
        Ok(())
    }

    pub(crate) fn tell(&self, event: Event) {
        if let Some(watcher) = &self.watcher {
            watcher(event);
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("kdf", &self.kdf).finish_non_exhaustive()
    }
}
