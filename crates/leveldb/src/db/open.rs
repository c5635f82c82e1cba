//! Opening a database for writing.
//!
//! Nothing is changed before everything was read and found whole. Recovered writes are not written
//! to tables first: their memtables wait for the flush thread like any others, and their logs stay
//! until then, so opening costs what reading the logs costs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use parking_lot::Mutex;

use super::background::{self, Background};
use super::commit::CommitQueue;
use super::core::Core;
use super::flush;
use super::health::HealthBoard;
use super::info_log::InfoLog;
use super::pressure::Pressure;
use super::recovery::{self, Recovered, RecoveryReport};
use super::reserve::Reserve;
use super::view::{View, ViewCell};
use super::write_log::WriteLog;
use crate::directory::{self, Held, Listing};
use crate::env::{Env, WritableFile};
use crate::error::{Error, IoOperation, Result};
use crate::file_name::{self, LARGEST_NUMBER};
use crate::memtable::MemTable;
use crate::options::Options;
use crate::version::Version;
use crate::version::file::Trash;
use crate::version::manifest::{self, ManifestState};
use crate::version::set::{FileNumbers, VersionSet, VersionSetState};
use crate::version::table_cache::TableCache;

/// What the parts of a [`Core`] are made of.
pub(crate) struct Foundation {
    /// Recovered memtables, oldest first.
    pub(crate) memtables: Vec<Arc<MemTable>>,
    pub(crate) last_sequence: u64,
    /// Where the next log has to go on.
    pub(crate) last_logged: u64,
    pub(crate) set: VersionSetState,
    pub(crate) next_file_number: u64,
    pub(crate) report: RecoveryReport,
}

/// Opens the database in `directory` for writing and starts its threads.
pub(crate) fn open(directory: &Path, options: Options) -> Result<(Arc<Core>, Background)> {
    prepare_directory(&*options.env, directory, &options)?;
    let lock = Held::take(&options.env, directory)?;
    let env: Arc<dyn Env> = lock.env();
    let options = Options { env: Arc::clone(&env), ..options };
    let trash = Arc::new(Trash::default());
    let recovered = recovery::recover(&*env, directory, options.log_recovery, &trash)?;
    let core = match recovered {
        Some(_) if options.error_if_exists => {
            return Err(Error::AlreadyExists { path: directory.to_path_buf() });
        }
        Some(recovered) => open_existing(directory, options, recovered, trash, lock)?,
        None if options.create_if_missing => create(directory, options, trash, lock)?,
        None => return Err(Error::DoesNotExist { path: directory.to_path_buf() }),
    };
    let background = Background::start(&core)?;
    core.flush_wanted.raise();
    Ok((core, background))
}

fn prepare_directory(env: &dyn Env, directory: &Path, options: &Options) -> Result<()> {
    let recover = || recovery::recover(env, directory, options.log_recovery, &Arc::default());
    let has_lock = || env.size(&file_name::lock(directory)).is_ok();
    let exists = manifest::current(env, directory)?.is_some();
    if !exists && !options.create_if_missing {
        recover()?;
        return Err(Error::DoesNotExist { path: directory.to_path_buf() });
    }
    // Taking the lock makes its file, and what cannot be opened is not to be changed. Where the file
    // is there by now, somebody else is at it: then the lock tells more than what was read.
    if !has_lock()
        && let Err(error) = recover()
        && !has_lock()
    {
        return Err(error);
    }
    if exists { Ok(()) } else { directory::make(env, directory) }
}

