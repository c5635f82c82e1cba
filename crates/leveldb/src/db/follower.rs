//! A database opened read-only, while another process may be writing it.
//!
//! A follower takes no lock and changes nothing. It reads the manifest and the logs as they are and
//! opens every table at once, since the writer may remove a table's name at any time; an open file
//! stays readable without its name. While it reads, the writer goes on: a file that vanished, or
//! anything else that does not fit together, is only believed if the manifest is still the same
//! afterwards, and otherwise everything is read again.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::core::Core;
use super::info_log::InfoLog;
use super::open::{Foundation, assemble};
use super::recovery::{self, Recovered};
use super::view::View;
use crate::directory::Listing;
use crate::error::{Error, Result};
use crate::file_name;
use crate::memtable::MemTable;
use crate::options::Options;
use crate::table::Table;
use crate::version::Version;
use crate::version::manifest;
use crate::version::set::{FileNumbers, VersionSetState};
use crate::version::table_cache::TableCache;

/// How often a state that does not fit together is read again while the manifest stays the same:
/// the writer may be between two steps.
const PATIENCE: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// The most attempts in all.
const ATTEMPTS: u32 = 100;

/// What identifies the files that were read: as long as it is the same, so is the database.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Fingerprint {
    manifest: Option<(PathBuf, u64)>,
    logs: Vec<(u64, u64)>,
}

/// See the module's documentation.
pub(crate) struct Follower {
    seen: Fingerprint,
}

impl Follower {
    pub(crate) fn open(directory: &Path, options: Options) -> Result<(Arc<Core>, Self)> {
        let tables = TableCache::new(directory.to_path_buf(), &options);
        let (recovered, seen) = read(directory, &options, &tables, &HashMap::new())?;
        let foundation = Foundation {
            memtables: Vec::new(),
            last_sequence: 0,
            set: VersionSetState::default(),
            next_file_number: 1,
            report: recovered.report.clone(),
        };
        let core = assemble(
            directory,
            options,
            foundation,
            Arc::default(),
            FileNumbers::new(1),
            InfoLog::default(),
        );
        show(&core, recovered);
        Ok((Arc::new(core), Self { seen }))
    }

    /// Reads what the writer has done since. Says whether anything changed.
    pub(crate) fn refresh(&mut self, core: &Core) -> Result<bool> {
        if fingerprint(&core.directory, &core.options)? == self.seen {
            return Ok(false);
        }
        let open = open_tables(&core.view.load().version);
        let (recovered, seen) = read(&core.directory, &core.options, &core.tables, &open)?;
        show(core, recovered);
        self.seen = seen;
        Ok(true)
    }
}

/// Puts what was read in force.
fn show(core: &Core, recovered: Recovered) {
    let mut memtables = recovered.memtables;
    let active = memtables.pop().unwrap_or_else(|| Arc::new(MemTable::new(0)));
    memtables.reverse();
    let version = Arc::new(recovered.manifest.version);
    // IMPORTANT: the number first. The old view is the same with any number from its own on; the new
    // one is wrong with an older number, whose entries may be compacted away.
    core.visible.store(recovered.last_sequence, Ordering::Release);
    core.view.replace(View { active, pending: memtables, version });
}

/// The tables that a version holds open, by number.
fn open_tables(version: &Version) -> HashMap<u64, Arc<Table>> {
    let pinned =
        version.all_files().filter_map(|(_, file)| Some((file.number, Arc::clone(file.pinned()?))));
    pinned.collect()
}

/// Reads until what was read fits together and every table is open.
fn read(
    directory: &Path,
    options: &Options,
    tables: &TableCache,
    open: &HashMap<u64, Arc<Table>>,
) -> Result<(Recovered, Fingerprint)> {
    let mut patience = PATIENCE;
    let mut attempts = 0;
    loop {
        let before = fingerprint(directory, options)?;
        let error = match read_once(directory, options, tables, open) {
            Ok(Some(recovered)) => return Ok((recovered, before)),
            Ok(None) => return Err(Error::DoesNotExist { path: directory.to_path_buf() }),
            Err(error) => error,
        };
        attempts += 1;
        let may_pass = error.is_corruption() || error.io_kind() == Some(ErrorKind::NotFound);
        if !may_pass || attempts == ATTEMPTS {
            return Err(error);
        }
        if fingerprint(directory, options)? == before {
            if patience == 0 {
                return Err(error);
            }
            patience -= 1;
            std::thread::sleep(PAUSE);
        }
    }
}

fn read_once(
    directory: &Path,
    options: &Options,
    tables: &TableCache,
    open: &HashMap<u64, Arc<Table>>,
) -> Result<Option<Recovered>> {
    let recovered =
        recovery::recover(&*options.env, directory, options.log_recovery, &Arc::default())?;
    let Some(recovered) = recovered else { return Ok(None) };
    for (_, file) in recovered.manifest.version.all_files() {
        let table = match open.get(&file.number) {
            Some(table) => Arc::clone(table),
            None => Arc::new(tables.open_table(file)?),
        };
        if options.paranoid_checks {
            table.verify()?;
        }
        file.set_statistics(table.statistics());
        file.pin(table);
    }
    Ok(Some(recovered))
}

fn fingerprint(directory: &Path, options: &Options) -> Result<Fingerprint> {
    let env = &*options.env;
    let mut fingerprint = Fingerprint::default();
    if let Some((path, _)) = manifest::current(env, directory)? {
        // A manifest that is replaced just now has no size; the next look finds its successor.
        let size = env.size(&path).unwrap_or(0);
        fingerprint.manifest = Some((path, size));
    }
    let listing = match Listing::read(env, directory) {
        Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => {
            return Err(Error::DoesNotExist { path: directory.to_path_buf() });
        }
        listing => listing?,
    };
    for number in listing.logs {
        fingerprint.logs.push((number, env.size(&file_name::log(directory, number)).unwrap_or(0)));
    }
    Ok(fingerprint)
}
