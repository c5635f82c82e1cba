//! Syncing one log from several threads, honestly.
//!
//! Systems report a page that could not be written once for each open file. If two threads sync the
//! same file at the same time, one is told and the other is not. So syncs of a log take turns, and
//! after one has failed all later ones fail.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::env::WritableFile;
use crate::error::{Error, IoOperation, Result};

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct SyncPoint {
    file: Arc<dyn WritableFile>,
    path: PathBuf,
    failure: Mutex<Option<Error>>,
}

impl SyncPoint {
    pub(crate) fn new(file: Arc<dyn WritableFile>, path: &Path) -> Self {
        Self { file, path: path.to_path_buf(), failure: Mutex::new(None) }
    }

    /// Makes everything durable that was appended before the call.
    pub(crate) fn sync(&self) -> Result<()> {
        let mut failure = self.failure.lock();
        if let Some(error) = &*failure {
            return Err(error.clone());
        }
        self.file.sync().map_err(|source| {
            let error = Error::io(IoOperation::Sync, &self.path)(source);
            *failure = Some(error.clone());
            error
        })
    }
}