fn create(directory: &Path, options: Options, trash: Arc<Trash>, lock: Held) -> Result<Arc<Core>> {
    let env = Arc::clone(&options.env);
    let first = Listing::read(&*env, directory)?.next_number();
    let foundation = Foundation {
        memtables: Vec::new(),
        last_sequence: 0,
        last_logged: 0,
        set: VersionSetState {
            current: Version::default(),
            // The number that the first log is about to take.
            log_number: first,
            last_sequence: 0,
            compact_pointers: Default::default(),
            manifest_number: None,
        },
        next_file_number: first,
        report: RecoveryReport::default(),
    };
    let (core, log) = build(directory, options, foundation, trash, lock)?;
    // IMPORTANT: the log exists before the manifest that names it.
    core.versions.lock().begin_manifest()?;
    start_log(&core, log);
    Ok(Arc::new(core))
}

fn open_existing(
    directory: &Path,
    options: Options,
    recovered: Recovered,
    trash: Arc<Trash>,
    lock: Held,
) -> Result<Arc<Core>> {
    let Recovered { manifest, listing, memtables, last_sequence, last_logged, report } = recovered;
    if options.paranoid_checks {
        verify_tables(directory, &options, &manifest.version)?;
    }
    settle(&*options.env, directory, &manifest, &memtables)?;
    let damaged = !report.losses.is_empty();
    let next_file_number = manifest.next_file_number.max(listing.next_number());
    // A repair names no log, and a log without writes may have been left behind by a copy.
    let log_is_missing = !listing.logs.contains(&manifest.log_number);
    let oldest_log = memtables.first().map_or(next_file_number, |memtable| memtable.log_number());
    let foundation = Foundation {
        memtables,
        last_sequence,
        last_logged,
        set: VersionSetState {
            current: manifest.version,
            log_number: if log_is_missing { oldest_log } else { manifest.log_number },
            last_sequence: manifest.last_sequence,
            compact_pointers: manifest.compact_pointers,
            manifest_number: Some(manifest.number),
        },
        next_file_number,
        report,
    };
    let (core, log) = build(directory, options, foundation, trash, lock)?;
    if log_is_missing {
        // IMPORTANT: before the new log has writes. A log with writes beside a manifest that names
        // one that is missing looks like a manifest that lost an edit.
        core.versions.lock().begin_manifest()?;
    }
    start_log(&core, log);
    if damaged {
        // What was salvaged must not depend on the damaged logs any longer.
        while flush::flush_oldest(&core)? {}
    }
    remove_leftovers(&core, &listing, manifest.number);
    core.info_log.line(format_args!("opened with {} writes from logs", core.recovery.writes));
    Ok(Arc::new(core))
}

/// Makes durable what was recovered. It was read, but if the process that wrote it was killed, the
/// disk may not have it: new writes would then survive a power cut that takes these, and files
/// would be removed on the word of a manifest that a power cut shortens.
fn settle(
    env: &dyn Env,
    directory: &Path,
    manifest: &ManifestState,
    memtables: &[Arc<MemTable>],
) -> Result<()> {
    let logs = memtables.iter().map(|memtable| file_name::log(directory, memtable.log_number()));
    for path in logs.chain([manifest.path.clone()]) {
        env.sync_file(&path).map_err(Error::io(IoOperation::Sync, &path))?;
    }
    Ok(())
}

struct NewLog {
    number: u64,
    file: Arc<dyn WritableFile>,
}

/// Puts a core together, with a new empty log.
fn build(
    directory: &Path,
    options: Options,
    foundation: Foundation,
    trash: Arc<Trash>,
    lock: Held,
) -> Result<(Core, NewLog)> {
    let env = Arc::clone(&options.env);
    if foundation.next_file_number > LARGEST_NUMBER {
        return Err(Error::Unsupported(
            "a file with a number that leaves too few for others".into(),
        ));
    }
    let numbers = FileNumbers::new(foundation.next_file_number);
    let number = numbers.take();
    let path = file_name::log(directory, number);
    let file = env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
    env.sync_dir(directory).map_err(Error::io(IoOperation::SyncDir, directory))?;
    let info_log = InfoLog::create(&*env, directory);
    let last_log = foundation.memtables.last().map(Arc::as_ref);
    let prefix = recovery::key_prefix(&foundation.set.current, last_log);
    let active = MemTable::for_writes(number, options.write_buffer_size, prefix);
    let mut core = assemble(directory, options, foundation, trash, numbers, info_log);
    core.view.change_active(active);
    core.lock = Mutex::new(Some(lock));
    core.reserve.open();
    core.update_pressure();
    Ok((core, NewLog { number, file }))
}

