//! Going past damage.
//!
//! A cursor stops at the first block that it cannot read, because what it would show behind it may
//! be wrong: an entry whose newer version, or whose deletion, stands in that block. Whoever can
//! live with that lets the cursors underneath go on to the next block, table or file, and note here
//! what they left out. The one on top tells of it before it shows anything behind it.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::error::{Error, Result};

/// Whether cursors go past damage, and what they went past. Clones share their notes.
#[derive(Clone, Default)]
pub(crate) struct PastDamage(Option<Arc<Mutex<VecDeque<Error>>>>);

impl PastDamage {
    pub(crate) fn new(goes_on: bool) -> Self {
        Self(goes_on.then(Arc::default))
    }

    pub(crate) fn goes_on(&self) -> bool {
        self.0.is_some()
    }

    /// Takes note of damage that stopped a move, so that it can go on. Other errors stay what they
    /// are, and so does damage where nobody wants to go past it.
    pub(crate) fn pass(&self, moved: Result<()>) -> Result<()> {
        match (moved, &self.0) {
            (Err(error), Some(notes)) if error.is_corruption() => {
                let mut notes = notes.lock();
                // A search may come to the same block from both sides.
                if !notes.iter().any(|noted| is_same(noted, &error)) {
                    notes.push_back(error);
                }
                Ok(())
            }
            (moved, _) => moved,
        }
    }

    /// What was noted first and not taken yet.
    pub(crate) fn take(&self) -> Option<Error> {
        self.0.as_ref()?.lock().pop_front()
    }
}

fn is_same(one: &Error, other: &Error) -> bool {
    let place = |error: &Error| match error {
        Error::Corruption { path, offset, .. } => Some((path.clone(), *offset)),
        _ => None,
    };
    place(one) == place(other)
}
