//! How much there is.

use std::io::ErrorKind;
use std::path::Path;

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::Env;

use super::{Metrics, Store};
use crate::error::{Error, Result};

/// Exact counts, and the bytes on the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Messages.
    pub messages: u64,
    /// Sessions.
    pub sessions: u64,
    /// Proofs.
    pub proofs: u64,
    /// Peers.
    pub peers: u64,
    /// Bytes of all files of the store, without its backups.
    pub total_size: u64,
    /// Milliseconds since 1970 of the last backup.
    pub last_backup: Option<u64>,
}

impl Store {
    /// How much there is. Costs the same whatever there is.
    pub fn stats(&self) -> Result<Stats> {
        let opened = self.inner.opened()?;
        let counters = self.inner.metrics.lock().counters;
        let env = &*self.inner.options.env;
        Ok(Stats {
            messages: counters.messages,
            sessions: counters.sessions,
            proofs: counters.proofs,
            peers: counters.peers,
            total_size: size_of(env, &self.inner.root)? + size_of(env, &opened.directory)?,
            last_backup: Some(counters.last_backup).filter(|time| *time > 0),
        })
    }

    /// What happened since the store was opened.
    pub fn metrics(&self) -> Metrics {
        self.inner.metrics.lock().clone()
    }
}

/// The bytes of the files in a directory. Files that go meanwhile count nothing.
fn size_of(env: &dyn Env, directory: &Path) -> Result<u64> {
    let names = env.list(directory).map_err(Error::io(IoOperation::List, directory))?;
    let mut size = 0;
    for name in names {
        let is_directory = name.to_str().is_some_and(super::switch::is_data_directory);
        if is_directory {
            continue;
        }
        let path = directory.join(name);
        size += match env.size(&path) {
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(Error::io(IoOperation::Stat, &path)(error)),
        };
    }
    Ok(size)
}
