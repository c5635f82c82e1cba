//! Reads the records of a log, in order, and says how the log ends.
//!
//! The file may grow meanwhile: a record that was seen in part is looked at once more before it is
//! taken for the end.
//!
//! A strict reader stops at damage with an error. A salvaging one goes on and reports what it
//! skipped. It does not look for the next record byte by byte, because a value may hold bytes that
//! are records themselves and would come alive. It goes on where the damaged record provably ends,
//! if that is known, and at the next block otherwise: a block always starts with a record of the
//! log.

use std::path::PathBuf;
use std::sync::Arc;

use super::blocks::{Blocks, next_block};
use super::record::{self, Part};
use super::tail::{Tail, Verdict};
use crate::env::ReadableFile;
use crate::error::{CorruptionKind, Error, Result};

/// What a reader found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogRead {
    /// A whole record, which starts at `offset`.
    Record { offset: u64 },
    /// Damage: these bytes hold nothing that can be read. Only of a salvaging reader.
    Skipped { offset: u64, bytes: u64, kind: CorruptionKind },
    /// There is no more.
    End(LogEnd),
}

/// How a log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogEnd {
    /// Behind a whole record, perhaps with zeros to the end.
    Clean,
    /// Inside a record, which starts at `offset`: what a crash leaves.
    Torn { offset: u64 },
}

#[derive(Debug)]
pub(crate) struct LogReader {
    blocks: Blocks,
    tail: Tail,
    salvaging: bool,
    /// Where the next physical record is.
    position: u64,
    /// The end of the last whole record, or of what was skipped behind it.
    end: u64,
    /// Where the bytes start that are being skipped, and what was found wrong with them first.
    lost: Option<(u64, CorruptionKind)>,
}

impl LogReader {
    /// A reader to which damage is an error.
    pub(crate) fn new(file: Arc<dyn ReadableFile>, path: PathBuf) -> Self {
        let tail = Tail::new(Arc::clone(&file), path.clone());
        let blocks = Blocks::new(file, path);
        Self { blocks, tail, salvaging: false, position: 0, end: 0, lost: None }
    }

    /// A reader to which damage is an error, of a manifest.
    pub(crate) fn of_manifest(file: Arc<dyn ReadableFile>, path: PathBuf) -> Self {
        let reader = Self::new(file, path);
        Self { tail: reader.tail.that_is_missed(), ..reader }
    }

    /// A reader that skips damage.
    pub(crate) fn salvaging(file: Arc<dyn ReadableFile>, path: PathBuf) -> Self {
        Self { salvaging: true, ..Self::new(file, path) }
    }

    /// The end of the last whole record.
    pub(crate) fn offset(&self) -> u64 {
        self.end
    }

    /// Reads the next record into `record`, which is empty if there is none. Not to be asked again
    /// after the end or an error.
    pub(crate) fn next(&mut self, record: &mut Vec<u8>) -> Result<LogRead> {
        record.clear();
        let read = self.assemble(record);
        if !matches!(read, Ok(LogRead::Record { .. })) {
            record.clear();
            // What stands behind skipped bytes is judged once more, on its own account.
            self.position = self.end;
        }
        read
    }

    fn assemble(&mut self, record: &mut Vec<u8>) -> Result<LogRead> {
        let mut first = None;
        loop {
            let start = self.position;
            let (block, at) = self.blocks.at(start)?;
            if record::is_trailer(at) {
                self.position = next_block(start);
                continue;
            }
            let Ok(found) = record::parse(block, at) else {
                if let Some(read) = self.bad_record(&mut first, record)? {
                    return Ok(read);
                }
                continue;
            };
            let begins = found.part.begins();
            if begins
                && first.is_none()
                && let Some(lost) = self.lost.take()
            {
                return Ok(self.skipped(lost, start));
            }
            let end = start - at as u64 + found.end as u64;
            if begins == first.is_some() {
                let offset = first.take().unwrap_or(start);
                self.lose(offset, offset, CorruptionKind::Fragmented)?;
                record.clear();
                // A record that begins here is read again, as the first behind the skipped ones.
                self.position = if begins { start } else { end };
                continue;
            }
            record.extend_from_slice(found.payload);
            self.position = end;
            let offset = *first.get_or_insert(start);
            if matches!(found.part, Part::Full | Part::Last) {
                self.end = self.position;
                return Ok(LogRead::Record { offset });
            }
        }
    }

    /// Decides on the bad record at the position: the end of the log, or damage to skip.
    fn bad_record(
        &mut self,
        first: &mut Option<u64>,
        record: &mut Vec<u8>,
    ) -> Result<Option<LogRead>> {
        let bad = self.position;
        let start = first.unwrap_or(bad);
        // Behind skipped bytes nobody knows whether a record is under way.
        let goes_on = self.lost.is_none().then_some(first.is_some());
        let end = match self.tail.judge(bad, goes_on)? {
            // The block is from when the file was shorter.
            Verdict::Whole => {
                self.blocks.forget();
                return Ok(None);
            }
            Verdict::Damaged { kind, next } => {
                self.lose(start, bad, kind)?;
                self.position = next.min(self.blocks.size()?);
                *first = None;
                record.clear();
                return Ok(None);
            }
            Verdict::Nothing if first.is_none() => LogEnd::Clean,
            Verdict::Nothing | Verdict::Torn => LogEnd::Torn { offset: start },
        };
        if let Some(lost) = self.lost {
            let size = self.blocks.size()?;
            self.lost = None;
            return Ok(Some(self.skipped(lost, start.min(size))));
        }
        Ok(Some(LogRead::End(end)))
    }

    /// Gives up the bytes from `from` on, because of what is wrong at `noticed`.
    fn lose(&mut self, from: u64, noticed: u64, kind: CorruptionKind) -> Result<()> {
        if !self.salvaging {
            return Err(Error::corruption(self.blocks.path(), noticed, kind));
        }
        self.lost.get_or_insert((from, kind));
        Ok(())
    }

    fn skipped(&mut self, (offset, kind): (u64, CorruptionKind), end: u64) -> LogRead {
        self.end = end;
        LogRead::Skipped { offset, bytes: end - offset, kind }
    }
}
