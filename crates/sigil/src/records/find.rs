//! Where a tuple's record is.

use serde_json::Value;

use crate::keys::{Ownership, RecordId};

/// Whether the tuple's record can only lie under its key, and the key can only hold that record.
pub fn is_simple(id: &RecordId<'_>) -> bool {
    id.is_plain() && !id.is_contested()
}

/// The tuple's record.
pub fn find<V: AsRef<[u8]>, E>(
    id: &RecordId<'_>,
    get: impl Fn(&[u8]) -> Result<Option<V>, E>,
) -> Result<Option<V>, E> {
    if let Some(value) = get(&id.key())?
        && holds_own(id, value.as_ref(), &get)?
    {
        return Ok(Some(value));
    }
    match id.legacy_key() {
        Some(key) => find_left(id, &key, get),
        None => Ok(None),
    }
}

/// Whether what lies under the tuple's key is its record.
pub(super) fn holds_own<V, E>(
    id: &RecordId<'_>,
    value: &[u8],
    get: impl Fn(&[u8]) -> Result<Option<V>, E>,
) -> Result<bool, E> {
    if !id.is_contested() {
        return Ok(true);
    }
    match judge(id, value) {
        Ownership::Proven | Ownership::Silent => Ok(true),
        // What a record says of itself counts less than who is known to have written it.
        Ownership::Refuted => claimed(id, &id.key(), get),
    }
}

/// The tuple's record under the key that the old code gave it.
pub(super) fn find_left<V: AsRef<[u8]>, E>(
    id: &RecordId<'_>,
    key: &[u8],
    get: impl Fn(&[u8]) -> Result<Option<V>, E>,
) -> Result<Option<V>, E> {
    let Some(value) = get(key)? else { return Ok(None) };
    let own = match judge(id, value.as_ref()) {
        Ownership::Refuted => false,
        Ownership::Proven | Ownership::Silent => !claimed(id, key, get)?,
    };
    Ok(own.then_some(value))
}

/// Whether the record under a key of the shared records is known to be of the tuple whose key it is.
fn claimed<V, E>(
    id: &RecordId<'_>,
    key: &[u8],
    get: impl Fn(&[u8]) -> Result<Option<V>, E>,
) -> Result<bool, E> {
    if id.tenant().is_some() {
        return Ok(false);
    }
    let holder = RecordId::decode(key);
    Ok(match holder {
        Some(holder) => get(&holder.claim_key())?.is_some(),
        None => false,
    })
}

/// What is no JSON says nothing: a tenant's record that says nothing is not shown.
pub(super) fn judge(id: &RecordId<'_>, value: &[u8]) -> Ownership {
    id.judge(&serde_json::from_slice(value).unwrap_or(Value::Null))
}
