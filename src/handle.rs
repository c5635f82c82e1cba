//! Numbers by which a thread's JavaScript names the databases that it holds, for the calls that
//! are made by the hundred thousand a second: what napi does to find the object behind a method
//! call takes ten times as long as to look a number up, and as long as a write to the memtable.

use std::cell::RefCell;
use std::sync::Arc;

use crate::boundary::{Result, guard};
use crate::database::Held;
use crate::failure::Failure;

thread_local! {
    static HELD: RefCell<Vec<Option<Arc<Held>>>> = const { RefCell::new(Vec::new()) };
}

/// Gives a database a number on this thread.
pub fn register(held: Arc<Held>) -> u32 {
    HELD.with_borrow_mut(|slots| {
        let free = slots.iter().position(Option::is_none).unwrap_or(slots.len());
        match slots.get_mut(free) {
            Some(slot) => *slot = Some(held),
            None => slots.push(Some(held)),
        }
        u32::try_from(free).unwrap_or(u32::MAX)
    })
}

/// Takes a number back. What it named is dropped by the caller, who may have to wait for that.
pub fn release(handle: u32) -> Option<Arc<Held>> {
    // A thread that is ending may have dropped its slots already.
    HELD.try_with(|slots| slots.borrow_mut().get_mut(handle as usize)?.take()).ok().flatten()
}

/// Runs the body of an export with the database of a number.
pub fn with<T>(
    handle: u32,
    body: impl FnOnce(&Held) -> std::result::Result<T, Failure>,
) -> Result<T> {
    guard(|| {
        HELD.with_borrow(|slots| match slots.get(handle as usize) {
            Some(Some(held)) => body(held),
            _ => Err(Failure::new("LEVEL_DATABASE_NOT_OPEN", "the database is not open")),
        })
    })
}
