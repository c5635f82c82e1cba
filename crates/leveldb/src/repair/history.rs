//! What the manifests of a damaged directory say of its tables and logs.
//!
//! This decides whether deleted data stays deleted. A compaction drops a deletion together with
//! what it hides, so a table that a compaction has replaced may hold values that are deleted, with
//! nothing left to say so. Such a table must not be read again, and file numbers, which are never
//! given twice, tell which ones those are.
//!
//! * A manifest that is whole and agrees with the directory as opening demands is *certain*: what
//!   it names is the database, and any other table or older log is a leftover.
//! * Of any other manifest every edit that can be proven is used. What an edit removed stays
//!   removed; what one added and none removed is used if it is there; and so is a table which no
//!   edit mentions, if its number says that it may be younger than the manifest: edits that named
//!   it may be among the lost ones. Numbers below those of the manifest's first edit with numbers
//!   were given before it was begun, and tables from that time which it does not name were replaced.
//! * Without any edit everything is used.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::report::Damage;
use crate::db::recovery::check_log_is_there;
use crate::env::Env;
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name::{self, FileKind};
use crate::format::COMPARATOR_NAME;
use crate::log::{LogEnd, LogRead, LogReader};
use crate::version::edit::VersionEdit;
use crate::version::manifest::{self, ManifestState};

/// What `CURRENT` says.
enum Current {
    Names(PathBuf),
    /// A manifest that is not there.
    NamesMissing,
    Unknown,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Whether the manifest can be relied upon to name everything.
    pub(super) is_certain: bool,
    /// The tables that are named and not removed, with their sizes.
    pub(super) live: BTreeMap<u64, u64>,
    removed: BTreeSet<u64>,
    /// Tables from this number on may have been named by edits that are lost.
    youngest_known: Option<u64>,
    log_number: Option<u64>,
    prev_log_number: u64,
    pub(super) next_file_number: u64,
    pub(super) last_sequence: u64,
    pub(super) damages: Vec<Damage>,
    /// Manifests that are damaged, and `CURRENT` if it is.
    pub(super) damaged_files: Vec<PathBuf>,
}

impl History {
    pub(super) fn read(env: &dyn Env, directory: &Path, files: &Files) -> Result<Self> {
        let mut history = Self::default();
        let named = history.current(env, directory, files)?;
        let candidates: Vec<&PathBuf> = match &named {
            Current::Names(path) => vec![path],
            _ => files.manifests.iter().rev().map(|(_, path)| path).collect(),
        };
        for (index, path) in candidates.into_iter().enumerate() {
            // One that another was put in force after may lack what that one said.
            let may_be_certain = index == 0 && !matches!(named, Current::NamesMissing);
            if history.read_manifest(env, directory, path, files, may_be_certain)? {
                break;
            }
        }
        Ok(history)
    }

    /// Whether the table is part of the database, as far as can be known.
    pub(super) fn uses_table(&self, number: u64) -> bool {
        if self.live.contains_key(&number) {
            return true;
        }
        let may_be_young = self.youngest_known.is_none_or(|known| number >= known);
        !self.is_certain && !self.removed.contains(&number) && may_be_young
    }

    /// Whether the log holds writes that may be in no table.
    pub(super) fn uses_log(&self, number: u64) -> bool {
        let needed = self.log_number.is_none_or(|log_number| number >= log_number);
        needed || number == self.prev_log_number
    }

    fn current(&mut self, env: &dyn Env, directory: &Path, files: &Files) -> Result<Current> {
        let current = file_name::current(directory);
        let missing = |path: &Path| Error::corruption(path, None, CorruptionKind::MissingFile);
        let (named, wrong) = match manifest::current(env, directory) {
            Ok(Some((path, number))) => match files.manifests.iter().any(|(at, _)| *at == number) {
                true => return Ok(Current::Names(path)),
                false => (Current::NamesMissing, missing(&path)),
            },
            Ok(None) => (Current::Unknown, missing(&current)),
            Err(error) => (Current::Unknown, error),
        };
        self.damages.push(Damage::of(wrong)?);
        if files.has_current() {
            self.damaged_files.push(current);
        }
        Ok(named)
    }

