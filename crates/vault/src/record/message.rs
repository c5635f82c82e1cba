//! A message: what its index entries can be derived from, and the value as the caller gave it.

use bytes::Bytes;

use super::value;

use crate::names::{NAME, Name};

const FORMAT: u8 = 1;
const SENDER: u8 = 1;
const RECIPIENT: u8 = 2;

/// See the module's documentation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredMessage<V> {
    /// What messages are ordered by; never NaN.
    pub(crate) time: f64,
    /// The name of its id.
    pub(crate) id: Name,
    pub(crate) sender: Option<Name>,
    pub(crate) recipient: Option<Name>,
    pub(crate) value: V,
}

impl<V> StoredMessage<V> {
    /// The peers under which the message is found, each once.
    pub(crate) fn peers(&self) -> impl Iterator<Item = Name> {
        let recipient = self.recipient.filter(|recipient| self.sender != Some(*recipient));
        self.sender.into_iter().chain(recipient)
    }
}

impl<V: AsRef<[u8]>> StoredMessage<V> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let value = self.value.as_ref();
        let mut bytes = Vec::with_capacity(2 + 8 + 3 * NAME + value.len());
        let flag = |name: &Option<Name>, flag| if name.is_some() { flag } else { 0 };
        bytes.push(FORMAT);
        bytes.push(flag(&self.sender, SENDER) | flag(&self.recipient, RECIPIENT));
        bytes.extend_from_slice(&self.time.to_le_bytes());
        bytes.extend_from_slice(&self.id);
        for name in [&self.sender, &self.recipient].into_iter().flatten() {
            bytes.extend_from_slice(name);
        }
        value::append(&mut bytes, value);
        bytes
    }
}

impl StoredMessage<Bytes> {
    pub(crate) fn decode(bytes: &Bytes) -> Option<Self> {
        StoredMessage::decode_with(bytes, value::read)
    }

    /// How large the value is that decoding would give, at most.
    pub(crate) fn value_size(bytes: &Bytes) -> Option<usize> {
        Some(Self::head(bytes)?.value)
    }

    /// Everything but the value, of which there is its size, at most.
    pub(crate) fn head(bytes: &Bytes) -> Option<StoredMessage<usize>> {
        StoredMessage::decode_with(bytes, value::size)
    }
}

impl<V> StoredMessage<V> {
    fn decode_with(bytes: &Bytes, read: impl FnOnce(&Bytes) -> Option<V>) -> Option<Self> {
        let ([format, flags], rest) = bytes.split_first_chunk()?;
        let (time, rest) = rest.split_first_chunk()?;
        let (id, mut rest) = rest.split_first_chunk()?;
        let mut take = |flag| -> Option<Option<Name>> {
            if flags & flag == 0 {
                return Some(None);
            }
            let (name, after) = rest.split_first_chunk()?;
            rest = after;
            Some(Some(*name))
        };
        let (sender, recipient) = (take(SENDER)?, take(RECIPIENT)?);
        let time = f64::from_le_bytes(*time);
        let known = *format == FORMAT && *flags <= (SENDER | RECIPIENT) && !time.is_nan();
        let value = read(&bytes.slice_ref(rest)).filter(|_| known)?;
        Some(Self { time, id: *id, sender, recipient, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_their_encoding() {
        let peers = [None, Some([2; NAME]), Some([3; NAME])];
        for (sender, recipient) in peers.iter().flat_map(|a| peers.iter().map(move |b| (*a, *b))) {
            let value = Bytes::from_static(b"value");
            let message = StoredMessage { time: -1.5, id: [1; NAME], sender, recipient, value };
            let bytes = Bytes::from(message.encode());
            assert_eq!(StoredMessage::decode(&bytes), Some(message));
            for cut in 0..bytes.len() - 6 {
                assert_eq!(StoredMessage::decode(&bytes.slice(..cut)), None);
            }
        }
    }

    #[test]
    fn who_writes_to_himself_is_found_once() {
        let peer = Some([2; NAME]);
        let message =
            StoredMessage { time: 0.0, id: [1; NAME], sender: peer, recipient: peer, value: b"" };
        assert_eq!(message.peers().count(), 1);
    }
}
