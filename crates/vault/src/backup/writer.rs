//! Writing a backup, with memory for a few chunks whatever its size.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::Env;
use zstd::stream::write::Encoder;

use super::BackupReport;
use super::chunk_writer::ChunkWriter;
use super::content::{ContentWriter, Entry};
use super::prelude::{self, BackupKeys};
use crate::error::{Error, Result};
use crate::keys::{PasswordKeys, SecretKey};

/// The values of messages are compressed already, so what is left to find is near and soon found.
const COMPRESSION: i32 = 1;

/// Compressing takes some time to begin, which is too long for a record.
const PIECE: usize = 32 << 10;

/// See the module's documentation.
pub(crate) struct BackupWriter {
    path: PathBuf,
    content: ContentWriter<BufWriter<Encoder<'static, ChunkWriter>>>,
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
            .map(|encoder| BufWriter::with_capacity(PIECE, encoder))
            .and_then(|pieces| ContentWriter::begin(pieces, created, names.bytes()))
            .map_err(Error::io(IoOperation::Write, path))?;
        Ok(Self { path: path.to_path_buf(), content })
    }

    pub(crate) fn entry(&mut self, entry: &Entry) -> Result<()> {
        self.content.entry(entry).map_err(Error::io(IoOperation::Write, &self.path))
    }

    /// Ends it and makes it durable.
    pub(crate) fn finish(self, skipped: u64) -> Result<BackupReport> {
        let Self { path, content } = self;
        let finished = content.end(skipped).and_then(|(pieces, report)| {
            let bytes = pieces.into_inner()?.finish()?.finish()?;
            Ok(BackupReport { bytes, ..report })
        });
        finished.map_err(Error::io(IoOperation::Write, &path))
    }
}
