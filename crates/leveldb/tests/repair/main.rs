//! Repair brings back what can be proven, and nothing else.
//!
//! `SIGIL_LONG=1` damages every byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod damage;
mod directory;
mod interrupted;
mod sample;
mod search;

/// Whether the long form is asked for.
fn is_long() -> bool {
    std::env::var_os("SIGIL_LONG").is_some_and(|value| value == "1")
}
