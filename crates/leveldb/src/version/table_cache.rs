//! Open tables. A table that is open holds a file handle, its index and its filter, so there is a
//! bound on how many are; the least useful is closed first.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quick_cache::sync::Cache;

use crate::env::{Env, ReadableFile};
use crate::error::{CorruptionKind, Error, IoOperation, Result};
use crate::file_name;
use crate::options::Options;
use crate::table::{ReadCache, ReadMode, Table};
use crate::version::file::TableFile;

pub(crate) struct TableCache {
    env: Arc<dyn Env>,
    directory: PathBuf,
    read: Option<Arc<ReadCache>>,
    open: Cache<u64, Arc<Table>>,
    closed: AtomicBool,
}

impl TableCache {
    pub(crate) fn new(directory: PathBuf, options: &Options) -> Self {
        let read = (options.block_cache_size > 0)
            .then(|| Arc::new(ReadCache::new(options.block_cache_size)));
        Self {
            env: Arc::clone(&options.env),
            directory,
            read,
            open: Cache::new(options.max_open_files.max(16)),
            closed: AtomicBool::new(false),
        }
    }

    /// The table of a file, opened if need be. Unless [`ReadMode::Any`] is given, a table that is not
    /// open is [`Error::WouldBlock`].
    pub(crate) fn table(&self, file: &TableFile, mode: ReadMode) -> Result<Arc<Table>> {
        if let Some(table) = file.pinned() {
            return Ok(Arc::clone(table));
        }
        if let Some(table) = self.open.get(&file.number) {
            return Ok(table);
        }
        if mode != ReadMode::Any {
            return Err(Error::WouldBlock);
        }
        let table = Arc::new(self.open_table(file)?);
        file.set_statistics(table.statistics());
        self.open.insert(file.number, Arc::clone(&table));
        if self.closed.load(Ordering::SeqCst) {
            // Closed meanwhile: whoever looked into the cache for the last time may have come
            // before this table.
            self.open.remove(&file.number);
        }
        Ok(table)
    }

    /// Sees to it that what a table counts itself as is known. Where there is room, the table is
    /// open afterwards.
    pub(crate) fn learn_statistics(&self, file: &TableFile) -> Result<()> {
        if (self.open.len() as u64) < self.open.capacity() {
            file.set_statistics(self.table(file, ReadMode::Any)?.statistics());
            return Ok(());
        }
        let (readable, path) = self.open_file(file)?;
        file.set_statistics(Table::read_statistics(readable, path)?);
        Ok(())
    }

    /// Opens a table, past the cache.
    pub(crate) fn open_table(&self, file: &TableFile) -> Result<Table> {
        let (readable, path) = self.open_file(file)?;
        let cache = self.read.clone();
        let table = Table::open(readable, path, file.number, Some(file.size), cache)?;
        table.check_identity(&file.smallest, &file.largest)?;
        Ok(table)
    }

    fn open_file(&self, file: &TableFile) -> Result<(Arc<dyn ReadableFile>, PathBuf)> {
        let mut path = file_name::table(&self.directory, file.number);
        let mut opened = self.env.open(&path);
        if matches!(&opened, Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
            let old = file_name::old_table(&self.directory, file.number);
            let also = self.env.open(&old);
            if !matches!(&also, Err(error) if error.kind() == std::io::ErrorKind::NotFound) {
                opened = also;
                path = old;
            }
        }
        match opened {
            Ok(readable) => Ok((readable, path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(Error::corruption(&path, None, CorruptionKind::MissingFile))
            }
            Err(error) => Err(Error::io(IoOperation::Open, &path)(error)),
        }
    }

    /// Closes a table whose file is going to be removed.
    pub(crate) fn forget(&self, number: u64) {
        self.open.remove(&number);
        if let Some(cache) = &self.read {
            cache.forget(number);
        }
    }

    /// Forgets what it knows of tables that are not among these.
    pub(crate) fn keep_only(&self, numbers: &HashSet<u64>) {
        if let Some(cache) = &self.read {
            cache.keep_only(numbers);
        }
    }

    /// Lets go of all tables, for good. Those that somebody reads are closed when he is done.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.open.clear();
    }

    /// What was read from tables before.
    pub(crate) fn read_cache(&self) -> Option<&ReadCache> {
        self.read.as_deref()
    }

    /// Bytes of indexes and filters of open tables.
    pub(crate) fn table_bytes(&self) -> usize {
        self.open.iter().map(|(_, table)| table.memory()).sum()
    }
}
