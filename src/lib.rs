//! The binding: the only place that knows napi. It converts arguments and results and decides on
//! which thread work is done; what the work is stands in the crates.
//!
//! Every export goes through [`boundary::guard`], so that a defect becomes an error in JavaScript
//! and never ends the process.

pub mod boundary;
pub mod failure;
pub mod keys;
