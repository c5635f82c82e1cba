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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};

    #[test]
    fn a_file_whose_sync_failed_is_not_synced_again() {
        let fault = FaultEnv::on_memory(MemoryEnv::new());
        let path = Path::new("/000001.log");
        let point = SyncPoint::new(fault.create(path).unwrap(), path);
        point.sync().unwrap();
        fault.set_plan(FaultPlan::fail_nth(0, errno::EIO).on(IoOperation::Sync));
        assert_eq!(point.sync().unwrap_err().errno(), Some(errno::EIO));
        let syncs = fault.op_count_of(IoOperation::Sync, None);
        assert_eq!(point.sync().unwrap_err().errno(), Some(errno::EIO));
        assert_eq!(fault.op_count_of(IoOperation::Sync, None), syncs);
    }
}
