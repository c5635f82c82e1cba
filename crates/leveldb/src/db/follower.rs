//! A database opened read-only, while another process may be writing it.
//!
//! A follower takes no lock and changes nothing. It reads the manifest and the logs as they are and
//! opens every table at once, since the writer may remove a table's name at any time; an open file
//! stays readable without its name. While it reads, the writer goes on: a file that vanished, or
//! anything else that does not fit together, is only believed if the manifest is still the same
//! afterwards, and otherwise everything is read again.
//!
//! The whole directory can be replaced, too: destroyed and made anew, or by a copy that is restored.
//! Names, numbers and sizes can then be what they were before, so what was read is known by the
//! identity of its files ([`FileIdentity`]).

use std::collections::{HashMap, HashSet};
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
use crate::env::{Env, FileIdentity};
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::memtable::MemTable;
use crate::options::Options;
use crate::table::Table;
use crate::version::Version;
use crate::version::file::TableFile;
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
    manifest: Option<(PathBuf, Option<FileIdentity>)>,
    logs: Vec<(u64, Option<FileIdentity>)>,
}

impl Fingerprint {
    /// Whether the manifest is the same file, longer perhaps.
    fn has_manifest_of(&self, other: &Self) -> bool {
        match (&self.manifest, &other.manifest) {
            (Some((path, Some(file))), Some((other_path, Some(other_file)))) => {
                path == other_path && file.is_same_file(other_file)
            }
            (this, other) => this == other,
        }
    }
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
            last_logged: 0,
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
    let numbers: HashSet<u64> = version.all_files().map(|(_, file)| file.number).collect();
    // IMPORTANT: the number first. A view is the same with any number from its own on, and wrong with
    // an older one, whose entries may be compacted away. For the same reason the number never falls,
    // also where the new view has a smaller one, as after a copy was restored.
    core.visible.fetch_max(recovered.last_sequence, Ordering::AcqRel);
    // Another process may have put older tables in the place of these.
    core.view.replace(View { active, pending: memtables, version, tables_up_to: None });
    core.tables.keep_only(&numbers);
}

type OpenTables = HashMap<u64, Arc<TableFile>>;

/// The tables that a version holds open, by number.
fn open_tables(version: &Version) -> OpenTables {
    version.all_files().map(|(_, file)| (file.number, Arc::clone(file))).collect()
}

/// The open table of a file, if it is open and its name still means the same file.
fn still_open(env: &dyn Env, open: &OpenTables, file: &TableFile) -> Result<Option<Arc<Table>>> {
    let known = open.get(&file.number).filter(|known| {
        (known.size, &known.smallest, &known.largest) == (file.size, &file.smallest, &file.largest)
    });
    let Some(table) = known.and_then(|known| known.pinned()) else { return Ok(None) };
    match env.identity(table.path()) {
        Ok(identity) => Ok((identity == table.identity()).then(|| Arc::clone(table))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(IoOperation::Stat, table.path())(error)),
    }
}

/// Reads until what was read fits together and every table is open.
fn read(
    directory: &Path,
    options: &Options,
    tables: &TableCache,
    open: &OpenTables,
) -> Result<(Recovered, Fingerprint)> {
    let mut patience = PATIENCE;
    let mut attempts = 0;
    loop {
        let before = fingerprint(directory, options)?;
        attempts += 1;
        let error = match read_once(directory, options, tables, open) {
            Ok(Some(recovered)) => {
                // Half of it can be of a database that has taken the place of the other meanwhile.
                if attempts == ATTEMPTS || fingerprint(directory, options)?.has_manifest_of(&before)
                {
                    return Ok((recovered, before));
                }
                continue;
            }
            Ok(None) => return Err(Error::DoesNotExist { path: directory.to_path_buf() }),
            Err(error) => error,
        };
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
    open: &OpenTables,
) -> Result<Option<Recovered>> {
    let recovered =
        recovery::recover(&*options.env, directory, options.log_recovery, &Arc::default())?;
    let Some(recovered) = recovered else { return Ok(None) };
    for (_, file) in recovered.manifest.version.all_files() {
        let table = match still_open(&*options.env, open, file)? {
            Some(table) => table,
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
        // A manifest that is replaced just now is not there; the next look finds its successor.
        let identity = env.identity(&path).ok();
        fingerprint.manifest = Some((path, identity));
    }
    let listing = match Listing::read(env, directory) {
        Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => {
            return Err(Error::DoesNotExist { path: directory.to_path_buf() });
        }
        listing => listing?,
    };
    for number in listing.logs {
        fingerprint.logs.push((number, env.identity(&file_name::log(directory, number)).ok()));
    }
    Ok(fingerprint)
}
