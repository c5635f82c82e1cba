//! The ids of memories: UUIDs of version 7, which are in the order in which they were made. So the
//! keys of a store have memories in their order too, of equal milliseconds as well.

use uuid::timestamp::context::ContextV7;
use uuid::{Timestamp, Uuid};

/// Makes them.
#[derive(Debug)]
pub struct Ids {
    context: ContextV7,
}

impl Default for Ids {
    fn default() -> Self {
        Self { context: ContextV7::new() }
    }
}

impl Ids {
    /// The next one, at a time in milliseconds.
    pub fn next(&self, calendar: i64) -> String {
        let milliseconds = u64::try_from(calendar).unwrap_or(0);
        let nanoseconds = u32::try_from(milliseconds % 1000 * 1_000_000).unwrap_or(0);
        let time = Timestamp::from_unix(&self.context, milliseconds / 1000, nanoseconds);
        Uuid::new_v7(time).to_string()
    }
}
