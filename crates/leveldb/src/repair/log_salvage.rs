//! Reading a damaged log: every record that can be proven gives its batch, and the rest is a loss
//! with a place and a size.

use std::path::PathBuf;
use std::sync::Arc;

use super::report::Damage;
use crate::env::ReadableFile;
use crate::error::Result;
use crate::log::{LogEnd, LogRead, LogReader};
use crate::write_batch::BatchReader;

/// What was not read of a log.
pub(super) struct Rest {
    pub(super) damages: Vec<Damage>,
    /// Where the last record starts, if the log ends inside it.
    pub(super) torn: Option<u64>,
}

/// Gives the batches to `sink`, each with the offset of its record and whether damage was met before
/// it.
pub(super) fn salvage(
    file: Arc<dyn ReadableFile>,
    path: PathBuf,
    mut sink: impl FnMut(u64, &BatchReader<'_>, bool) -> Result<()>,
) -> Result<Rest> {
    let mut reader = LogReader::salvaging(file, path.clone());
    let mut damages = Vec::new();
    let mut record = Vec::new();
    loop {
        let (offset, bytes, kind) = match reader.next(&mut record)? {
            LogRead::Record { offset } => match BatchReader::new(&record) {
                Ok(batch) => {
                    sink(offset, &batch, !damages.is_empty())?;
                    continue;
                }
                Err(kind) => (offset, record.len() as u64, kind),
            },
            LogRead::Skipped { offset, bytes, kind } => (offset, bytes, kind),
            LogRead::End(LogEnd::Clean) => return Ok(Rest { damages, torn: None }),
            LogRead::End(LogEnd::Torn { offset }) => {
                return Ok(Rest { damages, torn: Some(offset) });
            }
        };
        damages.push(Damage { path: path.clone(), offset, bytes, kind });
    }
}