    /// Reads a manifest. Says whether anything could be read.
    fn read_manifest(
        &mut self,
        env: &dyn Env,
        directory: &Path,
        path: &Path,
        files: &Files,
        may_be_certain: bool,
    ) -> Result<bool> {
        let number = FileKind::of(path).number().unwrap_or(0);
        match manifest::read(env, path, number, Arc::default()) {
            Ok(manifest) => {
                let listing = files.listing();
                let is_there = |number| listing.tables.contains(&number);
                let has_tables =
                    manifest.version.all_files().all(|(_, file)| is_there(file.number));
                let agrees =
                    check_log_is_there(env, directory, &manifest, &listing).map_err(Damage::of);
                if has_tables && agrees.is_ok() && may_be_certain {
                    self.take(&manifest);
                    return Ok(true);
                }
                if let Err(damage) = agrees {
                    self.damages.push(damage?);
                }
            }
            Err(error) => self.damages.push(Damage::of(error)?),
        }
        self.damaged_files.push(path.to_path_buf());
        self.salvage(env, path)
    }

    fn take(&mut self, manifest: &ManifestState) {
        self.is_certain = true;
        self.live =
            manifest.version.all_files().map(|(_, file)| (file.number, file.size)).collect();
        self.log_number = Some(manifest.log_number);
        self.prev_log_number = manifest.prev_log_number;
        self.next_file_number = manifest.next_file_number;
        self.last_sequence = manifest.last_sequence;
    }

    /// Applies every edit that can be read. Says whether there was one.
    fn salvage(&mut self, env: &dyn Env, path: &Path) -> Result<bool> {
        let file = env.open(path).map_err(Error::io(IoOperation::Open, path))?;
        let mut reader = LogReader::salvaging(file, path.to_path_buf());
        let mut record = Vec::new();
        let mut edits = 0;
        let mut is_unbroken = true;
        loop {
            let (offset, bytes, kind) = match reader.next(&mut record)? {
                LogRead::Record { offset } => match VersionEdit::decode(&record) {
                    Ok(edit) => {
                        self.apply(edit, is_unbroken)?;
                        edits += 1;
                        continue;
                    }
                    Err(kind) => (offset, record.len() as u64, kind),
                },
                LogRead::Skipped { offset, bytes, kind } => (offset, bytes, kind),
                LogRead::End(LogEnd::Torn { .. } | LogEnd::Clean) => return Ok(edits > 0),
            };
            is_unbroken = false;
            self.note(Damage { path: path.to_path_buf(), offset, bytes, kind });
        }
    }

    /// Notes damage, instead of what the first reading has already said of the same place.
    fn note(&mut self, damage: Damage) {
        let covers = |known: &Damage| {
            let end = damage.offset + damage.bytes;
            known.path == damage.path && (damage.offset..=end).contains(&known.offset)
        };
        match self.damages.iter_mut().find(|known| covers(known)) {
            Some(known) => *known = damage,
            None => self.damages.push(damage),
        }
    }

    fn apply(&mut self, edit: VersionEdit, is_unbroken: bool) -> Result<()> {
        if let Some(other) = edit.comparator.filter(|name| name != COMPARATOR_NAME) {
            return Err(Error::Unsupported(format!("the comparator {other}")));
        }
        for (_, number) in edit.deleted_files {
            self.live.remove(&number);
            self.removed.insert(number);
        }
        for (_, file) in edit.new_files {
            // A table that moves to another level is removed and added by one edit.
            self.removed.remove(&file.number);
            self.live.insert(file.number, file.size);
        }
        self.log_number = edit.log_number.or(self.log_number);
        self.prev_log_number = edit.prev_log_number.unwrap_or(self.prev_log_number);
        self.last_sequence = self.last_sequence.max(edit.last_sequence.unwrap_or(0));
        if let Some(next) = edit.next_file_number {
            self.next_file_number = self.next_file_number.max(next);
            if is_unbroken && self.youngest_known.is_none() {
                // A table gets its number before its edit is written, but after its log's.
                let log = edit.log_number.filter(|&number| number > 0);
                self.youngest_known = Some(log.map_or(next, |log| log.min(next)));
            }
        }
        Ok(())
    }
}
