//! Making sure that what was deleted is gone.

use super::{Inner, Store};
use crate::error::Result;

impl Store {
    /// Returns when the encrypted bytes of all that was deleted or replaced before the call are in
    /// no file of the store any more. Without it that happens within [`crate::Options::erase_within`].
    pub fn purge(&self) -> Result<()> {
        self.inner.purge()
    }
}

impl Inner {
    fn purge(&self) -> Result<()> {
        // A backup holds what it reads, and is waited for.
        let _maintenance = self.maintenance.lock();
        Ok(self.opened()?.db.compact_range(None, None)?)
    }
}
