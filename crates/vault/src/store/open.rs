//! Opening a store.
//!
//! What is there is looked at before anything is touched: whatever is wrong, with the files or with
//! the password, leaves them as they are. Only an empty place becomes a new store. Making one
//! writes the header first, marked as fresh, then the data, then the header without the mark, so
//! that an interrupted making goes on, and data that is missing later is never taken for that.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use sigil_leveldb::env::{Env, LockError, LockGuard};
use sigil_leveldb::{Durability, Error as EngineError, IoOperation};

use super::count;
use super::header_state::{HeaderState, NotWritten};
use super::known;
use super::message_order::{MessageOrder, Overlay};
use super::opened::Opened;
use super::plan::Tail;
use super::readers::Readers;
use super::switch::{is_data_directory, open_data};
use super::write::Writer;
use super::{Inner, Metrics, Store};
use crate::backup;
use crate::error::{Error, Result};
use crate::header::slots::{self, Found};
use crate::header::{Header, Secrets};
use crate::keys::{Password, PasswordKeys, random_bytes};
use crate::layout::{self, Kind};
use crate::measured_env::MeasuredEnv;
use crate::options::{Event, Options};
use crate::record::Counters;

pub(super) fn open(root: &Path, password: &[u8], mut options: Options) -> Result<Inner> {
    options.check()?;
    let root = std::path::absolute(root).map_err(Error::io(IoOperation::Stat, root))?;
    let files = Arc::new(MeasuredEnv::new(Arc::clone(&options.env), &root));
    options.env = Arc::<MeasuredEnv>::clone(&files);
    let env = &*options.env;
    // Without the lock, because taking it makes a file. What is found may be changed by whoever
    // has it, so it is looked at again.
    let seen = look(env, &root)?;
    let tried = seen.as_ref().map(|found| found.open(password, &root)).transpose()?;
    if seen.is_none() {
        // Where a host remembers a store, an empty place is an older state of it.
        check_epoch(0, options.expected_epoch)?;
        make_root(env, &root)?;
    }
    let lock = take_lock(env, &root)?;
    files.look(is_data_directory).map_err(Error::io(IoOperation::List, &root))?;
    let found = look(env, &root)?;
    let (header, keys, unwritten) = match found {
        None => {
            let (header, keys) = make(env, &root, password, &options)?;
            (header, keys, None)
        }
        Some(found) => {
            let (header, keys) = match tried {
                Some(opened) if seen.is_some_and(|seen| seen.bytes == found.bytes) => opened,
                _ => found.open(password, &root)?,
            };
            (header, keys, (!found.both).then_some(found.bytes))
        }
    };
    check_epoch(header.secrets.epoch, options.expected_epoch)?;
    let fresh = header.secrets.fresh;
    let opened = open_data(&root, header.store, &header.secrets, &options, fresh)
        .map_err(|error| is_absent(error, &root))?;
    let header = HeaderState { header, keys, password: Password::new(password), unwritten };
    let inner = assemble((root, options, files), lock, opened, header)?;
    inner.settle(fresh)?;
    Ok(inner)
}

/// A header in its files.
struct FoundHeader {
    closed: crate::header::ClosedHeader,
    bytes: Vec<u8>,
    both: bool,
}

impl FoundHeader {
    fn open(&self, password: &[u8], root: &Path) -> Result<(Header, PasswordKeys)> {
        self.closed.open(password, root)
    }
}

/// The header of the store that is there; none where there is no store and may be one.
fn look(env: &dyn Env, root: &Path) -> Result<Option<FoundHeader>> {
    match slots::load(env, root)? {
        Found::Header { header, bytes, both } => {
            Ok(Some(FoundHeader { closed: header, bytes, both }))
        }
        Found::Damaged => Err(Error::HeaderDamaged(root.into())),
        Found::Unsupported => Err(Error::Unsupported(root.into())),
        Found::Nothing => {
            let names = match env.list(root) {
                Ok(names) => names,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(Error::io(IoOperation::List, root)(error)),
            };
            let is =
                |test: fn(&str) -> bool| names.iter().any(|name| name.to_str().is_some_and(test));
            if is(is_database_file) {
                return Err(Error::NotEncrypted(root.into()));
            }
            if is(is_data_directory) {
                return Err(Error::HeaderMissing(root.into()));
            }
            Ok(None)
        }
    }
}

