//! Which of the keys under a tenant's prefix are its records.
//!
//! A listing goes through the keys of the tenant's prefix in order. Records that the old code left
//! under unescaped keys belong where their own keys would be; they are found by a pass beforehand,
//! which looks at the values of contested keys alone.

use serde_json::Value;

use super::find::judge;
use crate::keys::{Ownership, RecordId};

/// What a key under a tenant's prefix is to a listing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The key of the record that it holds.
    Own,
    /// The value has to be judged by [`left_by_old_code`] or is another's.
    Elsewhere,
}

/// A record that the old code left under an unescaped key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// The key that the record would have now.
    pub own_key: Vec<u8>,
    /// The key that it has.
    pub key: Vec<u8>,
}

/// Whether a listing shows a record where its key is.
pub fn place_in_listing(key: &[u8], value: &[u8]) -> Place {
    match RecordId::decode(key) {
        Some(id) if !id.is_contested() || judge(&id, value) == Ownership::Proven => Place::Own,
        _ => Place::Elsewhere,
    }
}

/// The place of a tenant's record that the old code left under an unescaped key.
pub fn left_by_old_code(tenant: &str, key: &[u8], value: &[u8]) -> Option<Left> {
    // Most keys of the tenant's own prefix can only be what they seem: their values are not read.
    if RecordId::decode(key).is_some_and(|id| id.tenant() == Some(tenant) && !id.is_contested()) {
        return None;
    }
    let record: Value = serde_json::from_slice(value).ok()?;
    let owner = RecordId::owner_of_left(key, &record)?;
    (owner.tenant() == Some(tenant)).then(|| Left { own_key: owner.key(), key: key.to_vec() })
}
