//! The database as JavaScript holds it: opening, closing, and what is not reading or writing.

use std::cell::OnceCell;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use napi_derive::napi;
use parking_lot::Mutex;
use sigil_leveldb::{Db, Error as EngineError, Fault, Job, Options, WriteBatch};

use crate::boundary::{Result, guard};
use crate::bytes::Input;
use crate::failure::Failure;
use crate::gathered::Gathered;
use crate::gathered_reads::GatheredReads;
use crate::handle;
use crate::job::{Promise, on_pool};
use crate::open_options::OpenOptions;
use crate::record_writes::Together;
use crate::registry::Lease;

/// A hold on an open database. Dropped without [`NativeDb::close`], it is released on a thread.
#[napi]
pub struct NativeDb {
    held: Arc<Held>,
    /// Its number on the thread of its JavaScript, once that has asked for it.
    handle: OnceCell<u32>,
}

/// What is behind a hold on an open database.
pub struct Held {
    pub(crate) lease: Arc<Lease>,
    /// Writes that wait to be committed.
    pub(crate) gathered: Mutex<Gathered>,
    /// A batch that one call of JavaScript is putting together.
    pub(crate) batch: Mutex<WriteBatch>,
    /// The same, of records.
    pub(crate) records: Mutex<Together>,
    /// Reads that wait to be answered.
    pub(crate) reads: Mutex<GatheredReads>,
}

impl Held {
    fn new(lease: Lease) -> Self {
        Self {
            lease: Arc::new(lease),
            gathered: Mutex::default(),
            batch: Mutex::default(),
            records: Mutex::default(),
            reads: Mutex::default(),
        }
    }

    pub(crate) fn db(&self) -> &Db {
        &self.lease.opened().db
    }
}

impl Deref for NativeDb {
    type Target = Held;

    fn deref(&self) -> &Held {
        &self.held
    }
}

impl Drop for NativeDb {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.get() {
            drop(handle::release(*handle));
        }
    }
}

/// Opens a directory: alone, or shared with the others of this process that ask for sharing.
#[napi]
pub fn open_database(
    directory: String,
    options: OpenOptions,
    shared: bool,
) -> Result<Promise<NativeDb>> {
    guard(|| {
        let options = options.resolve()?;
        let directory = PathBuf::from(directory);
        Ok(on_pool(move || {
            let lease = if shared && !options.read_only {
                Lease::shared(&directory, options)?
            } else {
                Lease::exclusive(&directory, options)?
            };
            let held = Held::new(lease);
            Ok(NativeDb { held: Arc::new(held), handle: OnceCell::new() })
        }))
    })
}

/// Removes the database in a directory.
#[napi]
pub fn destroy_database(directory: String) -> Result<Promise<()>> {
    guard(|| Ok(on_pool(move || Ok(sigil_leveldb::destroy(directory, &Options::default())?))))
}

/// How the database is.
#[napi(object)]
pub struct NativeHealth {
    /// Jobs that fail at present, with their errors as codes and JSON details.
    pub failures: Vec<NativeJobFailure>,
    /// The disk was found full, and there is no room yet.
    pub out_of_space: bool,
    /// Memtables that wait for their flush.
    pub pending_memtables: u32,
    /// Jobs that have failed since the database was opened, whether or not they still do.
    pub faults: Vec<NativeFault>,
    /// How often the space put aside for a full disk was given up.
    pub reserve_releases: f64,
}

/// What has gone wrong with a background job.
#[napi(object)]
pub struct NativeFault {
    /// `flush`, `compaction` or `sync`.
    pub job: String,
    /// The code of the last error.
    pub code: String,
    /// Its details as JSON.
    pub message: String,
    /// How often it failed.
    pub times: f64,
}

/// The files that a database has open.
#[napi(object)]
pub struct NativeOpenFiles {
    /// Which database of this process, so that those who share one count it once.
    pub database: f64,
    /// Handles.
    pub handles: u32,
}

/// A background job that fails.
#[napi(object)]
pub struct NativeJobFailure {
    /// `flush`, `compaction`, `sync` or `log`.
    pub job: String,
    /// The code of the last error.
    pub code: String,
    /// Its details as JSON.
    pub message: String,
    /// How often it failed since it began to.
    pub attempts: u32,
    /// Milliseconds since it began to fail.
    pub for_milliseconds: f64,
}

