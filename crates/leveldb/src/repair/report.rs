//! What a repair found, for whoever has to decide what the losses mean.

use std::fmt;
use std::path::PathBuf;

use crate::error::{CorruptionKind, Error};

/// A place where something could not be read, or is not there.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The damaged or missing file.
    pub path: PathBuf,
    /// Where in the file the damage begins.
    pub offset: u64,
    /// Bytes that were given up; 0 where none of the data was, or where it is not known.
    pub bytes: u64,
    /// What is wrong.
    pub kind: CorruptionKind,
}

impl Damage {
    /// The damage that an error tells of; any other error stays one.
    pub(super) fn of(error: Error) -> Result<Self, Error> {
        match error {
            Error::Corruption { path, offset, kind } => {
                Ok(Self { path, offset: offset.unwrap_or(0), bytes: 0, kind })
            }
            other => Err(other),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, offset, bytes, kind } = self;
        write!(f, "{} at offset {offset}: {kind}, {bytes} bytes lost", path.display())
    }
}

/// What a repair read, and what it could not. [`fmt::Display`] gives a summary.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Tables that are whole.
    pub whole_tables: u64,
    /// Damaged tables of which some entries were read.
    pub salvaged_tables: u64,
    /// Tables of which nothing could be read, and those that are missing.
    pub lost_tables: u64,
    /// Logs that were read.
    pub logs: u64,
    /// Records that were read from logs: one for each write.
    pub log_records: u64,
    /// Entries that were read from tables and logs, deletions and replaced ones included.
    pub entries: u64,
    /// Bytes of their keys and values.
    pub bytes: u64,
    /// The newest log that ended inside its last record, and where: what a crash leaves.
    pub torn: Option<(PathBuf, u64)>,
    /// Everything that is damaged or missing.
    pub damages: Vec<Damage>,
    /// What `lost/` holds of it now; empty after a dry run.
    pub kept: Vec<PathBuf>,
}

impl RepairReport {
    /// Whether nothing was damaged.
    pub fn is_whole(&self) -> bool {
        self.damages.is_empty()
    }
}

impl fmt::Display for RepairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost: u64 = self.damages.iter().map(|damage| damage.bytes).sum();
        write!(
            f,
            "{} entries ({} bytes) in {} whole and {} damaged tables and {} records of {} logs; \
             {} tables and {lost} bytes lost in {} places",
            self.entries,
            self.bytes,
            self.whole_tables,
            self.salvaged_tables,
            self.log_records,
            self.logs,
            self.lost_tables,
            self.damages.len(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_damage_is_taken_for_damage() {
        let path = PathBuf::from("/db/000005.ldb");
        let error = Error::corruption(&path, 7, CorruptionKind::Checksum);
        let damage = Damage::of(error).unwrap();
        assert_eq!((damage.path, damage.offset), (path, 7));
        assert!(matches!(Damage::of(Error::Closed), Err(Error::Closed)));
    }
}
