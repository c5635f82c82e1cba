//! Reading the manifest in force: `CURRENT` names it, and its edits, applied in order, give the
//! version to start from.
//!
//! A manifest that ends inside its last edit is what a crash leaves: the edit was never
//! acknowledged. A manifest that was cut between two edits looks whole by itself;
//! `db::recovery` finds out by what else is in the directory.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Version;
use super::builder::VersionBuilder;
use super::edit::VersionEdit;
use super::file::Trash;
use crate::env::{Env, read_small_file};
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name::{self, FileKind};
use crate::format::{COMPARATOR_NAME, LEVELS};
use crate::log::{LogRead, LogReader};

/// More than any name of a manifest.
const CURRENT_LIMIT: usize = 256;

/// What a manifest says.
#[derive(Debug)]
pub(crate) struct ManifestState {
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
    pub(crate) version: Version,
    /// Logs from this number on hold writes that are in no table yet.
    pub(crate) log_number: u64,
    /// A second such log, which only very old databases have; 0 for none.
    pub(crate) prev_log_number: u64,
    pub(crate) next_file_number: u64,
    pub(crate) last_sequence: u64,
    pub(crate) compact_pointers: [Vec<u8>; LEVELS],
    /// Where the last whole edit ends: what is missing, is missing from there.
    pub(crate) end: u64,
}

/// The manifest that `CURRENT` names; `None` where there is no `CURRENT`.
pub(crate) fn current(env: &dyn Env, directory: &Path) -> Result<Option<(PathBuf, u64)>> {
    let path = file_name::current(directory);
    let bytes = match read_small_file(env, &path, CURRENT_LIMIT) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            return Err(Error::corruption(&path, None, CorruptionKind::WrongSize));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(Error::io(IoOperation::Open, directory)(error));
        }
        Err(error) => return Err(Error::io(IoOperation::Read, &path)(error)),
    };
    let name = bytes.strip_suffix(b"\n").and_then(|name| std::str::from_utf8(name).ok());
    let Some(name) = name else {
        return Err(Error::corruption(&path, None, CorruptionKind::BadMagic));
    };
    let named = directory.join(name);
    match FileKind::of(&named) {
        FileKind::Manifest(number) if named == file_name::manifest(directory, number) => {
            Ok(Some((named, number)))
        }
        _ => Err(Error::corruption(&path, None, CorruptionKind::BadMagic)),
    }
}

/// Reads the manifest at `path`.
pub(crate) fn read(
    env: &dyn Env,
    path: &Path,
    number: u64,
    trash: Arc<Trash>,
) -> Result<ManifestState> {
    let file = match env.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::corruption(path, None, CorruptionKind::MissingFile));
        }
        Err(error) => return Err(Error::io(IoOperation::Open, path)(error)),
    };
    let mut reader = LogReader::of_manifest(file, path.to_path_buf());
    let mut fold = EditFold::new(trash);
    let mut record = Vec::new();
    while let LogRead::Record { offset } = reader.next(&mut record)? {
        let at = |kind| Error::corruption(path, offset, kind);
        let edit = VersionEdit::decode(&record).map_err(at)?;
        match edit.comparator.as_deref() {
            None | Some(COMPARATOR_NAME) => {}
            Some(other) => return Err(Error::Unsupported(format!("the comparator {other}"))),
        }
        fold.apply(edit).map_err(at)?;
    }
    fold.finish(path, number, reader.offset())
}

/// The edits read so far.
struct EditFold {
    builder: VersionBuilder,
    log_number: Option<u64>,
    prev_log_number: u64,
    next_file_number: Option<u64>,
    last_sequence: Option<u64>,
    compact_pointers: [Vec<u8>; LEVELS],
}

impl EditFold {
    fn new(trash: Arc<Trash>) -> Self {
        Self {
            builder: VersionBuilder::new(&Version::default(), trash),
            log_number: None,
            prev_log_number: 0,
            next_file_number: None,
            last_sequence: None,
            compact_pointers: Default::default(),
        }
    }

    fn apply(&mut self, edit: VersionEdit) -> Result<(), CorruptionKind> {
        self.builder.apply(&edit)?;
        self.log_number = edit.log_number.or(self.log_number);
        self.prev_log_number = edit.prev_log_number.unwrap_or(self.prev_log_number);
        self.next_file_number = edit.next_file_number.or(self.next_file_number);
        self.last_sequence = edit.last_sequence.or(self.last_sequence);
        for (level, key) in edit.compact_pointers {
            if let Some(pointer) = self.compact_pointers.get_mut(level) {
                *pointer = key;
            }
        }
        Ok(())
    }

    fn finish(self, path: &Path, number: u64, end: u64) -> Result<ManifestState> {
        let (Some(log_number), Some(next_file_number), Some(last_sequence)) =
            (self.log_number, self.next_file_number, self.last_sequence)
        else {
            return Err(Error::corruption(path, end, CorruptionKind::LostHistory));
        };
        let version = self.builder.build().map_err(|kind| Error::corruption(path, None, kind))?;
        Ok(ManifestState {
            path: path.to_path_buf(),
            number,
            version,
            log_number,
            prev_log_number: self.prev_log_number,
            next_file_number,
            last_sequence,
            compact_pointers: self.compact_pointers,
            end,
        })
    }
}
