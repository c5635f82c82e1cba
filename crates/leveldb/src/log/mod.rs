//! The log: a file of records that is only ever appended to. Write-ahead logs hold a batch in each
//! record, manifests a version edit.
//!
//! The file is a row of 32 KiB blocks. A record that does not fit what is left of its block is cut
//! into fragments, one a block; each fragment is a *physical* record with a checksum of its own.
//! Because every block starts with a physical record, a reader that met damage finds its way again
//! at the next block. `docs/format/log.md` has the layout.
//!
//! A crash may leave the last record incomplete, and that is no damage: the record was never
//! acknowledged as durable. Anything else that does not check is damage, and has to be reported.
//! Telling the two apart is the subject of [`tail`].

mod blocks;
mod flip;
mod reader;
mod record;
mod tail;
mod writer;

#[cfg(test)]
mod tests;

pub(crate) use reader::{LogEnd, LogRead, LogReader};
pub(crate) use writer::LogWriter;
