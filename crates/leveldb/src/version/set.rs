//! The version set: the version in force, and the manifest that makes it durable.
//!
//! Every change is an edit, appended to the manifest and synced before anybody sees the new
//! version. What makes this safe is what happens when that fails:
//!
//! * A manifest whose append or sync failed is never written again: nobody knows which of its last
//!   edits the disk has. The next change begins a new manifest with the whole state.
//! * Until `CURRENT` durably names the new manifest, a crash may bring the old one back, with or
//!   without the edit that failed. So the tables which that edit added stay on the disk until then
//!   (`doubtful`), and nothing that the old manifest names is removed, because removals come only
//!   from later edits.

use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Version;
use super::builder::VersionBuilder;
use super::edit::{NewFile, VersionEdit};
use super::file::Trash;
use crate::env::Env;
use crate::error::{Error, IoOperation, Result};
use crate::file_name;
use crate::format::{COMPARATOR_NAME, LEVELS};
use crate::log::LogWriter;

/// A manifest that has grown by this much is begun anew: opening reads all of it.
const MANIFEST_SIZE_LIMIT: u64 = 4 * 1024 * 1024;

/// Numbers for new files. Shared, so that a writer who needs a log does not wait for a manifest.
#[derive(Debug, Default)]
pub(crate) struct FileNumbers(AtomicU64);

impl FileNumbers {
    pub(crate) fn new(next: u64) -> Self {
        Self(AtomicU64::new(next))
    }

