//! Writing a backup, with memory for a few chunks whatever its size.

use std::path::{Path, PathBuf};

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::Env;
use zstd::stream::write::Encoder;

use super::BackupReport;
use super::chunk_writer::ChunkWriter;
use super::content::{ContentWriter, Entry};
use super::pipe::PipeWriter;
use super::prelude::{self, BackupKeys};
use crate::error::{Error, Result};
use crate::keys::{PasswordKeys, SecretKey};

/// The values of messages are compressed already, so what is left to find is near and soon found.
const COMPRESSION: i32 = 1;

/// See the module's documentation.
pub(crate) struct BackupWriter {
    path: PathBuf,
    /// Ends with the size of the file.
    content: ContentWriter<PipeWriter<u64>>,
}

impl BackupWriter {
    pub(crate) fn begin(
        env: &dyn Env,
        path: &Path,
        keys: &PasswordKeys,
        names: &SecretKey,
        created: u64,
    ) -> Result<Self> {
        let (prelude, BackupKeys { chunks, mask }) = prelude::make(keys, created)?;
        let names = names.copy().masked(&mask);
        let file = env.create(path).map_err(Error::io(IoOperation::Create, path))?;
        let content = ChunkWriter::begin(file, &prelude, chunks)
            .and_then(|chunks| Encoder::new(chunks, COMPRESSION))
            .and_then(|encoder| PipeWriter::begin(encoder, |encoder| encoder.finish()?.finish()))
            .and_then(|pipe| ContentWriter::begin(pipe, created, names.bytes()))
            .map_err(Error::io(IoOperation::Write, path))?;
        Ok(Self { path: path.to_path_buf(), content })
    }

    pub(crate) fn entry(&mut self, entry: &Entry) -> Result<()> {
        self.content.entry(entry).map_err(Error::io(IoOperation::Write, &self.path))
    }

    /// Ends it and makes it durable.
    pub(crate) fn finish(self, skipped: u64) -> Result<BackupReport> {
        let Self { path, content } = self;
        let finished = content.end(skipped).and_then(|(pipe, report)| {
            let bytes = pipe.finish()?;
            Ok(BackupReport { bytes, ..report })
        });
        finished.map_err(Error::io(IoOperation::Write, &path))
    }
}
