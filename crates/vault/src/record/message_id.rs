//! From the id of a message to its place. The id itself stands here too, so that it can be told
//! when the message cannot be read; it is empty where the entry was made from a message alone, which
//! has only its name.

use crate::label::Label;

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageId {
    pub(crate) label: Label,
    /// None where it is not known.
    pub(crate) id: Option<String>,
}

impl MessageId {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let label = self.label.bytes();
        // Longer ones are refused when a message is placed.
        let length = u16::try_from(label.len()).unwrap_or(u16::MAX);
        [&length.to_le_bytes(), label, self.id.as_deref().unwrap_or_default().as_bytes()].concat()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (label, id) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
        let id = String::from_utf8(id.to_vec()).ok()?;
        Some(Self { label: Label::from_bytes(label)?, id: Some(id).filter(|id| !id.is_empty()) })
    }
}
