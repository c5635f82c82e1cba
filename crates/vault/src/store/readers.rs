//! Who is reading.
//!
//! A reader keeps what it looks at in the files, also what is deleted meanwhile. Each holds the turn
//! in which it began; whoever wants something out of the files begins another turn and waits until
//! nobody holds the last one.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

use super::opened::Opened;
use crate::error::Result;

/// How often it is looked whether readers are done.
const LOOK: Duration = Duration::from_millis(1);

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Readers(ArcSwap<Turn>);

#[derive(Default)]
struct Turn;

/// The database for one reader.
pub(super) struct Reading {
    opened: Arc<Opened>,
    _turn: Arc<Turn>,
}

impl Readers {
    /// The turn is taken before the database is looked at, so that who waits for it misses nobody.
    pub(super) fn begin(&self, open: impl FnOnce() -> Result<Arc<Opened>>) -> Result<Reading> {
        let turn = self.0.load_full();
        Ok(Reading { opened: open()?, _turn: turn })
    }

    /// Waits for those who read already; whether there were any. None of them waits for others, so
    /// it ends, while the store is being closed too.
    pub(super) fn wait(&self) -> bool {
        let last = self.0.swap(Arc::default());
        let are_any = Arc::strong_count(&last) > 1;
        while Arc::strong_count(&last) > 1 {
            std::thread::sleep(LOOK);
        }
        are_any
    }
}

impl Deref for Reading {
    type Target = Opened;

    fn deref(&self) -> &Opened {
        &self.opened
    }
}
