//! Making sure that what was deleted is gone.
//!
//! The engine takes it out of the files, except what somebody is reading: whoever began before the
//! call is waited for. Where a damaged block stands in the way of that, everything
//! that can be read is encrypted with a new key instead, and what had the old one is as good as
//! gone with it.

use super::{Inner, Store};
use crate::error::Result;

impl Store {
    /// Returns when the encrypted bytes of all that was deleted or replaced before the call are in
    /// no file of the store any more; or, where files are damaged, when nothing is left that could
    /// decrypt them. Without it deleted things go within [`crate::Options::erase_within`], replaced
    /// ones when the database comes to it.
    pub fn purge(&self) -> Result<()> {
        self.inner.purge()
    }
}

impl Inner {
    fn purge(&self) -> Result<()> {
        // A backup holds what it reads, and is waited for.
        let _maintenance = self.maintenance.lock();
        // They have what they see as it was when they began.
        self.readers.wait();
        match self.compact_all() {
            // They have the files as they were before.
            Ok(()) if self.readers.wait() => self.compact_all(),
            Err(error) if error.is_damage() => self.destroy_key(),
            outcome => outcome,
        }
    }

    fn compact_all(&self) -> Result<()> {
        Ok(self.opened()?.db.compact_range(None, None)?)
    }
}
