//! The bytes of one file, as programs see them and as the disk has them.
//!
//! ```text
//!   programs see:  | stable        | appended since the last sync |
//!   the disk has:  | stable        | cut |
//! ```
//!
//! `stable` counts the bytes at the front that both have. Appending adds behind them. Truncating
//! below them moves the boundary down, and what was cut off stays on the disk (`cut`) until the
//! next sync. A sync makes the disk have what programs see, except for bytes that an earlier,
//! failed sync dropped (`unwritten`): programs see them, the disk has zeros there for good.
//!
//! The bytes are shared between copies and copied on the first write, so that copying a whole file
//! system costs a counter per file.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::random::Random;
use crate::env::FileIdentity;

/// The unit that a disk writes in one piece.
const SECTOR: usize = 512;

/// The number of the next file, in whatever file system.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

#[derive(Debug, Clone)]
pub(super) struct Content {
    number: u64,
    changes: u64,
    bytes: Arc<Vec<u8>>,
    stable: usize,
    cut: Vec<u8>,
    unwritten: Vec<Range<usize>>,
}

impl Default for Content {
    fn default() -> Self {
        Self::durable(Arc::default())
    }
}

impl Content {
    /// Content that the disk has as it is.
    pub(super) fn durable(bytes: Arc<Vec<u8>>) -> Self {
        Self {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            changes: 0,
            stable: bytes.len(),
            bytes,
            cut: Vec::new(),
            unwritten: Vec::new(),
        }
    }

    pub(super) fn identity(&self) -> FileIdentity {
        FileIdentity {
            volume: 0,
            file: self.number,
            changed: i128::from(self.changes),
            size: self.bytes.len() as u64,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> usize {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = self.bytes.get(start..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        if let (Some(target), Some(source)) = (buffer.get_mut(..count), rest.get(..count)) {
            target.copy_from_slice(source);
        }
        count
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.changes += 1;
        Arc::make_mut(&mut self.bytes).extend_from_slice(bytes);
    }

    pub(super) fn resize(&mut self, size: usize) {
        self.changes += 1;
        if size < self.stable {
            let mut cut = self.on_disk(self.stable).get(size..).unwrap_or_default().to_vec();
            cut.append(&mut self.cut);
            self.cut = cut;
            self.stable = size;
        }
        self.unwritten.retain_mut(|range| {
            range.end = range.end.min(size);
            range.start < range.end
        });
        Arc::make_mut(&mut self.bytes).resize(size, 0);
    }

    pub(super) fn sync(&mut self) {
        self.stable = self.bytes.len();
        self.cut.clear();
    }

    /// What a failed sync leaves: the system forgets that these bytes were to be written, and no
    /// later sync writes them.
    pub(super) fn lose_unsynced(&mut self) {
        if self.stable < self.bytes.len() {
            self.unwritten.push(self.stable..self.bytes.len());
        }
    }

    /// What the disk has when nothing unsynced reached it.
    pub(super) fn dropped(&self) -> Self {
        let mut bytes = self.on_disk(self.stable);
        if !self.cut.is_empty() {
            Arc::make_mut(&mut bytes).extend_from_slice(&self.cut);
        }
        Self::durable(bytes)
    }

    /// What the disk has when some of what is unsynced reached it: a prefix of the bytes appended,
    /// at the end of which whole sectors may be missing. A hole with written sectors behind it is
    /// not made: file systems that order a file's size behind its data leave none, and in a log it
    /// could not be told from a sector that was lost after it had been synced.
    pub(super) fn torn(&self, random: &mut Random) -> Self {
        let truncation_lost = !self.cut.is_empty() && random.one_in(2);
        if truncation_lost {
            return self.dropped();
        }
        let appended = self.bytes.len().saturating_sub(self.stable);
        let kept = self.stable + random.prefix(appended);
        let mut bytes = self.on_disk(kept);
        if random.one_in(2) {
            // The size got further than the data: whole sectors at the end were never written.
            let written = self.stable + random.prefix(kept - self.stable);
            let unwritten = match written == self.stable {
                // Not even the sector that the synced bytes end in.
                true => written,
                false => written.next_multiple_of(SECTOR).min(kept),
            };
            let bytes: &mut Vec<u8> = Arc::make_mut(&mut bytes);
            zero(bytes, unwritten..kept);
        }
        Self::durable(bytes)
    }

    /// The first `end` bytes with what never gets written as zeros.
    fn on_disk(&self, end: usize) -> Arc<Vec<u8>> {
        if end == self.bytes.len() && self.unwritten.is_empty() {
            return Arc::clone(&self.bytes);
        }
        let mut bytes = self.bytes.get(..end).unwrap_or(&self.bytes).to_vec();
        for range in &self.unwritten {
            zero(&mut bytes, range.start.min(end)..range.end.min(end));
        }
        Arc::new(bytes)
    }
}

fn zero(bytes: &mut [u8], range: Range<usize>) {
    if let Some(range) = bytes.get_mut(range) {
        range.fill(0);
    }
}
