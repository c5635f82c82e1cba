//! A session, a proof or a peer: its id and the value as the caller gave it.

use bytes::Bytes;

use super::value;

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) value: Bytes,
}

impl Item {
    pub(crate) fn encode(id: &str, value: &[u8]) -> Vec<u8> {
        let length = u32::try_from(id.len()).unwrap_or(u32::MAX);
        let mut bytes = [&length.to_le_bytes(), id.as_bytes()].concat();
        value::append(&mut bytes, value);
        bytes
    }

    pub(crate) fn decode(bytes: &Bytes) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (id, value) = rest.split_at_checked(length)?;
        let value = value::read(&bytes.slice_ref(value))?;
        Some(Self { id: String::from_utf8(id.to_vec()).ok()?, value })
    }
}