#[napi]
impl NativeDb {
    /// Its number for the functions that are called most.
    #[napi]
    pub fn handle(&self) -> Result<u32> {
        guard(|| Ok(*self.handle.get_or_init(|| handle::register(Arc::clone(&self.held)))))
    }

    /// Runs a body with the database on the pool.
    pub(crate) fn on_pool<T>(
        &self,
        body: impl FnOnce(&Db) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<Promise<T>>
    where
        T: napi::bindgen_prelude::ToNapiValue + napi::bindgen_prelude::TypeName + Send + 'static,
    {
        let lease = Arc::clone(&self.lease);
        guard(|| Ok(on_pool(move || body(&lease.opened().db))))
    }

    /// Ends this hold; the last one of a directory closes it.
    #[napi]
    pub fn close(&self) -> Result<Promise<()>> {
        let lease = Arc::clone(&self.lease);
        guard(|| Ok(on_pool(move || Ok(lease.release()?))))
    }

    /// Bytes on the disk of a range, roughly.
    #[napi]
    pub fn approximate_size(&self, from: Input, to: Input) -> Result<Promise<f64>> {
        self.on_pool(move |db| Ok(db.approximate_size(&from.0, &to.0)? as f64))
    }

    /// Compacts a range, both ends included.
    #[napi]
    pub fn compact_range(&self, from: Option<Input>, to: Option<Input>) -> Result<Promise<()>> {
        self.on_pool(move |db| {
            let bound = |input: &Option<Input>| input.as_ref().map(|input| input.0.clone());
            let (from, to) = (bound(&from), bound(&to));
            Ok(db.compact_range(from.as_deref(), to.as_deref())?)
        })
    }

    /// A property of the engine by name.
    #[napi]
    pub fn property(&self, name: String) -> Result<Option<String>> {
        guard(|| Ok(self.db().property(&name)?))
    }

    /// Makes everything written so far durable.
    #[napi]
    pub fn sync(&self) -> Result<Promise<()>> {
        self.on_pool(|db| Ok(db.sync()?))
    }

    /// A consistent copy in a new directory.
    #[napi]
    pub fn checkpoint(&self, directory: String) -> Result<Promise<()>> {
        self.on_pool(move |db| {
            db.checkpoint(directory).map_err(|error| match error {
                // The database is open; it is the place for the copy that will not do.
                EngineError::AlreadyExists { path } => Failure::new(
                    "INVALID_PARAMETERS",
                    "the directory of a checkpoint has files already",
                )
                .with("path", path.to_str()),
                error => error.into(),
            })
        })
    }

    /// Catches up with the writer; for a database opened read-only.
    #[napi]
    pub fn refresh(&self) -> Result<Promise<bool>> {
        self.on_pool(|db| Ok(db.refresh()?))
    }

    /// How the background is doing.
    #[napi]
    pub fn health(&self) -> Result<NativeHealth> {
        guard(|| {
            let health = self.db().health();
            let failures = health.failures.into_iter().map(|failure| {
                let error = Failure::from(failure.error);
                NativeJobFailure {
                    job: name_of(failure.job),
                    code: error.code().to_owned(),
                    message: error.details(),
                    attempts: failure.attempts,
                    for_milliseconds: failure.since.elapsed().as_secs_f64() * 1_000.0,
                }
            });
            Ok(NativeHealth {
                failures: failures.collect(),
                out_of_space: health.out_of_space,
                pending_memtables: u32::try_from(health.pending_memtables).unwrap_or(u32::MAX),
                faults: health.faults.into_iter().map(NativeFault::from).collect(),
                reserve_releases: health.reserve_releases as f64,
            })
        })
    }

    /// The file handles that the engine holds.
    #[napi]
    pub fn open_files(&self) -> Result<NativeOpenFiles> {
        guard(|| {
            let opened = self.lease.opened();
            let handles = u32::try_from(opened.db.open_files().total()).unwrap_or(u32::MAX);
            Ok(NativeOpenFiles { database: opened.id as f64, handles })
        })
    }
}

impl From<Fault> for NativeFault {
    fn from(fault: Fault) -> Self {
        let error = Failure::from(fault.error);
        Self {
            job: name_of(fault.job),
            code: error.code().to_owned(),
            message: error.details(),
            times: fault.times as f64,
        }
    }
}

fn name_of(job: Job) -> String {
    format!("{job:?}").to_lowercase()
}
