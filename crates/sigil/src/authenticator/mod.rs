//! Code that carries the name of a record by which it can be told whether it is still what was
//! signed.
//!
//! [`sign`] puts a header before a code and gives the record to be stored; [`find`] gives what names
//! the record of a file, and [`verify`] says whether the file, the header and the record belong
//! together, and if not, which of them was changed. Digests are keyed: who has no key can make
//! neither a record nor a header.

mod canonical;
mod dna;
mod header;
mod seal;
mod sign;
mod sketch;
#[cfg(test)]
mod tests;
mod verify;

pub use header::{Found, Header, find};
pub use seal::Key;
pub use sign::{Draft, Signed, sign};
pub use verify::{Reason, check_header, verify};

/// Lists and objects in a state or a context are in so many others at most. Well below where a record
/// that has them, or a store, stops reading.
pub const DEEPEST: usize = 100;

/// Why something cannot be signed or verified at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthenticatorError {
    /// A key has 32 bytes.
    #[error("a key is 64 hex digits")]
    Key,
    /// What should be JSON is not, or has half a character in it.
    #[error("the state and the context are JSON of well-formed text")]
    Json,
    /// What is nested deeper could be signed, and not be read again.
    #[error("the state and the context are nested at most {DEEPEST} deep")]
    TooDeep,
}
