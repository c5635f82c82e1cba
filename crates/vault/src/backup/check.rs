//! What has to be true of the entries of a backup for it to be restored. Whoever says that a backup
//! is whole has asked the same.

use std::path::PathBuf;

use bytes::Bytes;

use super::Entry;
use crate::error::{Error, Result};
use crate::keys::SecretKey;
use crate::label::Label;
use crate::layout::{self, Kind};
use crate::names::NameKey;
use crate::record::StoredMessage;

/// See the module's documentation.
pub(crate) struct EntryCheck {
    path: PathBuf,
    names: NameKey,
    last: Option<Label>,
}

impl EntryCheck {
    pub(crate) fn new(path: PathBuf, names: &SecretKey) -> Result<Self> {
        Ok(Self { path, names: NameKey::new(names)?, last: None })
    }

    /// The message of an entry, if it is one. Messages come in the order of their labels. That of
    /// their times is not asked for: a damaged block can have put it out of joint.
    pub(crate) fn take(&mut self, entry: &Entry) -> Result<Option<StoredMessage<Bytes>>> {
        let Entry::Message { label, id, plain } = entry else { return Ok(None) };
        let message = StoredMessage::decode(plain).ok_or_else(|| self.contradiction())?;
        let is_named = |id: &String| layout::name_of(&self.names, Kind::Message, id) == message.id;
        let is_behind = self.last.as_ref().is_none_or(|last| last < label);
        if !is_behind || !id.as_ref().is_none_or(is_named) || message.time.is_nan() {
            return Err(self.contradiction());
        }
        self.last = Some(label.clone());
        Ok(Some(message))
    }

    fn contradiction(&self) -> Error {
        Error::BackupDamaged { path: self.path.clone(), what: "its content contradicts itself" }
    }
}
