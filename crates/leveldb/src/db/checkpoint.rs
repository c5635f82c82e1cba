//! Checkpoints: a second database directory that shares the first one's tables.
//!
//! Tables never change once they are written, so a hard link is as good as a copy. The caller has
//! flushed what was in memory; what is linked is one version, and the manifest of the new directory
//! names exactly that. `CURRENT` comes last: a checkpoint that was interrupted is not a database.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use crate::directory;
use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::log::LogWriter;
use crate::version::set::point_current_at;

pub(crate) fn create(core: &Core, directory: &Path) -> Result<()> {
    let env = &*core.env;
    match env.list(directory) {
        Ok(names) if !names.is_empty() => {
            return Err(Error::AlreadyExists { path: directory.to_path_buf() });
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(Error::io(IoOperation::List, directory)(error)),
    }
    directory::make(env, directory)?;
    let made = fill(core, directory);
    if made.is_err() {
        remove(env, directory);
    }
    made
}

fn fill(core: &Core, directory: &Path) -> Result<()> {
    let env = &*core.env;
    // The snapshot's version is held, so its files cannot go before they are linked.
    let (version, mut snapshot) = {
        let versions = core.versions.lock();
        (Arc::clone(versions.current()), versions.snapshot())
    };
    for (_, file) in version.all_files() {
        share(env, &source_of(core, file.number), &file_name::table(directory, file.number))?;
    }
    let number = core.numbers.next();
    snapshot.log_number = Some(0);
    snapshot.next_file_number = Some(number + 1);
    let path = file_name::manifest(directory, number);
    let file = env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
    let mut manifest = LogWriter::new(file, path.clone());
    let mut record = Vec::new();
    snapshot.encode(&mut record);
    manifest.add_record(&[&record])?;
    manifest.file().sync().map_err(Error::io(IoOperation::Sync, &path))?;
    // Makes the names of the tables and the manifest durable before CURRENT is.
    point_current_at(env, directory, number)
}

/// A table's path, under the name that it has.
fn source_of(core: &Core, number: u64) -> PathBuf {
    let path = file_name::table(&core.directory, number);
    if core.env.size(&path).is_ok() { path } else { file_name::old_table(&core.directory, number) }
}

/// Links a file, or copies it where linking is not possible.
fn share(env: &dyn Env, from: &Path, to: &Path) -> Result<()> {
    match env.hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(Error::io(IoOperation::Link, from)(error))
        }
        Err(_) => directory::copy(env, from, to),
    }
}

/// Takes back a checkpoint that could not be finished, as far as that is possible.
fn remove(env: &dyn Env, directory: &Path) {
    for name in env.list(directory).unwrap_or_default() {
        let _ = env.remove(&directory.join(name));
    }
    let _ = env.remove_dir(directory);
}
