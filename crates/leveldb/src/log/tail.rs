//! Tells what a crash leaves at the end of a log from damage.
//!
//! The bytes at some offset are not a whole record. If a crash did that, the log ends there and
//! nothing is wrong: what is missing was never acknowledged as durable. If a disk did it, records
//! that were acknowledged are lost, and opening has to say so. Two promises decide every case:
//!
//! 1. However a log is cut, it reads as torn or clean; the first ambiguity below is the exception.
//! 2. Whichever single byte of a log that ended cleanly is changed, it reads as damaged, unless
//!    the byte carries no data (the trailer of a block); the third is the exception, in manifests.
//!
//! A crash leaves three things. A *cut*: the file ends inside the record. *Zeros to the end*: the
//! file was made longer and nothing was written there. *Unwritten sectors*: the file has its
//! length, but a sector of the record never reached the disk and reads as zeros. Damage can look
//! like each of them, so each has to prove itself:
//!
//! * Records behind the place: a crash takes the end, so what has a valid record behind it is
//!   damaged. A record may carry bytes that are themselves records, the copy of a log for example,
//!   so those within the record's own extent count only if they follow one another right up to the
//!   end of the file.
//! * A length that is wrong: the stored checksum fits the payload at another length, one behind
//!   which the log goes on sensibly. This is what tells a record that was cut from one whose
//!   damaged length points past the end.
//! * A fragment that cannot stand there: a log does not begin in the middle of a record, nor a record
//!   in the middle of another.
//! * One wrong byte ([`flip`]): a value full of zeros with a byte changed elsewhere is not a record
//!   with an unwritten sector.
//!
//! What stays ambiguous, and how it is decided:
//!
//! * A log that was cut exactly where a record within the last value ends: damage, although it is a
//!   crash. Loud, and the value has to hold records for it.
//! * Unwritten sectors *before* others that were written, with valid records behind: damage,
//!   although a disk that writes in any order can leave that of several unsynced records. Without
//!   knowing what was synced it is the same as a lost sector.
//! * An unwritten sector that looks like one wrong byte: damage. By chance that happens in one of
//!   500 fragments of 32 KiB, or of 50,000 of 300 bytes; and always where the sector held only one
//!   byte of the record that was not zero. In a manifest it is torn: an edit that was durable and is
//!   missing shows in the files that it named, or no longer named.
//! * Several bytes changed in the very last record, which also has a whole sector of zeros or ends
//!   in zeros from a sector's start on: torn, although it is damage.
//! * Length and checksum of a header both changed, so that it points past the end of the file, and
//!   the log behind it cut as well: torn, although it is damage.

use std::path::PathBuf;
use std::sync::Arc;

use super::blocks::{self, Blocks};
use super::flip;
use super::record::{self, Defect, Header};
use crate::checksum;
use crate::env::ReadableFile;
use crate::error::{CorruptionKind, Result};
use crate::format::{LOG_BLOCK_SIZE, LOG_HEADER_SIZE};

/// What a disk writes in one piece, at least.
const SECTOR: usize = 512;

/// What is at a place where no whole record could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing, or zeros up to the end.
    Nothing,
    /// What a crash leaves of the last record.
    Torn,
    /// Damage.
    Damaged {
        kind: CorruptionKind,
        /// Where the log goes on: where the next record is known to start, or else at a block.
        next: u64,
    },
    /// A whole record: the file has grown meanwhile.
    Whole,
}

/// Judges the places of one log.
#[derive(Debug)]
pub(super) struct Tail {
    blocks: Blocks,
    /// Where a valid record was found. Remembered so that a log that is damaged in many places is
    /// not searched once for each.
    record_at: Option<u64>,
    /// A last record that is missing would be missed.
    is_missed: bool,
}

impl Tail {
    pub(super) fn new(file: Arc<dyn ReadableFile>, path: PathBuf) -> Self {
        Self { blocks: Blocks::new(file, path), record_at: None, is_missed: false }
    }

    /// Of a log whose last record would be missed, so that in doubt it can be taken for torn.
    pub(super) fn that_is_missed(self) -> Self {
        Self { is_missed: true, ..self }
    }

    /// Judges the bytes at `offset`, where a physical record should start: one that goes on with a
    /// record, or one that begins one, as far as that is known.
    pub(super) fn judge(&mut self, offset: u64, goes_on: Option<bool>) -> Result<Verdict> {
        self.blocks.forget();
        let Some(data) = self.skip_zeros(offset)? else { return Ok(Verdict::Nothing) };
        let (block, at) = self.blocks.at(offset)?;
        let place = Place { block: block.to_vec(), at };
        let defect = match record::parse(&place.block, at) {
            Ok(_) => return Ok(Verdict::Whole),
            Err(defect) => defect,
        };
        // Too few bytes for a header: no change of a byte brings that about.
        let Some(header) = Header::read(&place.block, at) else { return Ok(Verdict::Torn) };
        let start = offset - at as u64;
        let other_end = place.end_at_another_length(header);
        let misplaced =
            header.part.zip(goes_on).is_some_and(|(part, goes_on)| part.begins() == goes_on);
        let damaged = other_end.is_some()
            || misplaced
            || defect == Defect::UnknownType
            || place.records_reach_the_end()
            || (!place.is_cut(header)
                && (!place.has_unwritten_sector(header)
                    || (!self.is_missed && place.is_one_byte_wrong(header))
                    || self.a_record_is_behind(start + place.own_end(header) as u64)?));
        if !damaged {
            return Ok(Verdict::Torn);
        }
        let kind = match other_end {
            _ if misplaced && place.is_cut(header) => CorruptionKind::Fragmented,
            Some(_) => CorruptionKind::BadLength,
            None => kind(defect, header),
        };
        let next = other_end.or_else(|| place.next_record(header)).map(|at| start + at as u64);
        Ok(Verdict::Damaged { kind, next: next.unwrap_or(data.max(blocks::next_block(offset))) })
    }

