//! Repair brings back what can be proven, and nothing else.
//!
//! `SIGIL_LONG=1` damages every byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod damage;
mod directory;
mod interrupted;
mod sample;
mod search;

#[path = "../common/long.rs"]
mod long;

use long::is_long;
