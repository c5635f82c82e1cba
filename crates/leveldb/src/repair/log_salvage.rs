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

/// Gives the batches, each with the offset of its record, to `sink`.
pub(super) fn salvage(
    file: Arc<dyn ReadableFile>,
    path: PathBuf,
    mut sink: impl FnMut(u64, &BatchReader) -> Result<()>,
) -> Result<Rest> {
    let mut reader = LogReader::salvaging(file, path.clone());
    let mut damages = Vec::new();
    let mut record = Vec::new();
    loop {
        let (offset, bytes, kind) = match reader.next(&mut record)? {
            LogRead::Record { offset } => {
                let bytes = record.len() as u64;
                match BatchReader::new(std::mem::take(&mut record).into()) {
                    Ok(batch) => {
                        sink(offset, &batch)?;
                        continue;
                    }
                    Err(kind) => (offset, bytes, kind),
                }
            }
            LogRead::Skipped { offset, bytes, kind } => (offset, bytes, kind),
            LogRead::End(LogEnd::Clean) => return Ok(Rest { damages, torn: None }),
            LogRead::End(LogEnd::Torn { offset }) => {
                return Ok(Rest { damages, torn: Some(offset) });
            }
        };
        damages.push(Damage { path: path.clone(), offset, bytes, kind });
    }
}
