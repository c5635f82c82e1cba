//! What is counted while a store is open.

use crate::error::Error;
use crate::record::Counters;

/// What happened since the store was opened.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Backups that were made.
    pub backups_made: u64,
    /// Backups that failed.
    pub backups_failed: u64,
    /// Why the last one failed, if the last one did.
    pub backup_failure: Option<Error>,
    /// How often something was listed without what could not be read.
    pub unreadable: u64,
    /// Records that were encrypted again.
    pub resealed: u64,
    /// Messages that got another place so that others have one.
    pub moved: u64,
    /// What is there, as of the last batch.
    pub(super) counters: Counters,
}
