//! Entry points for fuzzing: bytes that could come from a disk, given to whoever would read them.
//! Only built for tests and with the feature `fuzzing`; no part of the API.
//!
//! Random bytes get no further than the first checksum. So an input whose first byte is not zero is
//! not read as a file but as the pieces of one, which [`forge`] puts together with the checksums
//! right. Beyond not panicking, each target holds what was accepted against itself: a table that
//! verifies is read the same in all ways, an edit survives its encoding, a strict reader of a log
//! sees what a salvaging one sees.

mod database;
mod forge;
mod parsers;
#[cfg(test)]
mod tests;

pub use database::database;
pub use parsers::{batch, block, log, manifest, table};

/// The rest of the input, raw or forged.
fn file_of(input: &[u8], forge: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    match input.split_first() {
        Some((0, raw)) => raw.to_vec(),
        Some((_, pieces)) => forge(pieces),
        None => Vec::new(),
    }
}
