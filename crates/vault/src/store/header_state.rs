//! The header of an open store, and writing the next one.
//!
//! A header is acknowledged when both of its files have it. Where that fails the old one is put
//! back, and what was asked for has not happened. What cannot even be put back, and what opening
//! could not bring up to date, is kept and tried again: by the background, before a key is changed,
//! and at the end. Until then nothing is destroyed that the older file leads to.

use std::path::Path;

use sigil_leveldb::env::Env;

use super::Inner;
use crate::error::{Error, Result};
use crate::header::slots::{self, Has, Stopped};
use crate::header::{Header, Secrets};
use crate::keys::{Password, PasswordKeys};

/// See the module's documentation.
pub(super) struct HeaderState {
    pub(super) header: Header,
    pub(super) keys: PasswordKeys,
    /// Kept until the store is closed, because backups of other stores have other salts.
    pub(super) password: Password,
    /// What both files should have, while one perhaps has not.
    pub(super) unwritten: Option<Vec<u8>>,
}

/// How writing a header failed.
#[derive(Debug)]
pub(super) enum NotWritten {
    /// The old one is in force.
    Unchanged(Error),
    /// A file may have the new one, and the old one could not be put back yet.
    Unknown(Error),
}

impl NotWritten {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Unchanged(error) | Self::Unknown(error) => error,
        }
    }
}

impl HeaderState {
    /// Puts other secrets in force, wrapped by other keys where there are.
    fn write(
        &mut self,
        (env, root): (&dyn Env, &Path),
        secrets: Secrets,
        keys: Option<PasswordKeys>,
    ) -> Result<(), NotWritten> {
        // One that was perhaps written and one that follows it must not have the same number.
        self.header.sequence += 1;
        let Header { sequence, store, .. } = self.header;
        let next = Header { sequence, store, secrets };
        let bytes = next.encode(keys.as_ref().unwrap_or(&self.keys));
        match slots::store(env, root, &bytes.map_err(NotWritten::Unchanged)?) {
            Ok(()) => {
                self.header = next;
                if let Some(keys) = keys {
                    self.keys = keys;
                }
                self.unwritten = None;
                Ok(())
            }
            Err(Stopped { error, files: [Has::Old, _] }) => Err(NotWritten::Unchanged(error)),
            Err(Stopped { error, files: [_, second] }) => {
                let is_old = self.put_back(env, root, second);
                Err(if is_old { NotWritten::Unchanged(error) } else { NotWritten::Unknown(error) })
            }
        }
    }

    /// Writes the header as it was over one that is in the first file, and whether it is in force
    /// then and the second file has nothing else.
    fn put_back(&mut self, env: &dyn Env, root: &Path, second: Has) -> bool {
        self.header.sequence += 1;
        let Ok(bytes) = self.header.encode(&self.keys) else { return false };
        let outcome = slots::store(env, root, &bytes);
        self.unwritten = outcome.is_err().then_some(bytes);
        match outcome {
            Ok(()) => true,
            Err(Stopped { files, .. }) => files == [Has::New, Has::Old] && second == Has::Old,
        }
    }
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
        state.write((&*self.options.env, &self.root), secrets, None)
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
        state
            .write((&*self.options.env, &self.root), secrets, Some(keys))
            .map_err(NotWritten::into_error)?;
        state.password = Password::new(new);
        Ok(())
    }

    /// Writes what a file of the header lacks, if one does. To be called before anything is
    /// destroyed that an older header leads to.
    pub(super) fn mend_header(&self) -> Result<()> {
        let mut guard = self.header.lock();
        let state = guard.as_mut().ok_or(Error::Closed)?;
        if let Some(bytes) = &state.unwritten {
            slots::complete(&*self.options.env, &self.root, bytes)?;
            state.unwritten = None;
        }
        Ok(())
    }
}
