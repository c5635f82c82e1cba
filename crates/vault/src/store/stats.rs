//! How much there is.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::Path;

use sigil_leveldb::env::Env;
use sigil_leveldb::{Db, FileKind, IoOperation};

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
    /// How much there is. What it asks of the disk is the same whatever there is.
    pub fn stats(&self) -> Result<Stats> {
        let opened = self.inner.opened()?;
        let counters = self.inner.metrics.lock().counters;
        let env = &*self.inner.options.env;
        Ok(Stats {
            messages: counters.messages,
            sessions: counters.sessions,
            proofs: counters.proofs,
            peers: counters.peers,
            total_size: size_of(env, &self.inner.root, &Sizes::new())?
                + size_of(env, &opened.directory, &table_sizes(&opened.db)?)?,
            last_backup: Some(counters.last_backup).filter(|time| *time > 0),
        })
    }

    /// What happened since the store was opened.
    pub fn metrics(&self) -> Metrics {
        self.inner.metrics.lock().clone()
    }
}

/// The sizes of tables by their numbers.
type Sizes = HashMap<u64, u64>;

/// What the engine knows without asking the disk: there are many tables, and they never change.
fn table_sizes(db: &Db) -> Result<Sizes> {
    let listing = db.property("leveldb.sstables")?.unwrap_or_default();
    let size = |line: &str| {
        let (number, rest) = line.trim_start().split_once(':')?;
        Some((number.parse().ok()?, rest.split_once('[')?.0.parse().ok()?))
    };
    Ok(listing.lines().filter_map(size).collect())
}

/// The bytes of the files in a directory. Files that go meanwhile count nothing.
fn size_of(env: &dyn Env, directory: &Path, known: &Sizes) -> Result<u64> {
    let names = env.list(directory).map_err(Error::io(IoOperation::List, directory))?;
    let mut size = 0;
    for name in names {
        let is_directory = name.to_str().is_some_and(super::switch::is_data_directory);
        if is_directory {
            continue;
        }
        let path = directory.join(name);
        if let FileKind::Table(number) = FileKind::of(&path)
            && let Some(table) = known.get(&number)
        {
            size += table;
            continue;
        }
        size += match env.size(&path) {
            Ok(size) => size,
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(Error::io(IoOperation::Stat, &path)(error)),
        };
    }
    Ok(size)
}
