//! The messenger's storage: messages, sessions, proofs and peers, encrypted at rest.
//!
//! ```
//! use sigil_storage::{Change, Message, Options, Query, Store};
//!
//! # fn main() -> sigil_storage::Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! # let directory = directory.path().join("store");
//! # let options = Options::default();
//! let store = Store::open(&directory, b"a good password", options)?;
//! store.write(Change::SaveMessage(Message {
//!     id: "m1".into(),
//!     time: 1_700_000_000_000.0,
//!     sender: Some("alice".into()),
//!     recipient: Some("bob".into()),
//!     value: b"hello".to_vec(),
//! }))?;
//! let page = store.messages(&Query { peer: Some("bob"), limit: 50, before: None })?;
//! assert_eq!(page.values[0], b"hello"[..]);
//! store.close()
//! # }
//! ```
//!
//! What stands on the disk is described in `docs/format/vault.md`, and what it is worth against whom
//! in `docs/threat-model.md`. This crate decides; bytes go through the engine and its file system.
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

mod backup;
mod cipher;
mod error;
mod header;
mod kdf;
mod keys;
mod label;
mod layout;
mod measured_env;
mod messenger_cipher;
mod names;
mod opened_cache;
mod options;
mod record;
mod room;
mod seal;
mod store;

pub use backup::{BackupReport, file_name_of as backup_file_name};
pub use error::{Error, Result};
pub use kdf::Kdf;
pub use label::Label;
pub use layout::Kind;
pub use messenger_cipher::MessengerCipher;
pub use options::{Event, Options, Watcher};
pub use store::{
    Before, Cached, Change, Items, Message, Metrics, Page, Query, Stats, Store, Verification,
};
