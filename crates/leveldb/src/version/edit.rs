//! One record of a manifest: what changed from one version to the next.
//!
//! An edit is a row of fields, each a varint tag and what belongs to it. The first record of a
//! manifest is the whole version as an edit to nothing. `docs/format/manifest.md` has the layout.
//!
//! Everything here decides which files are deleted and which keys are looked for where, so decoding
//! is strict: an unknown field, a level that there is not, or a key that is none is an error.

use super::file::TableFile;
use crate::coding::{Decoder, put_length_prefixed, put_varint32, put_varint64};
use crate::error::CorruptionKind;
use crate::format::LEVELS;
use crate::internal_key::{self, MAX_SEQUENCE};
use crate::table::TableSummary;

const COMPARATOR: u32 = 1;
const LOG_NUMBER: u32 = 2;
const NEXT_FILE_NUMBER: u32 = 3;
const LAST_SEQUENCE: u32 = 4;
const COMPACT_POINTER: u32 = 5;
const DELETED_FILE: u32 = 6;
const NEW_FILE: u32 = 7;
// 8 was for large values stored apart, before LevelDB was published.
const PREV_LOG_NUMBER: u32 = 9;

/// What changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct VersionEdit {
    /// The name of the order of keys.
    pub comparator: Option<String>,
    /// Logs below this number are in the tables.
    pub log_number: Option<u64>,
    /// A log below `log_number` that is not; only of versions of LevelDB long gone.
    pub prev_log_number: Option<u64>,
    /// The number that the next file gets.
    pub next_file_number: Option<u64>,
    /// The newest write in the tables or, at the time, anywhere.
    pub last_sequence: Option<u64>,
    /// Where the next compaction of a level starts: the level and an internal key.
    pub compact_pointers: Vec<(usize, Vec<u8>)>,
    /// Tables that are not part of the version any more: level and number.
    pub deleted_files: Vec<(usize, u64)>,
    /// Tables that are new in the version, with their level.
    pub new_files: Vec<(usize, NewFile)>,
}

/// A table, as manifests describe it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NewFile {
    pub number: u64,
    pub size: u64,
    /// The first internal key.
    pub smallest: Vec<u8>,
    /// The last internal key.
    pub largest: Vec<u8>,
}

impl NewFile {
    /// A table that was just written.
    pub(crate) fn written(number: u64, summary: &TableSummary) -> Self {
        Self {
            number,
            size: summary.file_size,
            smallest: summary.smallest.clone(),
            largest: summary.largest.clone(),
        }
    }

    /// A table that is in force already.
    pub(crate) fn of(file: &TableFile) -> Self {
        Self {
            number: file.number,
            size: file.size,
            smallest: file.smallest.clone(),
            largest: file.largest.clone(),
        }
    }
}

impl VersionEdit {
    /// Appends the edit to `out`, its fields in the order in which C++ LevelDB writes them.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if let Some(name) = &self.comparator {
            put_varint32(out, COMPARATOR);
            put_length_prefixed(out, name.as_bytes());
        }
        for (tag, number) in [
            (LOG_NUMBER, self.log_number),
            (PREV_LOG_NUMBER, self.prev_log_number),
            (NEXT_FILE_NUMBER, self.next_file_number),
            (LAST_SEQUENCE, self.last_sequence),
        ] {
            if let Some(number) = number {
                put_varint32(out, tag);
                put_varint64(out, number);
            }
        }
        for (level, key) in &self.compact_pointers {
            put_varint32(out, COMPACT_POINTER);
            put_varint64(out, *level as u64);
            put_length_prefixed(out, key);
        }
        for (level, number) in &self.deleted_files {
            put_varint32(out, DELETED_FILE);
            put_varint64(out, *level as u64);
            put_varint64(out, *number);
        }
        for (level, file) in &self.new_files {
            put_varint32(out, NEW_FILE);
            put_varint64(out, *level as u64);
            put_varint64(out, file.number);
            put_varint64(out, file.size);
            put_length_prefixed(out, &file.smallest);
            put_length_prefixed(out, &file.largest);
        }
    }

    /// Reads an edit that takes up all of `bytes`. Of a field that may be there once, the last
    /// counts.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, CorruptionKind> {
        let mut fields = Fields(Decoder::new(bytes));
        let mut edit = Self::default();
        while !fields.0.is_empty() {
            match fields.0.varint32().ok_or(CorruptionKind::BadLength)? {
                COMPARATOR => edit.comparator = Some(fields.name()?),
                LOG_NUMBER => edit.log_number = Some(fields.number()?),
                PREV_LOG_NUMBER => edit.prev_log_number = Some(fields.number()?),
                NEXT_FILE_NUMBER => edit.next_file_number = Some(fields.number()?),
                LAST_SEQUENCE => edit.last_sequence = Some(fields.sequence()?),
                COMPACT_POINTER => edit.compact_pointers.push((fields.level()?, fields.key()?)),
                DELETED_FILE => edit.deleted_files.push((fields.level()?, fields.number()?)),
                NEW_FILE => edit.new_files.push((fields.level()?, fields.file()?)),
                _ => return Err(CorruptionKind::UnknownType),
            }
        }
        Ok(edit)
    }
}

/// Reads what belongs to a tag.
struct Fields<'a>(Decoder<'a>);

impl Fields<'_> {
    fn number(&mut self) -> Result<u64, CorruptionKind> {
        self.0.varint64().ok_or(CorruptionKind::BadLength)
    }

    fn sequence(&mut self) -> Result<u64, CorruptionKind> {
        Some(self.number()?).filter(|&number| number <= MAX_SEQUENCE).ok_or(CorruptionKind::BadKey)
    }

    fn level(&mut self) -> Result<usize, CorruptionKind> {
        let level = self.number()?;
        usize::try_from(level)
            .ok()
            .filter(|&level| level < LEVELS)
            .ok_or(CorruptionKind::Inconsistent)
    }

    fn name(&mut self) -> Result<String, CorruptionKind> {
        let name = self.0.length_prefixed().ok_or(CorruptionKind::BadLength)?;
        String::from_utf8(name.to_vec()).map_err(|_| CorruptionKind::BadMagic)
    }

    fn key(&mut self) -> Result<Vec<u8>, CorruptionKind> {
        let key = self.0.length_prefixed().ok_or(CorruptionKind::BadLength)?;
        internal_key::parse(key).ok_or(CorruptionKind::BadKey)?;
        Ok(key.to_vec())
    }

    fn file(&mut self) -> Result<NewFile, CorruptionKind> {
        let (number, size) = (self.number()?, self.number()?);
        let (smallest, largest) = (self.key()?, self.key()?);
        if internal_key::compare(&smallest, &largest).is_gt() {
            return Err(CorruptionKind::BadKey);
        }
        Ok(NewFile { number, size, smallest, largest })
    }
}

#[cfg(test)]
mod tests;
