//! Checkpoints: a second database directory that shares the first one's tables.
//!
//! Tables never change once they are written, so a hard link is as good as a copy. The caller has
//! flushed what was in memory; what is linked is one version, and the manifest of the new directory
//! names exactly that. `CURRENT` comes last: a checkpoint that was interrupted is not a database.
//!
//! A name in the new directory can be a table of the live database. So nothing is created over a
//! name that exists, and only what a checkpoint made itself is removed when it fails. Of several
//! that are made in one place at once, by whatever handle or process, the one that creates the file
//! `claim` goes on; from its first table or manifest on, the place is not empty any more.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::core::Core;
use crate::directory;
use crate::env::{Env, WritableFile};
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::log::LogWriter;
use crate::version::set::point_current_at;

pub(crate) fn create(core: &Core, directory: &Path) -> Result<()> {
    let _at_files = core.at_files.read();
    core.check_open()?;
    let env = &*core.env;
    let is_new = !look(env, directory, &[])?;
    directory::make(env, directory)?;
    let mut place = Place { env, directory, is_new, made: Vec::new() };
    let made = place.claim().and_then(|()| fill(core, &mut place));
    if made.is_err() {
        place.take_back();
    }
    made
}

/// Refuses a directory in which there is more than `ours`. Says whether there is a directory.
fn look(env: &dyn Env, directory: &Path, ours: &[PathBuf]) -> Result<bool> {
    match env.list(directory) {
        Ok(names) if names.iter().all(|name| ours.contains(&directory.join(name))) => Ok(true),
        Ok(_) => Err(taken(directory)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io(IoOperation::List, directory)(error)),
    }
}

fn taken(directory: &Path) -> Error {
    Error::AlreadyExists { path: directory.to_path_buf() }
}

/// The directory that a checkpoint is made in.
struct Place<'a> {
    env: &'a dyn Env,
    directory: &'a Path,
    /// The directory was made for this.
    is_new: bool,
    made: Vec<PathBuf>,
}

impl Place<'_> {
    /// The name of a temporary file that no database uses: its files are numbered from 1.
    fn claim_path(&self) -> PathBuf {
        file_name::temporary(self.directory, 0)
    }

    fn claim(&mut self) -> Result<()> {
        let path = self.claim_path();
        drop(self.create(&path)?);
        // Again: whoever had the claim before may have made something meanwhile.
        look(self.env, self.directory, &self.made).map(drop)
    }

    fn create(&mut self, path: &Path) -> Result<Arc<dyn WritableFile>> {
        let created = self.env.create_new(path);
        let file = created.map_err(|error| self.refused(IoOperation::Create, path, error))?;
        self.made.push(path.to_path_buf());
        Ok(file)
    }

    fn refused(&self, operation: IoOperation, path: &Path, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::AlreadyExists => taken(self.directory),
            _ => Error::io(operation, path)(error),
        }
    }

    /// Links a file, or copies it where linking is not possible.
    fn share(&mut self, from: &Path, to: &Path) -> Result<()> {
        match self.env.hard_link(from, to) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(Error::io(IoOperation::Link, from)(error));
            }
            // File systems of networks send a call again whose answer was lost, and are told then
            // that the name exists.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if !self.is_link(from, to) {
                    return Err(taken(self.directory));
                }
            }
            Err(_) => {
                let target = self.create(to)?;
                return directory::copy_into(self.env, from, &*target, to);
            }
        }
        self.made.push(to.to_path_buf());
        Ok(())
    }

    fn is_link(&self, from: &Path, to: &Path) -> bool {
        match (self.env.identity(from), self.env.identity(to)) {
            (Ok(from), Ok(to)) => from.is_same_file(&to),
            _ => false,
        }
    }

    /// Makes the directory a database: its manifest is whole and durable.
    fn name(&mut self, manifest: u64) -> Result<()> {
        // It has done its work, and a database has no such file.
        let _ = self.env.remove(&self.claim_path());
        self.made.push(file_name::temporary(self.directory, manifest));
        self.made.push(file_name::current(self.directory));
        // Makes the names of the tables and the manifest durable before CURRENT is.
        point_current_at(self.env, self.directory, manifest)
    }

    /// Removes what was made, as far as that is possible, the name of the database first.
    fn take_back(&self) {
        for path in self.made.iter().rev() {
            let _ = self.env.remove(path);
        }
        if self.is_new {
            let _ = self.env.remove_dir(self.directory);
        }
    }
}

fn fill(core: &Core, place: &mut Place<'_>) -> Result<()> {
    let directory = place.directory;
    // The snapshot's version is held, so its files cannot go before they are linked.
    let (version, mut snapshot) = {
        let versions = core.versions.lock();
        (Arc::clone(versions.current()), versions.snapshot())
    };
    for (_, file) in version.all_files() {
        core.check_open()?;
        place.share(&source_of(core, file.number), &file_name::table(directory, file.number))?;
    }
    let number = core.numbers.next();
    snapshot.log_number = Some(0);
    snapshot.next_file_number = Some(number + 1);
    let path = file_name::manifest(directory, number);
    let mut manifest = LogWriter::new(place.create(&path)?, path.clone());
    let mut record = Vec::new();
    snapshot.encode(&mut record);
    manifest.add_record(&[&record])?;
    manifest.file().sync().map_err(Error::io(IoOperation::Sync, &path))?;
    place.name(number)
}

/// A table's path, under the name that it has.
fn source_of(core: &Core, number: u64) -> PathBuf {
    let path = file_name::table(&core.directory, number);
    if core.env.size(&path).is_ok() { path } else { file_name::old_table(&core.directory, number) }
}
