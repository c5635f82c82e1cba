//! Finding, changing and listing sigil records in any ordered map of bytes.
//!
//! A record of nearly every tuple lies under its key, and there is nothing to decide. Where old
//! code may have left a record under a key that several tuples share, what is found decides: see
//! `docs/format/keys.md`. The functions here are given a way to read and answer with what to do;
//! they neither write nor know where the bytes are.

mod change;
mod find;
mod json;
mod listing;
mod stamp;
#[cfg(test)]
mod tests;

pub use change::{Change, Write, plan};
pub use find::{find, is_simple};
pub use json::is_json;
pub use listing::{Left, Place, left_by_old_code, place_in_listing};
pub use stamp::stamp;
