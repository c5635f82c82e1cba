//! Backups: one file that the password alone restores, on any machine.
//!
//! A prelude with what the password needs, then chunks that are encrypted one by one and in order,
//! then a hash of it all. Inside the chunks, compressed, are the messages, sessions, proofs and
//! peers, and at the end how many there were. `docs/format/vault-backup.md` has the bytes.

mod check;
mod chunk_reader;
mod chunk_writer;
mod content;
mod files;
mod pipe;
mod prelude;
mod reader;
mod writer;

pub(crate) use self::content::Entry;
pub use self::files::file_name_of;
pub(crate) use self::files::{PARTIAL, backups_in, is_partial, prunable, time_of_last};
pub(crate) use self::reader::{Contents, read};
pub(crate) use self::writer::BackupWriter;

/// What a backup that is whole has in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BackupReport {
    /// Milliseconds since 1970 of its making.
    pub created: u64,
    /// Messages.
    pub messages: u64,
    /// Sessions.
    pub sessions: u64,
    /// Proofs.
    pub proofs: u64,
    /// Peers.
    pub peers: u64,
    /// Records that could not be read when it was made, and are not in it.
    pub skipped: u64,
    /// Its size.
    pub bytes: u64,
}