/// Whether a file is one of a LevelDB database. Its lock is one too, and ours has the same name.
fn is_database_file(name: &str) -> bool {
    let endings = [".ldb", ".sst", ".log"];
    name == "CURRENT"
        || name.starts_with("MANIFEST-")
        || endings.iter().any(|ending| name.ends_with(ending))
}

fn make_root(env: &dyn Env, root: &Path) -> Result<()> {
    env.create_dir_all(root).map_err(Error::io(IoOperation::CreateDir, root))?;
    // Which of the directories above are new is not known.
    for directory in root.ancestors().skip(1).take(2) {
        let _ = env.sync_dir(directory);
    }
    Ok(())
}

fn take_lock(env: &dyn Env, root: &Path) -> Result<Box<dyn LockGuard>> {
    let path = root.join("LOCK");
    env.lock(&path).map_err(|error| match error {
        LockError::Held { holder } => Error::Engine(EngineError::Locked { path, holder }),
        LockError::Moved => Error::Engine(EngineError::Moved { path }),
        LockError::Io(error) => Error::io(IoOperation::Lock, &path)(error),
    })
}

fn make(
    env: &dyn Env,
    root: &Path,
    password: &[u8],
    options: &Options,
) -> Result<(Header, PasswordKeys)> {
    let keys = PasswordKeys::fresh(password, options.kdf)?;
    let header = Header { sequence: 1, store: random_bytes()?, secrets: Secrets::fresh()? };
    let bytes = header.encode(&keys)?;
    slots::store(env, root, &bytes).map_err(|stopped| stopped.error)?;
    Ok((header, keys))
}

fn check_epoch(found: u64, expected: Option<u64>) -> Result<()> {
    match expected {
        Some(expected) if found < expected => Err(Error::RolledBack { found, expected }),
        _ => Ok(()),
    }
}

fn is_absent(error: Error, root: &Path) -> Error {
    match error {
        Error::Engine(EngineError::DoesNotExist { .. }) => Error::DataMissing(root.into()),
        other => other,
    }
}

fn assemble(
    (root, options, files): (PathBuf, Options, Arc<MeasuredEnv>),
    lock: Box<dyn LockGuard>,
    opened: Opened,
    header: HeaderState,
) -> Result<Inner> {
    let counters = read_counters(&opened, &header, (&root, &options))?;
    check_epoch(counters.epoch, options.expected_epoch)?;
    let tail = find_tail(&opened)?;
    Ok(Inner {
        root,
        options,
        files,
        opened: ArcSwapOption::from_pointee(opened),
        readers: Readers::default(),
        retired: Mutex::default(),
        writer: Mutex::new(Writer::new(counters, tail)),
        maintenance: Mutex::new(()),
        header: Mutex::new(Some(header)),
        metrics: Mutex::new(Metrics { counters, ..Metrics::default() }),
        closing: AtomicBool::new(false),
        is_compacting: AtomicBool::new(false),
        signal: Arc::default(),
        lock: Mutex::new(Some(lock)),
    })
}

/// The counters, counted anew where they cannot be read.
///
/// They are there since the store was made, so where they are gone data was lost; and where nothing
/// else can be decrypted, this is not the header of this data. Neither is a store to go on with:
/// what follows would write over headers and replace keys.
fn read_counters(
    opened: &Opened,
    header: &HeaderState,
    (root, options): (&Path, &Options),
) -> Result<Counters> {
    let secrets = &header.header.secrets;
    let plain = opened.get(Kind::Message, &layout::COUNTERS, None);
    let is_absent = match plain.map(|plain| plain.map(|plain| Counters::decode(&plain))) {
        Ok(Some(Some(counters))) => return Ok(counters),
        Ok(None) if secrets.fresh => return Ok(Counters::default()),
        Ok(None) => true,
        Ok(Some(None)) => false,
        Err(error) if error.is_damage() => false,
        Err(error) => return Err(error),
    };
    match (opened.is_anything_readable()?, is_absent) {
        (Some(true), _) => {}
        (None, false) if header.unwritten.is_none() => {}
        (_, true) => return Err(Error::DataMissing(root.into())),
        (_, false) => return Err(Error::HeaderDamaged(root.into())),
    }
    recount(opened, secrets.epoch, options)
}