/// Puts the parts of a core together. Its memtables are the recovered ones, and it has no log.
pub(crate) fn assemble(
    directory: &Path,
    options: Options,
    foundation: Foundation,
    trash: Arc<Trash>,
    numbers: FileNumbers,
    info_log: InfoLog,
) -> Core {
    let env = Arc::clone(&options.env);
    let numbers = Arc::new(numbers);
    let set = VersionSet::new(
        Arc::clone(&env),
        directory.to_path_buf(),
        Arc::clone(&numbers),
        Arc::clone(&trash),
        foundation.set,
    );
    let mut pending = foundation.memtables;
    pending.reverse();
    let view = View {
        active: Arc::new(MemTable::new(0)),
        pending,
        version: Arc::clone(set.current()),
        tables_up_to: Some(set.last_sequence()),
    };
    Core {
        directory: directory.to_path_buf(),
        view: ViewCell::new(view),
        visible: AtomicU64::new(foundation.last_sequence),
        snapshots: Default::default(),
        tables: TableCache::new(directory.to_path_buf(), &options),
        numbers,
        trash,
        versions: Mutex::new(set),
        commits: CommitQueue::new(WriteLog::new(foundation.last_sequence, foundation.last_logged)),
        manual: Default::default(),
        health: HealthBoard::default(),
        pressure: Pressure::new(),
        reserve: Reserve::new(directory, &options),
        info_log,
        recovery: foundation.report,
        flush_wanted: Default::default(),
        compaction_wanted: Default::default(),
        sync_wanted: Default::default(),
        upkeep_wanted: Default::default(),
        progress: Default::default(),
        compacting: AtomicBool::new(false),
        flushing: Mutex::default(),
        at_files: Default::default(),
        closed: AtomicBool::new(false),
        lock: Mutex::new(None),
        options,
        env,
    }
}

fn start_log(core: &Core, log: NewLog) {
    let path = file_name::log(&core.directory, log.number);
    core.commits.log().start(log.number, log.file, path);
}

fn verify_tables(directory: &Path, options: &Options, version: &Version) -> Result<()> {
    let tables = TableCache::new(directory.to_path_buf(), options);
    for (_, file) in version.all_files() {
        tables.open_table(file)?.verify()?;
    }
    Ok(())
}

/// Removes what earlier openings left behind: tables that no edit names, logs that are in tables,
/// manifests that are not in force. What cannot be removed now is tried again next time.
fn remove_leftovers(core: &Core, listing: &Listing, manifest: u64) {
    let view = core.view.load_full();
    let live: std::collections::HashSet<u64> =
        view.version.all_files().map(|(_, file)| file.number).collect();
    let needed_log = core.versions.lock().log_number();
    let waiting: Vec<u64> = view.pending.iter().map(|memtable| memtable.log_number()).collect();
    for number in listing.tables.iter().filter(|number| !live.contains(number)) {
        core.trash.add(*number);
    }
    // The log that the manifest names stays although it may be empty: recovery looks for it.
    for number in listing.logs.iter().filter(|number| **number != needed_log) {
        if !waiting.contains(number) {
            let _ = core.env.remove(&file_name::log(&core.directory, *number));
        }
    }
    for number in listing.manifests.iter().filter(|number| **number != manifest) {
        let _ = core.env.remove(&file_name::manifest(&core.directory, *number));
    }
    for number in &listing.temporaries {
        let _ = core.env.remove(&file_name::temporary(&core.directory, *number));
    }
    background::empty_trash(core);
}
