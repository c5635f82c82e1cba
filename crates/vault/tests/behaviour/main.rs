//! What a store does when nothing goes wrong, and what the messenger's first design got wrong.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod at_once;
mod backups;
mod counts;
mod deletion;
mod epochs;
mod fresh;
mod hostile_times;
mod index;
mod items;
mod keys;
mod model;
mod order;
mod pages;
mod refusals;
mod retention;
mod rotation;
mod secrecy;

#[path = "../common/mod.rs"]
mod common;