fn recount(opened: &Opened, epoch: u64, options: &Options) -> Result<Counters> {
    let last_backup = options.backups.as_deref().and_then(|directory| {
        // Where there is none, or none can be seen, that is what is known of backups.
        backup::time_of_last(&*options.env, directory).ok()?
    });
    let mut counters =
        Counters { epoch, last_backup: last_backup.unwrap_or(0), ..Counters::default() };
    // Where the counters are gone and more with them, this is not a store to go on with.
    if let Some(damage) = count::all(opened, &opened.db.snapshot()?, &mut counters)? {
        return Err(damage);
    }
    // How often the key was used is not known; half of what it may be has it replaced soon.
    counters.sealed = options.rotate_after;
    options.tell(Event::CountersRebuilt);
    Ok(counters)
}

fn find_tail(opened: &Opened) -> Result<Option<Tail>> {
    let overlay = Overlay::new();
    let last = MessageOrder::now(opened, &overlay)?.last();
    match last {
        // Where no time can be read everything that comes is after it.
        Ok(last) => {
            Ok(last.map(|(label, time)| Tail { label, time: time.unwrap_or(f64::NEG_INFINITY) }))
        }
        // The last block is damaged. What comes goes behind all that the ids know; its order beside
        // what cannot be read is nobody's to say.
        Err(error) if error.is_damage() => find_tail_around(opened),
        Err(error) => Err(error),
    }
}

fn find_tail_around(opened: &Opened) -> Result<Option<Tail>> {
    let known = known::all_messages(opened, &opened.db.snapshot()?)?;
    let Some(last) = known.keys().next_back() else { return Ok(None) };
    let mut time = f64::NEG_INFINITY;
    for label in known.keys().rev() {
        match opened.message(label, None) {
            Ok(Some(message)) => {
                time = message.time;
                break;
            }
            Ok(None) => {}
            Err(error) if error.is_damage() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(Tail { time, label: last.clone() }))
}

impl Inner {
    /// Finishes what an earlier run may have left undone, and begins the next epoch.
    fn settle(&self, fresh: bool) -> Result<()> {
        if fresh {
            self.write_counters(|_| {})?;
            let settled = |secrets: &Secrets| Ok(Secrets { fresh: false, ..secrets.copy() });
            self.write_secrets(settled).map_err(NotWritten::into_error)?;
        }
        match self.mend_header() {
            Ok(()) => self.remove_leftovers()?,
            // One file is enough to go on with; the background goes on trying.
            Err(error) => {
                self.seal_with_older_key()?;
                if !self.leftovers()?.is_empty() {
                    // The other file may lead there, where nothing of what is written now would be.
                    self.writer.lock().refuse(error.clone());
                }
                self.options.tell(Event::HeaderCopyFailed(error));
            }
        }
        if self.options.expected_epoch.is_some() {
            self.begin_epoch()?;
        }
        Ok(())
    }

    /// The header goes first, the database follows, and the host's counter comes last: each is
    /// never behind the next, whatever happens in between.
    fn begin_epoch(&self) -> Result<u64> {
        let header = self.with_header(|state| state.header.secrets.epoch)?;
        let next = header + 1;
        self.write_secrets(|secrets| Ok(Secrets { epoch: next, ..secrets.copy() }))
            .map_err(NotWritten::into_error)?;
        self.write_counters(|counters| counters.epoch = next)?;
        Ok(next)
    }

    fn write_counters(&self, change: impl FnOnce(&mut Counters)) -> Result<()> {
        let mut writer = self.writer.lock();
        writer.check()?;
        let opened = self.opened()?;
        let mut counters = writer.counters;
        change(&mut counters);
        counters.sealed += 1;
        let sealed = opened.sealer.load().seal(&layout::COUNTERS, &counters.encode())?;
        opened.db.put(&layout::COUNTERS, &sealed, Durability::Sync)?;
        writer.counters = counters;
        self.metrics.lock().counters = counters;
        Ok(())
    }
}

impl Store {
    /// The epoch that opening began; what the host is to remember.
    pub fn epoch(&self) -> Result<u64> {
        self.inner.with_header(|state| state.header.secrets.epoch)
    }

    /// Begins another epoch, so that copies made before it are recognised, once the host
    /// remembers it.
    pub fn begin_epoch(&self) -> Result<u64> {
        self.inner.begin_epoch()
    }

    /// Wraps the keys with another password, and with the costs of the options. Nothing is
    /// encrypted again. A power cut leaves one of the two passwords in force.
    pub fn change_password(&self, old: &[u8], new: &[u8]) -> Result<()> {
        self.inner.change_password(old, new)
    }
}
