//! Damage: one database, and everything that can happen to its files while nobody looks. A byte
//! changes, a file is cut, vanishes, is emptied, filled with something else, or takes the place of
//! another. Whatever it is, each operation gives the right data or a typed error. The one thing
//! that may be missing without an error is the end of the newest log, if that log was cut: this is
//! what a crash leaves.
//!
//! After each damage the database is opened, every key read, everything scanned in both directions,
//! verified, compacted, read again, closed, opened and read once more ([`check`]), under a watch for
//! hangs, panics of background threads and memory ([`guard`]).
//!
//! `SIGIL_LONG=1` makes it all bytes of a larger database, with every bit of them.

// A counting allocator cannot be written without it.
#![allow(unsafe_code)]
// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod check;
mod cuts;
mod files;
mod flips;
mod guard;
mod modes;
mod sample;
mod twins;

#[path = "../common/long.rs"]
mod long;
#[path = "../common/random.rs"]
mod random;

use long::is_long;
