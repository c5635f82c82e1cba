//! The header of an open store, and writing the next one.

use super::Inner;
use crate::error::{Error, Result};
use crate::header::slots::{self, NotWritten};
use crate::header::{Header, Secrets};
use crate::keys::{Password, PasswordKeys};
use crate::options::Event;

/// See the module's documentation.
pub(super) struct HeaderState {
    pub(super) header: Header,
    pub(super) keys: PasswordKeys,
    /// Kept until the store is closed, because backups of other stores have other salts.
    pub(super) password: Password,
}

impl Inner {
    /// Calls with the header.
    pub(super) fn with_header<T>(&self, body: impl FnOnce(&HeaderState) -> T) -> Result<T> {
        self.header.lock().as_ref().map(body).ok_or(Error::Closed)
    }

    /// Puts other secrets in force.
    pub(super) fn write_secrets(
        &self,
        change: impl FnOnce(&Secrets) -> Result<Secrets>,
    ) -> Result<(), NotWritten> {
        let mut guard = self.header.lock();
        let state = guard.as_mut().ok_or(NotWritten::Unchanged(Error::Closed))?;
        let secrets = change(&state.header.secrets).map_err(NotWritten::Unchanged)?;
        self.write_header(&mut state.header, secrets, &state.keys)
    }

    fn write_header(
        &self,
        header: &mut Header,
        secrets: Secrets,
        keys: &PasswordKeys,
    ) -> Result<(), NotWritten> {
        // One that was perhaps written and one that follows it must not have the same number.
        header.sequence += 1;
        let next = Header { sequence: header.sequence, store: header.store, secrets };
        let bytes = next.encode(keys).map_err(NotWritten::Unchanged)?;
        if let Some(error) = slots::store(&*self.options.env, &self.root, &bytes)? {
            self.options.tell(Event::HeaderCopyFailed(error));
        }
        *header = next;
        Ok(())
    }

    /// Wraps the same secrets with another password.
    pub(super) fn change_password(&self, old: &[u8], new: &[u8]) -> Result<()> {
        let mut guard = self.header.lock();
        let state = guard.as_mut().ok_or(Error::Closed)?;
        if !state.password.is(old) {
            return Err(Error::KeyWrong);
        }
        let keys = PasswordKeys::fresh(new, self.options.kdf)?;
        let secrets = state.header.secrets.copy();
        self.write_header(&mut state.header, secrets, &keys).map_err(NotWritten::into_error)?;
        state.keys = keys;
        state.password = Password::new(new);
        Ok(())
    }
}

impl NotWritten {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Unchanged(error) | Self::Unknown(error) => error,
        }
    }
}
