//! Verifying: every byte of every table, read past the caches.

use std::sync::Arc;

use super::core::Core;
use crate::error::{Error, Result};

/// What verifying found.
#[non_exhaustive]
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// Tables that were read.
    pub tables: u64,
    /// Entries in them, deletions and replaced ones included.
    pub entries: u64,
    /// Everything that is damaged or cannot be read.
    pub damages: Vec<Error>,
}

impl VerifyReport {
    /// Whether everything is whole.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty()
    }
}

pub(crate) fn verify(core: &Core) -> Result<VerifyReport> {
    let _at_files = core.at_files.read();
    let version = Arc::clone(&core.view.load().version);
    // Asked second: closing empties the view, and nothing is not whole.
    core.check_open()?;
    let mut report = VerifyReport::default();
    for (_, file) in version.all_files() {
        core.check_open()?;
        let verified = match file.pinned() {
            Some(table) => table.verify(),
            None => core.tables.open_table(file).and_then(|table| table.verify()),
        };
        match verified {
            Ok(statistics) => {
                report.tables += 1;
                report.entries += statistics.entries;
            }
            Err(error) => report.damages.push(error),
        }
    }
    Ok(report)
}
