//! What records have inside, before they are encrypted.

mod counters;
mod item;
mod message;
mod message_id;
mod value;

pub(crate) use counters::Counters;
pub(crate) use item::Item;
pub(crate) use message::StoredMessage;
pub(crate) use message_id::MessageId;

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whoever has the key wrote what is decoded here, and yet nothing is taken for granted.
        #[test]
        fn no_bytes_make_decoding_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = Bytes::from(bytes);
            let _ = StoredMessage::decode(&bytes);
            let _ = Item::decode(&bytes);
            let _ = MessageId::decode(&bytes);
            let _ = Counters::decode(&bytes);
            let _ = crate::header::ClosedHeader::parse(&bytes);
            let _ = crate::header::Secrets::decode(&bytes);
        }

        #[test]
        fn places_and_items_survive_their_encoding(id in "\\PC{0,40}", value in prop::collection::vec(any::<u8>(), 0..300)) {
            let item = Item::decode(&Bytes::from(Item::encode(&id, &value))).unwrap();
            prop_assert_eq!((&item.id, &item.value[..]), (&id, &value[..]));
            let label = crate::label::Label::between(None, None);
            let entry = MessageId { label, id: Some(id).filter(|id| !id.is_empty()) };
            prop_assert_eq!(MessageId::decode(&entry.encode()), Some(entry));
        }
    }
}
