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
