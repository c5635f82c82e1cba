//! How much there is.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sigil_leveldb::env::Env;
use sigil_leveldb::{Db, FileKind, IoOperation};

use super::opened::Opened;
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
            total_size: size_of_all(env, &self.inner.root, &opened)?,
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

/// The bytes of the files of a store, of data that was replaced and is still being read too.
fn size_of_all(env: &dyn Env, root: &Path, opened: &Opened) -> Result<u64> {
    let names = env.list(root).map_err(Error::io(IoOperation::List, root))?;
    let (data, files): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| name.to_str().is_some_and(super::switch::is_data_directory));
    let mut size = size_of(env, root, files, &Sizes::new())?;
    for directory in data.into_iter().map(|name| root.join(name)) {
        let is_present = directory == opened.directory;
        let known = if is_present { table_sizes(&opened.db)? } else { Sizes::new() };
        match env.list(&directory) {
            Ok(files) => size += size_of(env, &directory, files, &known)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(IoOperation::List, &directory)(error)),
        }
    }
    Ok(size)
}

/// The bytes of files in a directory. Those that go meanwhile count nothing.
fn size_of(env: &dyn Env, directory: &Path, names: Vec<PathBuf>, known: &Sizes) -> Result<u64> {
    let mut size = 0;
    for name in names {
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
