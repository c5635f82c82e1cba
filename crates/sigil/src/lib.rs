//! Sigil records: what names them and what their rules are. Pure Rust; knows neither a database
//! nor JavaScript.
#![forbid(unsafe_code)]
// A panic here would take the host process down, and a library prints nothing. Tests may do both.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::print_stderr
    )
)]

pub mod keys;
pub mod records;
