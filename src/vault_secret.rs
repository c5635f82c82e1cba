//! A password that came in, zeroed when it is not needed any more.

use zeroize::Zeroize;

use crate::bytes::Input;

/// See the module's documentation.
pub struct Secret(Vec<u8>);

impl From<Input> for Secret {
    fn from(input: Input) -> Self {
        Self(input.0)
    }
}

impl Secret {
    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
