//! How much there is.

use super::{Metrics, Store};
use crate::error::Result;

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
    /// How much there is. It asks the disk nothing, whatever there is.
    pub fn stats(&self) -> Result<Stats> {
        self.inner.opened()?;
        let counters = self.inner.metrics.lock().counters;
        Ok(Stats {
            messages: counters.messages,
            sessions: counters.sessions,
            proofs: counters.proofs,
            peers: counters.peers,
            total_size: self.inner.files.total(),
            last_backup: Some(counters.last_backup).filter(|time| *time > 0),
        })
    }

    /// What happened since the store was opened.
    pub fn metrics(&self) -> Metrics {
        self.inner.metrics.lock().clone()
    }
}