    /// The first place from `offset` on that is not in a block, or rest of one, of zeros.
    fn skip_zeros(&mut self, mut offset: u64) -> Result<Option<u64>> {
        loop {
            let (block, at) = self.blocks.at(offset)?;
            match block.get(at..) {
                None | Some([]) => return Ok(None),
                Some(rest) if !is_zero(rest) => return Ok(Some(offset)),
                Some(_) => offset = blocks::next_block(offset),
            }
        }
    }

    /// Whether a valid physical record starts at any byte from `offset` on.
    fn a_record_is_behind(&mut self, mut offset: u64) -> Result<bool> {
        if self.record_at.is_some_and(|found| found >= offset) {
            return Ok(true);
        }
        loop {
            let (block, at) = self.blocks.at(offset)?;
            if block.is_empty() {
                return Ok(false);
            }
            let found = (at..block.len()).find(|&at| record::find(block, at).is_some());
            if let Some(found) = found {
                self.record_at = Some(offset - at as u64 + found as u64);
                return Ok(true);
            }
            offset = blocks::next_block(offset);
        }
    }
}

fn kind(defect: Defect, header: Header) -> CorruptionKind {
    match defect {
        Defect::Checksum => CorruptionKind::Checksum,
        Defect::UnknownType => CorruptionKind::UnknownType,
        Defect::Cut if header.part.is_none() => CorruptionKind::UnknownType,
        Defect::Cut | Defect::BadLength => CorruptionKind::BadLength,
    }
}

/// Whether a record with this header at `at` fits its block, and `block` ends inside it.
fn ends_inside(block: &[u8], at: usize, header: Header) -> bool {
    let end = header.end(at);
    header.part.is_some() && end > block.len() && end <= LOG_BLOCK_SIZE
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == 0)
}

/// A place in a block where no whole record could be read.
struct Place {
    /// The block, as far as the file goes.
    block: Vec<u8>,
    at: usize,
}

impl Place {
    /// Whether the file ends inside the record, if the header is right.
    fn is_cut(&self, header: Header) -> bool {
        ends_inside(&self.block, self.at, header)
    }

    /// Where in the block the record ends; where its header ends if that cannot be right.
    fn own_end(&self, header: Header) -> usize {
        let end = header.end(self.at);
        let believable = header.part.is_some() && end <= self.block.len();
        if believable { end } else { self.at + LOG_HEADER_SIZE }
    }

    /// Where the record ends if the stored checksum is right and the stored length is not.
    fn end_at_another_length(&self, header: Header) -> Option<usize> {
        let payload_at = self.at + LOG_HEADER_SIZE;
        let covered = self.block.get(payload_at - 1..)?;
        let mut crc = 0;
        covered.iter().zip(payload_at..).find_map(|(&byte, end)| {
            crc = crc32c::crc32c_append(crc, &[byte]);
            (checksum::mask(crc) == header.checksum && self.may_go_on_at(end)).then_some(end)
        })
    }

    /// Where the record ends, if the next one starts there.
    fn next_record(&self, header: Header) -> Option<usize> {
        let end = header.end(self.at);
        record::find(&self.block, end).map(|_| end)
    }

    /// Whether what is at `at` can be behind a record: the end of the file or block, zeros, or a
    /// record, whole or cut.
    fn may_go_on_at(&self, at: usize) -> bool {
        let rest = self.block.get(at..).unwrap_or_default();
        let cut = |header| ends_inside(&self.block, at, header);
        record::is_trailer(at)
            || is_zero(rest)
            || record::find(&self.block, at).is_some()
            || Header::read(&self.block, at).is_none_or(cut)
    }

    /// Whether valid records start somewhere behind the place and follow one another up to the end
    /// of what the file has of the block.
    fn records_reach_the_end(&self) -> bool {
        let end = self.block.len();
        // Backwards, so that what follows a record is known when the record is looked at.
        let mut reaches = vec![false; end + 1];
        for at in (self.at + 1..end).rev() {
            let Some(found) = record::find(&self.block, at) else { continue };
            let last = found.end == end || record::is_trailer(found.end);
            let joined = last || reaches.get(found.end).is_some_and(|&reaches| reaches);
            if let Some(entry) = reaches.get_mut(at) {
                *entry = joined;
            }
        }
        reaches.contains(&true)
    }

    /// Whether a sector that holds bytes of the record reads as zeros, from where the record
    /// starts in it to where the file ends in it. If the header cannot be right it must be one of
    /// the header's own sectors.
    fn has_unwritten_sector(&self, header: Header) -> bool {
        let end = self.own_end(header);
        (self.at / SECTOR * SECTOR..end.min(self.block.len())).step_by(SECTOR).any(|sector| {
            let sector_end = (sector + SECTOR).min(self.block.len());
            self.block.get(sector.max(self.at)..sector_end).is_some_and(is_zero)
        })
    }

    /// Whether one byte is all that is wrong with a record whose length is right.
    fn is_one_byte_wrong(&self, header: Header) -> bool {
        self.block
            .get(self.at + LOG_HEADER_SIZE - 1..header.end(self.at))
            .is_some_and(|covered| flip::one_byte_is_wrong(header.checksum, covered))
    }
}
