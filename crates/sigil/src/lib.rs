//! Sigil records: what names them and what their rules are. Pure Rust; knows neither a database
//! nor JavaScript.
#![forbid(unsafe_code)]

pub mod authenticator;
pub mod identity;
pub mod keys;
pub mod records;