    pub(crate) fn take(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn next(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct VersionSet {
    env: Arc<dyn Env>,
    directory: PathBuf,
    numbers: Arc<FileNumbers>,
    trash: Arc<Trash>,
    current: Arc<Version>,
    manifest: Option<LogWriter>,
    /// The manifests that there may be: the one in force, and those that were to take its place.
    manifests: Vec<u64>,
    manifest_number: u64,
    /// Tables named only by edits that failed.
    doubtful: Vec<u64>,
    log_number: u64,
    /// The last sequence number that is in a table. Not the last one there is: recovery compares it
    /// with the logs to notice that an edit is missing.
    last_sequence: u64,
    compact_pointers: [Vec<u8>; LEVELS],
}

/// What a version set starts from.
#[derive(Default)]
pub(crate) struct VersionSetState {
    pub(crate) current: Version,
    pub(crate) log_number: u64,
    pub(crate) last_sequence: u64,
    pub(crate) compact_pointers: [Vec<u8>; LEVELS],
    /// The manifest in force, which the first change replaces.
    pub(crate) manifest_number: Option<u64>,
}

impl VersionSet {
    pub(crate) fn new(
        env: Arc<dyn Env>,
        directory: PathBuf,
        numbers: Arc<FileNumbers>,
        trash: Arc<Trash>,
        state: VersionSetState,
    ) -> Self {
        Self {
            env,
            directory,
            numbers,
            trash,
            current: Arc::new(state.current),
            manifest: None,
            manifests: state.manifest_number.into_iter().collect(),
            manifest_number: state.manifest_number.unwrap_or(0),
            doubtful: Vec::new(),
            log_number: state.log_number,
            last_sequence: state.last_sequence,
            compact_pointers: state.compact_pointers,
        }
    }

    pub(crate) fn current(&self) -> &Arc<Version> {
        &self.current
    }

    pub(crate) fn log_number(&self) -> u64 {
        self.log_number
    }

    pub(crate) fn last_sequence(&self) -> u64 {
        self.last_sequence
    }

    /// Where the last compaction of a level ended; empty where none was.
    pub(crate) fn compact_pointers(&self) -> &[Vec<u8>; LEVELS] {
        &self.compact_pointers
    }

    /// Makes `edit` durable and puts its version in force. After an error the version in force is
    /// the same as before, and the edit can be tried again.
    pub(crate) fn apply(&mut self, mut edit: VersionEdit) -> Result<Arc<Version>> {
        let mut builder = VersionBuilder::new(&self.current, Arc::clone(&self.trash));
        let manifest_path = file_name::manifest(&self.directory, self.manifest_number);
        let inconsistent = |kind| Error::corruption(&manifest_path, None, kind);
        builder.apply(&edit).map_err(inconsistent)?;
        let next = Arc::new(builder.build().map_err(inconsistent)?);

        let full = |manifest: &LogWriter| manifest.offset() > MANIFEST_SIZE_LIMIT;
        if self.manifest.as_ref().is_none_or(full)
            && let Err(error) = self.begin_manifest()
        {
            // No manifest has heard of the edit: what it added is of use to nobody.
            self.added_by(&edit).for_each(|number| self.trash.add(number));
            return Err(error);
        }
        edit.next_file_number = Some(self.numbers.next());
        edit.prev_log_number = edit.log_number.map(|_| 0);
        if let Err(error) = self.append(&edit) {
            self.manifest = None;
            let added: Vec<u64> = self.added_by(&edit).collect();
            self.doubtful.extend(added);
            return Err(error);
        }
        self.log_number = edit.log_number.unwrap_or(self.log_number);
        self.last_sequence = edit.last_sequence.unwrap_or(self.last_sequence);
        for (level, key) in edit.compact_pointers {
            if let Some(pointer) = self.compact_pointers.get_mut(level) {
                *pointer = key;
            }
        }
        let previous = mem::replace(&mut self.current, Arc::clone(&next));
        mark_replaced(&previous, &next, &edit.deleted_files);
        Ok(next)
    }

    /// The files that an edit brings. One that it merely moves to another level is in force whatever
    /// becomes of the edit.
    fn added_by(&self, edit: &VersionEdit) -> impl Iterator<Item = u64> {
        let in_force = |number| self.current.all_files().any(|(_, file)| file.number == number);
        let numbers = edit.new_files.iter().map(|(_, file)| file.number);
        numbers.filter(move |&number| !in_force(number))
    }

    fn append(&mut self, edit: &VersionEdit) -> Result<()> {
        let Some(manifest) = &mut self.manifest else {
            return Err(Error::Closed);
        };
        let mut record = Vec::new();
        edit.encode(&mut record);
        manifest.add_record(&[&record])?;
        manifest.file().sync().map_err(Error::io(IoOperation::Sync, manifest.path()))
    }

    /// Begins a manifest with the state as it is and points `CURRENT` at it.
    pub(crate) fn begin_manifest(&mut self) -> Result<()> {
        self.manifest = None;
        let number = self.numbers.take();
        let path = file_name::manifest(&self.directory, number);
        let env = Arc::clone(&self.env);
        let file = env.create(&path).map_err(Error::io(IoOperation::Create, &path))?;
        self.manifests.push(number);
        let mut manifest = LogWriter::new(file, path);
        let mut record = Vec::new();
        self.snapshot().encode(&mut record);
        manifest.add_record(&[&record])?;
        manifest.file().sync().map_err(Error::io(IoOperation::Sync, manifest.path()))?;
        point_current_at(&*env, &self.directory, number)?;

        // IMPORTANT: only now, with CURRENT durable, can no crash bring an older manifest back.
        self.manifest = Some(manifest);
        self.manifest_number = number;
        let old = mem::replace(&mut self.manifests, vec![number]);
        for old in old.into_iter().filter(|&old| old != number) {
            // A manifest that stays behind is removed when the database is opened next.
            let _ = env.remove(&file_name::manifest(&self.directory, old));
        }
        for table in mem::take(&mut self.doubtful) {
            self.trash.add(table);
        }
        Ok(())
    }

    /// Lets go of the manifest, when the database is closed.
    pub(crate) fn close(&mut self) {
        self.manifest = None;
    }

    /// The whole state as one edit.
    pub(crate) fn snapshot(&self) -> VersionEdit {
        let pointers = self.compact_pointers.iter().enumerate();
        VersionEdit {
            comparator: Some(COMPARATOR_NAME.to_owned()),
            log_number: Some(self.log_number),
            prev_log_number: Some(0),
            next_file_number: Some(self.numbers.next()),
            last_sequence: Some(self.last_sequence),
            compact_pointers: pointers
                .filter(|(_, key)| !key.is_empty())
                .map(|(level, key)| (level, key.clone()))
                .collect(),
            deleted_files: Vec::new(),
            new_files: self
                .current
                .all_files()
                .map(|(level, file)| (level, NewFile::of(file)))
                .collect(),
        }
    }
}

/// Files that the edit removed and that did not merely move to another level are obsolete.
fn mark_replaced(previous: &Version, next: &Version, deleted: &[(usize, u64)]) {
    for (level, number) in deleted {
        let moved = next.all_files().any(|(_, file)| file.number == *number);
        if !moved
            && let Some(file) = previous.files(*level).iter().find(|file| file.number == *number)
        {
            file.mark_obsolete();
        }
    }
}

/// Makes `CURRENT` name a manifest: written under another name, synced, renamed, and the rename
/// itself made durable. C++ LevelDB leaves the last step out; a power cut can then bring back a
/// `CURRENT` that names a removed manifest.
pub(crate) fn point_current_at(env: &dyn Env, directory: &Path, manifest: u64) -> Result<()> {
    // IMPORTANT: names may reach the disk in any order, so the manifest's has to be there first.
    env.sync_dir(directory).map_err(Error::io(IoOperation::SyncDir, directory))?;
    let temporary = file_name::temporary(directory, manifest);
    let current = file_name::current(directory);
    let written = env
        .create(&temporary)
        .map_err(Error::io(IoOperation::Create, &temporary))
        .and_then(|file| {
            file.append(format!("MANIFEST-{manifest:06}\n").as_bytes())
                .map_err(Error::io(IoOperation::Write, &temporary))?;
            file.sync().map_err(Error::io(IoOperation::Sync, &temporary))
        })
        .and_then(|()| {
            env.rename(&temporary, &current).map_err(Error::io(IoOperation::Rename, &current))
        });
    if let Err(error) = written {
        let _ = env.remove(&temporary);
        return Err(error);
    }
    env.sync_dir(directory).map_err(Error::io(IoOperation::SyncDir, directory))
}

#[cfg(test)]
mod tests;
