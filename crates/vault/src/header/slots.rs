//! Where the header stands: in two files, so that a sector that goes bad does not take the store
//! with it.
//!
//! Each file is replaced by a rename of one that was synced, the first before the second. A crash
//! leaves both old, both new, or the newer one first; the larger sequence number is in force, and
//! opening brings the other up to it, once the header was seen to open a record.
//!
//! IMPORTANT: a header counts as written when both files have it. Whoever loses one file must find
//! in the other the keys and the directory of all that was acknowledged, and the password that is
//! in force; so nothing that only the older header leads to may be destroyed before.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::Env;

use super::{ClosedHeader, NoHeader};
use crate::error::{Error, Result};

/// The files, the one that is written first at first.
pub(crate) const FILES: [&str; 2] = ["keys-a", "keys-b"];

const LIMIT: u64 = 64 << 10;

/// What stands in the two files.
#[derive(Debug)]
pub(crate) enum Found {
    /// Neither file is there.
    Nothing,
    /// None of what is there can be trusted, or the files contradict each other.
    Damaged,
    /// Written by a later version.
    Unsupported,
    /// The header in force, and whether both files have it.
    Header { header: ClosedHeader, bytes: Vec<u8>, both: bool },
}

/// Looks at the files.
pub(crate) fn load(env: &dyn Env, root: &Path) -> Result<Found> {
    let (mut contents, mut failure) = (Vec::new(), None);
    for name in FILES {
        // A file that the disk does not give is as good as damaged, if the other one is whole.
        match read(env, &root.join(name)) {
            Ok(content) => contents.push(content),
            Err(error) => failure = Some(error),
        }
    }
    if failure.is_none() && contents.iter().all(Option::is_none) {
        return Ok(Found::Nothing);
    }
    let parsed: Vec<_> =
        contents.iter().flatten().map(|bytes| (ClosedHeader::parse(bytes), bytes)).collect();
    if parsed.iter().any(|(parsed, _)| *parsed == Err(NoHeader::Unsupported)) {
        return Ok(Found::Unsupported);
    }
    let headers: Vec<_> =
        parsed.into_iter().filter_map(|(parsed, bytes)| Some((parsed.ok()?, bytes))).collect();
    if let [first, second] = headers.as_slice()
        && contradict(first, second)
    {
        return Ok(Found::Damaged);
    }
    let Some((header, bytes)) = headers.into_iter().max_by_key(|(header, _)| header.sequence)
    else {
        return failure.map_or(Ok(Found::Damaged), Err);
    };
    let bytes = bytes.clone();
    let both = contents.iter().filter(|content| content.as_ref() == Some(&bytes)).count() == 2;
    Ok(Found::Header { header, bytes, both })
}

/// Whether two headers cannot stand side by side by anything that is done here: those of two stores,
/// and two of one number. One of them was put there, and the other may be all that has the keys.
fn contradict(first: &(ClosedHeader, &Vec<u8>), second: &(ClosedHeader, &Vec<u8>)) -> bool {
    first.0.store != second.0.store || first.0.sequence == second.0.sequence && first.1 != second.1
}

/// What a file has after writing a header was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Has {
    Old,
    /// Either, and after a power cut perhaps the other.
    Either,
    New,
}

/// Why a header is not in both files.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) error: Error,
    pub(crate) files: [Has; 2],
}

/// Writes a header into both files.
pub(crate) fn store(env: &dyn Env, root: &Path, bytes: &[u8]) -> Result<(), Stopped> {
    let [first, second] = FILES;
    replace(env, root, first, bytes)
        .map_err(|(error, has)| Stopped { error, files: [has, Has::Old] })?;
    replace(env, root, second, bytes)
        .map_err(|(error, has)| Stopped { error, files: [Has::New, has] })
}

/// Writes a header into those files that have it not.
pub(crate) fn complete(env: &dyn Env, root: &Path, bytes: &[u8]) -> Result<()> {
    let mut outcome = Ok(());
    for name in FILES {
        if !matches!(read(env, &root.join(name)), Ok(Some(found)) if found == bytes) {
            let replaced = replace(env, root, name, bytes).map_err(|(error, _)| error);
            outcome = outcome.and(replaced);
        }
    }
    // A file that had it may have got it by a renaming that was never synced.
    outcome.and_then(|()| sync_names(env, root))
}

/// Makes the names in the store's directory survive a power cut.
pub(crate) fn sync_names(env: &dyn Env, root: &Path) -> Result<()> {
    env.sync_dir(root).map_err(Error::io(IoOperation::SyncDir, root))
}

/// Where a file is written before it gets its name.
pub(crate) fn fresh(root: &Path, name: &str) -> PathBuf {
    root.join(format!("{name}.new"))
}

/// An error comes with what the file has.
fn replace(env: &dyn Env, root: &Path, name: &str, bytes: &[u8]) -> Result<(), (Error, Has)> {
    let path = root.join(name);
    let fresh = fresh(root, name);
    write_whole(env, &fresh, bytes).map_err(|error| (error, Has::Old))?;
    env.rename(&fresh, &path)
        .map_err(Error::io(IoOperation::Rename, &path))
        // IMPORTANT: only now the new header survives a power cut; what it replaces may go after.
        .and_then(|()| sync_names(env, root))
        .map_err(|error| (error, Has::Either))
}

fn write_whole(env: &dyn Env, path: &Path, bytes: &[u8]) -> Result<()> {
    let file = env.create(path).map_err(Error::io(IoOperation::Create, path))?;
    file.append(bytes).map_err(Error::io(IoOperation::Write, path))?;
    file.sync().map_err(Error::io(IoOperation::Sync, path))
}

fn read(env: &dyn Env, path: &Path) -> Result<Option<Vec<u8>>> {
    let file = match env.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(IoOperation::Open, path)(error)),
    };
    let size = file.size().map_err(Error::io(IoOperation::Stat, path))?;
    // No header is that large: what is cut off here does not parse.
    let mut bytes = vec![0; usize::try_from(size.min(LIMIT)).unwrap_or(0)];
    let read = file.read_at(0, &mut bytes).map_err(Error::io(IoOperation::Read, path))?;
    bytes.truncate(read);
    Ok(Some(bytes))
}
