//! What happens to a messenger's store without being asked for, on its way to JavaScript.
//!
//! The function that hears of it is not referenced: a store that waits for its next backup keeps no
//! process alive.

use std::sync::Arc;

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;
use sigil_storage::{Error, Event, Kind, Watcher};

use crate::failure::Failure;

/// An event as JavaScript gets it.
#[napi(object, object_from_js = false)]
pub struct VaultEvent {
    /// `unreadable`, `backupFailed`, `backupMade`, `rotationFailed`, `countersRebuilt` or
    /// `headerCopyFailed`.
    pub event: &'static str,
    /// What cannot be read.
    pub kind: Option<&'static str>,
    /// The ids of what cannot be read, as far as they can be told.
    pub ids: Option<Vec<String>>,
    /// How many cannot be read.
    pub count: Option<u32>,
    /// The file of a backup.
    pub path: Option<String>,
    /// The code of what went wrong, and its details as JSON.
    pub code: Option<&'static str>,
    /// See `code`.
    pub message: Option<String>,
}

impl VaultEvent {
    fn plain(event: &'static str) -> Self {
        Self { event, kind: None, ids: None, count: None, path: None, code: None, message: None }
    }

    fn failed(event: &'static str, error: Error) -> Self {
        let failure = Failure::from(error);
        let (code, message) = (Some(failure.code()), Some(failure.details()));
        Self { code, message, ..Self::plain(event) }
    }
}

impl From<Event> for VaultEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Unreadable { kind, ids, count } => Self {
                kind: Some(name_of(kind)),
                ids: Some(ids),
                count: Some(u32::try_from(count).unwrap_or(u32::MAX)),
                ..Self::failed("unreadable", Error::Unreadable(kind))
            },
            Event::BackupFailed(error) => Self::failed("backupFailed", error),
            Event::BackupMade(path) => {
                let path = path.to_str().map(str::to_owned);
                Self { path, ..Self::plain("backupMade") }
            }
            Event::RotationFailed(error) => Self::failed("rotationFailed", error),
            Event::CountersRebuilt => Self::plain("countersRebuilt"),
            Event::HeaderCopyFailed(error) => Self::failed("headerCopyFailed", error),
            _ => Self::plain("unknown"),
        }
    }
}

/// A kind as JavaScript names it.
pub fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Message => "message",
        Kind::Session => "session",
        Kind::Proof => "proof",
        Kind::Peer => "peer",
    }
}

/// What calls a function of JavaScript's with every event.
pub fn watcher(listener: Function<'_, VaultEvent, ()>) -> napi::Result<Watcher> {
    let listener = listener
        .build_threadsafe_function::<VaultEvent>()
        .callee_handled::<false>()
        .weak::<true>()
        .build()?;
    Ok(Arc::new(move |event: Event| {
        // Nobody is left to be told when this fails.
        let _ = listener.call(event.into(), ThreadsafeFunctionCallMode::NonBlocking);
    }))
}
