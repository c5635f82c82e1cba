//! Ids for what is kept in order, for JavaScript that has no identity at hand.

use std::sync::LazyLock;

use napi_derive::napi;
use parking_lot::Mutex;
use sigil_records::identity::Ids;

use crate::boundary::{Result, guard};

static IDS: LazyLock<Mutex<Ids>> = LazyLock::new(Mutex::default);

/// The next id of the process, at a time in milliseconds.
#[napi]
pub fn new_id(milliseconds: f64) -> Result<String> {
    guard(|| Ok(IDS.lock().next(milliseconds as i64)))
}
