//! What can be changed.

use crate::error::{Error, Result};
use crate::layout::Kind;

/// A message as the caller gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// What it is found by. Saving another message with the same id replaces it.
    pub id: String,
    /// What messages are ordered by; those of the same time by when they were saved first.
    pub time: f64,
    /// Who it is from.
    pub sender: Option<String>,
    /// Who it is for.
    pub recipient: Option<String>,
    /// What is given back.
    pub value: Vec<u8>,
}

/// A change. All that belongs to one happens, or nothing of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Saves a message.
    SaveMessage(Message),
    /// Removes a message, if there is one with this id.
    DeleteMessage {
        /// Its id.
        id: String,
    },
    /// Saves a session, a proof or a peer.
    SaveItem {
        /// Which of them.
        kind: Kind,
        /// Its id.
        id: String,
        /// What is given back.
        value: Vec<u8>,
    },
    /// Removes a session, a proof or a peer, if there is one with this id.
    DeleteItem {
        /// Which of them.
        kind: Kind,
        /// Its id.
        id: String,
    },
}

impl Change {
    /// Refuses what can never be carried out.
    pub(crate) fn check(&self, max_value_size: usize) -> Result<()> {
        let invalid = |what: &str| Err(Error::Invalid(what.to_owned()));
        let (id, size) = match self {
            Self::SaveMessage(message) => (&message.id, message.value.len()),
            Self::SaveItem { id, value, .. } => (id, value.len()),
            Self::DeleteMessage { id } | Self::DeleteItem { id, .. } => (id, 0),
        };
        if id.is_empty() {
            return invalid("an id has at least one character");
        }
        if id.len() > max_value_size {
            return Err(Error::TooLarge { size: id.len(), limit: max_value_size });
        }
        if size > max_value_size {
            return Err(Error::TooLarge { size, limit: max_value_size });
        }
        match self {
            Self::SaveMessage(message) if message.time.is_nan() => {
                invalid("a message's time is a number")
            }
            Self::SaveItem { kind: Kind::Message, .. }
            | Self::DeleteItem { kind: Kind::Message, .. } => invalid("a message is no item"),
            _ => Ok(()),
        }
    }
}
