//! The binding: the only place that knows napi. It converts arguments and results and decides on
//! which thread work is done; what the work is stands in the crates.
//!
//! Every export goes through [`boundary::guard`], so that a defect becomes an error in JavaScript
//! and never ends the process.

pub mod array_texts;
pub mod authenticator;
pub mod boundary;
pub mod bytes;
pub mod cursor;
pub mod database;
pub mod failure;
pub mod gathered;
pub mod gathered_reads;
pub mod handle;
pub mod identity;
pub mod ids;
pub mod job;
pub mod keys;
pub mod open_options;
pub mod reads;
pub mod record_listing;
pub mod record_writes;
pub mod records;
pub mod registry;
pub mod repair;
pub mod timer;
pub mod timer_ticker;
pub mod vault_cipher;
pub mod vault_events;
pub mod vault_failure;
pub mod vault_options;
pub mod vault_reads;
pub mod vault_secret;
pub mod vault_store;
pub mod vault_writes;
pub mod writes;
