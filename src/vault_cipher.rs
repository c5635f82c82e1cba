//! The messenger's own cipher.

use std::sync::Arc;

use napi_derive::napi;
use sigil_storage::MessengerCipher;

use crate::boundary::{Result, guard};
use crate::bytes::{Form, Input, Output};
use crate::failure::Failure;
use crate::job::{Promise, on_pool};
use crate::vault_secret::Secret;

/// A key that was derived from a password.
#[napi]
pub struct NativeMessengerCipher {
    cipher: Arc<MessengerCipher>,
}

/// Derives the key, which takes a while.
#[napi]
pub fn messenger_cipher(password: Input, salt: Input) -> Result<Promise<NativeMessengerCipher>> {
    let password = Secret::from(password);
    guard(|| {
        Ok(on_pool(move || {
            let cipher = Arc::new(MessengerCipher::new(password.bytes(), &salt.0));
            Ok(NativeMessengerCipher { cipher })
        }))
    })
}

#[napi]
impl NativeMessengerCipher {
    /// Nonce, tag and encrypted bytes.
    #[napi]
    pub fn encrypt(&self, plain: Input) -> Result<Output> {
        guard(|| Ok(Output(Form::Buffer, self.cipher.encrypt(&plain.0)?.into())))
    }

    /// What was encrypted.
    #[napi]
    pub fn decrypt(&self, encrypted: Input) -> Result<Output> {
        guard(|| {
            let refused = || {
                let message = "this was not encrypted with this key, or was changed";
                Failure::new("RECORD_UNREADABLE", message)
            };
            let plain = self.cipher.decrypt(&encrypted.0).ok_or_else(refused)?;
            Ok(Output(Form::Buffer, plain.into()))
        })
    }
}
