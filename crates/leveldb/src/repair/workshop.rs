//! The tables that a repair writes. Until the result is put in force they have names that no opening
//! and no other repair takes for tables, so an interrupted repair leaves nothing to mistake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::env::{Env, WritableFile};
use crate::error::{Error, IoOperation, Result};
use crate::file_name::{self, FileKind};
use crate::options::Options;
use crate::table::{TableBuilder, TableOptions, TableSummary};

/// Where new files are made, and how to take them back.
pub(super) struct Workshop {
    pub(super) env: Arc<dyn Env>,
    pub(super) directory: PathBuf,
    options: TableOptions,
    next_number: u64,
    made: Vec<PathBuf>,
}

/// A table that is being written.
pub(super) struct NewTable {
    number: u64,
    path: PathBuf,
    file: Arc<dyn WritableFile>,
    builder: TableBuilder,
}

/// A table that was written.
#[derive(Debug)]
pub(super) struct FinishedTable {
    pub(super) number: u64,
    pub(super) path: PathBuf,
    pub(super) summary: TableSummary,
}

impl Workshop {
    pub(super) fn new(options: &Options, directory: &Path, next_number: u64) -> Self {
        Self {
            env: Arc::clone(&options.env),
            directory: directory.to_path_buf(),
            options: TableOptions::from(options),
            next_number,
            made: Vec::new(),
        }
    }

    pub(super) fn take_number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number - 1
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Says that a file was, or is about to be, made.
    pub(super) fn will_make(&mut self, path: &Path) {
        self.made.push(path.to_path_buf());
    }

    pub(super) fn begin_table(&mut self) -> Result<NewTable> {
        let number = self.take_number();
        let path = file_name::temporary(&self.directory, number);
        self.will_make(&path);
        let file = self.env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
        let builder = TableBuilder::new(Arc::clone(&file), path.clone(), self.options.clone());
        Ok(NewTable { number, path, file, builder })
    }

    /// Gives a finished table the name of one.
    pub(super) fn name_table(&mut self, table: &FinishedTable) -> Result<()> {
        let path = file_name::table(&self.directory, table.number);
        self.will_make(&path);
        self.env.rename(&table.path, &path).map_err(Error::io(IoOperation::Rename, &path))
    }

    /// Makes everything that was made stay, except for what only the repair needed.
    pub(super) fn keep_all(&mut self) {
        self.made.retain(|path| matches!(FileKind::of(path), FileKind::Temporary(_)));
    }

    /// Removes everything that was made and is not to stay, as far as that is possible.
    pub(super) fn discard(&mut self) {
        for path in self.made.drain(..).rev() {
            let _ = self.env.remove(&path);
        }
    }
}

impl NewTable {
    pub(super) fn add(&mut self, internal_key: &[u8], value: &[u8]) -> Result<()> {
        self.builder.add(internal_key, value)
    }

    pub(super) fn size(&self) -> u64 {
        self.builder.estimated_size()
    }

    /// Ends a table that only this repair reads.
    pub(super) fn finish(self) -> Result<FinishedTable> {
        let Self { number, path, builder, .. } = self;
        Ok(FinishedTable { number, path, summary: builder.finish()? })
    }

    /// Ends a table and makes its content durable.
    pub(super) fn finish_durably(self) -> Result<FinishedTable> {
        let file = Arc::clone(&self.file);
        let table = self.finish()?;
        file.sync().map_err(Error::io(IoOperation::Sync, &table.path))?;
        Ok(table)
    }
}
