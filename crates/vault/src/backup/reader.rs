//! Reading a backup: every byte of it is checked, and only what was checked is given out.

use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sigil_leveldb::IoOperation;
use sigil_leveldb::env::Env;
use zstd::stream::read::Decoder;

use super::BackupReport;
use super::check::EntryCheck;
use super::chunk_reader::{ChunkReader, Damage, is_hash_right};
use super::content::{ContentReader, Entry};
use super::pipe::PipeReader;
use super::prelude::{self, BackupKeys, Prelude};
use crate::error::{Error, Result};
use crate::keys::{PasswordKeys, SecretKey};
use crate::record::StoredMessage;

/// A backup that is open at its first entry.
pub(crate) struct Contents {
    path: PathBuf,
    bytes: u64,
    /// What the names in it were made with.
    pub(crate) names: SecretKey,
    /// Ends with whether nothing follows what was decompressed.
    content: ContentReader<PipeReader<bool>>,
}

/// Opens a backup. `known` are the keys at hand, which fit where nothing has changed since.
pub(crate) fn read(
    env: &dyn Env,
    path: &Path,
    password: &[u8],
    known: Option<&PasswordKeys>,
) -> Result<Contents> {
    let file = env.open(path).map_err(Error::io(IoOperation::Open, path))?;
    let damaged = |what| Error::BackupDamaged { path: path.into(), what };
    let mut bytes = [0; prelude::SIZE];
    let read = file.read_at(0, &mut bytes).map_err(Error::io(IoOperation::Read, path))?;
    if read < bytes.len() {
        return Err(damaged("it is too short"));
    }
    let prelude = Prelude::parse(&bytes).map_err(|why| why.into_error(path))?;
    let keys = match known.filter(|keys| keys.salt == prelude.salt && keys.kdf == prelude.kdf) {
        Some(keys) if keys.check == prelude.check => prelude.open(keys)?,
        _ => {
            // Damage here looks like another password, or like costs that take hours to try.
            if !is_hash_right(&*file).map_err(Error::io(IoOperation::Read, path))? {
                return Err(damaged("its hash is another"));
            }
            let keys = PasswordKeys::checked(password, prelude.kdf, prelude.salt, &prelude.check)?;
            prelude.open(&keys)?
        }
    };
    let BackupKeys { chunks, mask } = keys.ok_or_else(|| damaged("its beginning was changed"))?;
    let failed = |error| from_io(error, path);
    let size = file.size().map_err(failed)?;
    let chunks = ChunkReader::begin(file, prelude.bytes(), chunks).map_err(failed)?;
    let decoder = Decoder::new(chunks).map_err(failed)?;
    let pipe = PipeReader::begin(decoder, end_of).map_err(failed)?;
    let (content, names) = ContentReader::begin(pipe, prelude.created).map_err(failed)?;
    let names = SecretKey::from_slice(&names).ok_or_else(|| damaged("its beginning is short"))?;
    let names = names.masked(&mask);
    Ok(Contents { path: path.to_path_buf(), bytes: size, names, content })
}

impl Contents {
    /// Gives every entry to `take`, and what is in it if it is a message. Only when this is done
    /// all of the backup is known to be whole.
    pub(crate) fn each(
        mut self,
        mut take: impl FnMut(Entry, Option<StoredMessage<Bytes>>) -> Result<()>,
    ) -> Result<BackupReport> {
        let mut check = EntryCheck::new(self.path.clone(), &self.names)?;
        while let Some(entry) = self.content.next().map_err(|error| from_io(error, &self.path))? {
            let message = check.take(&entry)?;
            take(entry, message)?;
        }
        let (pipe, report) = self.content.into_parts();
        if !pipe.finish().map_err(|error| from_io(error, &self.path))? {
            let what = "something follows its end";
            return Err(Error::BackupDamaged { path: self.path, what });
        }
        Ok(BackupReport { bytes: self.bytes, ..report })
    }
}

/// Checks the file behind what was decompressed, and says whether all was.
fn end_of(decoder: Decoder<'static, BufReader<ChunkReader>>) -> io::Result<bool> {
    let rest = decoder.finish();
    if !rest.buffer().is_empty() {
        return Ok(false);
    }
    rest.into_inner().finish().map(|()| true)
}

fn from_io(error: io::Error, path: &Path) -> Error {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
    let damage = error.get_ref().and_then(|source| source.downcast_ref::<Damage>());
    if let Some(Damage(what)) = damage {
        return Error::BackupDamaged { path: path.into(), what };
    }
    match error.kind() {
        // What the decompressor says.
        InvalidData | InvalidInput | UnexpectedEof | Other if error.raw_os_error().is_none() => {
            Error::BackupDamaged { path: path.into(), what: "it does not decompress" }
        }
        _ => Error::io(IoOperation::Read, path)(error),
    }
}
