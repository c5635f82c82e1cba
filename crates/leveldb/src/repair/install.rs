//! Putting the result in force, in an order in which every interruption leaves either the directory
//! as it was or the repaired one: the new tables, then a manifest that names them, then `CURRENT`.
//! Only after that does anything go.

use std::path::{Path, PathBuf};

use super::files::Files;
use super::workshop::{FinishedTable, Workshop};
use crate::compaction::LEVEL_FACTOR;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::format::{COMPARATOR_NAME, LEVELS};
use crate::log::LogWriter;
use crate::version::edit::{NewFile, VersionEdit};
use crate::version::manifest;
use crate::version::set::point_current_at;

/// Writes the manifest of a database of these tables, and makes it durable along with their names.
/// Gives its number.
pub(super) fn prepare(
    workshop: &mut Workshop,
    tables: &[FinishedTable],
    last_sequence: u64,
    level1_bytes: u64,
) -> Result<u64> {
    for table in tables {
        workshop.name_table(table)?;
    }
    let number = workshop.take_number();
    // IMPORTANT: above every log that there is. All of them are in the tables now, and would hide
    // newer entries there if they were read again. The log itself is there, though empty: that it
    // is not would be taken for a manifest that has lost its end.
    let log_number = workshop.take_number();
    let log = file_name::log(&workshop.directory, log_number);
    workshop.will_make(&log);
    workshop.env.create(&log).map_err(Error::io(IoOperation::Create, &log))?;
    let level = level_for(tables.iter().map(|table| table.summary.file_size).sum(), level1_bytes);
    let edit = VersionEdit {
        comparator: Some(COMPARATOR_NAME.to_owned()),
        log_number: Some(log_number),
        prev_log_number: Some(0),
        next_file_number: Some(workshop.next_number()),
        last_sequence: Some(last_sequence),
        new_files: tables
            .iter()
            .map(|table| (level, NewFile::written(table.number, &table.summary)))
            .collect(),
        ..VersionEdit::default()
    };
    let path = file_name::manifest(&workshop.directory, number);
    workshop.will_make(&path);
    let file = workshop.env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
    let mut manifest = LogWriter::new(file, path.clone());
    let mut record = Vec::new();
    edit.encode(&mut record);
    manifest.add_record(&[&record])?;
    manifest.file().sync().map_err(Error::io(IoOperation::Sync, &path))?;
    let directory = &workshop.directory;
    workshop.env.sync_dir(directory).map_err(Error::io(IoOperation::SyncDir, directory))?;
    Ok(number)
}

/// The first level that a database of this size does not have to leave at once.
fn level_for(bytes: u64, level1_bytes: u64) -> usize {
    let limits = std::iter::successors(Some(level1_bytes), |limit| limit.checked_mul(LEVEL_FACTOR));
    let deepest = LEVELS - 1;
    (1..deepest).zip(limits).find(|(_, limit)| bytes <= *limit).map_or(deepest, |(level, _)| level)
}

/// Makes the repaired database the one that is opened.
pub(super) fn put_in_force(workshop: &mut Workshop, number: u64) -> Result<()> {
    let env = &*workshop.env;
    let outcome = point_current_at(env, &workshop.directory, number);
    let named = |(_, at): (PathBuf, u64)| at == number;
    let may_be_in_force = match &outcome {
        Ok(()) => true,
        Err(_) => manifest::current(env, &workshop.directory)
            .map_or(true, |current| current.is_some_and(named)),
    };
    if may_be_in_force {
        // IMPORTANT: CURRENT may name the new files now, whether that is known to be durable or not.
        workshop.keep_all();
    }
    outcome
}

/// Removes what the repaired database has replaced. What cannot be removed now is removed when it
/// is opened next.
pub(super) fn clean_up(workshop: &Workshop, files: &Files) {
    let env = &*workshop.env;
    let remove = |path: &Path| {
        let _ = env.remove(path);
    };
    let groups = [&files.temporaries, &files.logs, &files.tables, &files.manifests];
    groups.iter().flat_map(|group| group.iter()).for_each(|(_, path)| remove(path));
    files.doubles.iter().for_each(|path| remove(path));
    let _ = env.sync_dir(&workshop.directory);
}
