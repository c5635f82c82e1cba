//! Repairing a database that cannot be opened, or that is damaged.
//!
//! Everything that can be proven is read ([`gather`]): the tables and logs that the manifests say
//! are in use, as far as those can be read ([`history`]), of a damaged table every block whose
//! checksum holds ([`table_salvage`], [`block_search`]), of a damaged log every whole record
//! ([`log_salvage`]). It is merged by sequence number into new tables ([`merge`]), which a new
//! manifest puts in force in one step ([`install`]); what could not be used whole goes to `lost/`
//! ([`lost`]). `docs/repair.md` says what that means for whoever uses it, and where its limits are.

mod block_search;
mod files;
mod gather;
mod history;
mod install;
mod log_salvage;
mod lost;
mod merge;
mod report;
mod table_salvage;
mod workshop;

use std::path::{Path, PathBuf};

use files::Files;
use gather::Gatherer;
use history::History;
use workshop::Workshop;

use crate::directory;
use crate::error::{Error, Result};
use crate::file_name;
use crate::options::Options;

pub use report::{Damage, RepairReport};

/// Makes the database in `directory` one that opens strictly and verifies whole, with everything
/// that can still be proven of it. A database without damage keeps its content.
///
/// Damaged files are moved to `lost/` inside the directory. Whatever goes wrong, the data is as it
/// was and repairing can be tried again: an error of the system, such as a full disk or a sector that
/// cannot be read, ends the repair with nothing changed. It needs as much free space as the
/// database takes.
///
/// [`Error::DoesNotExist`] where there is nothing to repair, [`Error::Locked`] while the database is
/// open.
pub fn repair(directory: impl AsRef<Path>, options: &Options) -> Result<RepairReport> {
    options.check()?;
    if options.read_only {
        return Err(Error::InvalidArgument("a repair writes; `inspect` only reads".into()));
    }
    let directory = &directory::resolve(directory.as_ref())?;
    let env = &*options.env;
    // Looked at before the lock is taken, because taking it makes a file.
    Files::read(env, directory)?;
    let _lock = directory::take_lock(env, directory)?;
    let files = Files::read(env, directory)?;
    let history = History::read(env, directory, &files)?;
    let first = files.next_number().max(history.next_file_number.min(file_name::LARGEST_NUMBER));
    let mut workshop = Workshop::new(options, directory, first);
    let repaired = rebuild(&mut workshop, options, &files, &history);
    if repaired.is_ok() {
        install::clean_up(&workshop, &files);
    }
    workshop.discard();
    repaired
}

/// Says what [`repair`] would find, and changes nothing in the directory. The database must not be
/// open; [`Error::Locked`] where that can be told.
pub fn inspect(directory: impl AsRef<Path>, options: &Options) -> Result<RepairReport> {
    options.check()?;
    let directory = &directory::resolve(directory.as_ref())?;
    let env = &*options.env;
    // A lock file that is not there would be made; one that cannot be locked may be read-only.
    let lock = match env.size(&file_name::lock(directory)) {
        Ok(_) => Some(directory::take_lock(env, directory)),
        Err(_) => None,
    };
    if let Some(Err(held @ (Error::Locked { .. } | Error::Moved { .. }))) = lock {
        return Err(held);
    }
    let files = Files::read(env, directory)?;
    let history = History::read(env, directory, &files)?;
    let mut gatherer = Gatherer::new(env, None, options.write_buffer_size);
    gatherer.read(directory, &files, &history)?;
    Ok(gatherer.report)
}

fn rebuild(
    workshop: &mut Workshop,
    options: &Options,
    files: &Files,
    history: &History,
) -> Result<RepairReport> {
    let directory = workshop.directory.clone();
    let mut gatherer = Gatherer::new(&*options.env, Some(workshop), options.write_buffer_size);
    gatherer.read(&directory, files, history)?;
    let Gatherer { mut report, sources, damaged_files, last_sequence, .. } = gatherer;
    let tables = merge::merge(sources, workshop, options.target_file_size)?;
    report.kept = lost::keep(workshop, &worth_keeping(damaged_files, files, history))?;
    let level1_bytes = crate::compaction::level1_bytes(options);
    let manifest = install::prepare(workshop, &tables, last_sequence, level1_bytes)?;
    install::put_in_force(workshop, manifest)?;
    Ok(report)
}

/// The files that the result does not hold all of, as far as that is certain.
fn worth_keeping(damaged: Vec<PathBuf>, files: &Files, history: &History) -> Vec<PathBuf> {
    let mut paths = damaged;
    paths.extend(files.doubles.iter().cloned());
    if !history.is_certain {
        let unused = |number: u64, uses: fn(&History, u64) -> bool| !uses(history, number);
        let tables = files.tables.iter().filter(|file| unused(file.0, History::uses_table));
        let logs = files.logs.iter().filter(|file| unused(file.0, History::uses_log));
        let others = tables.chain(logs).chain(&files.manifests);
        paths.extend(others.map(|(_, path)| path.clone()));
    }
    paths.sort();
    paths.dedup();
    paths
}
