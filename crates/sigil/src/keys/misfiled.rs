//! Records that an old caller's mistake put under a wrong key.
//!
//! The old four-argument store was called with three, `(symbol, authHash, record)`: the symbol was
//! taken for the tenant, the hash for the symbol, and the record, turned into text, for the hash.
//! The key then ends in `![object Object]`, and the stored object holds the record in its field
//! `authHash`. Everything that the caller meant is still there.

use serde_json::Value;

use super::RecordId;

/// What an object that is not text becomes in JavaScript when it is used as text.
const OBJECT_AS_TEXT: &str = "[object Object]";

/// A record under a wrong key, with the place that it was meant for.
#[derive(Debug, Clone, PartialEq)]
pub struct Misfiled<'a> {
    /// The tuple that the caller meant.
    pub meant: RecordId<'a>,
    /// The record that the caller meant to store.
    pub record: Value,
}

impl<'a> Misfiled<'a> {
    /// Whether a key looks misfiled; worth reading the value for [`Misfiled::recognise`].
    pub fn is_suspect(key: &[u8]) -> bool {
        key.ends_with(b"![object Object]")
    }

    /// Takes the wanted record out of what is stored under a misfiled key; none where the key or
    /// the stored object is not of that kind.
    pub fn recognise(key: &'a [u8], stored: &Value) -> Option<Self> {
        let filed = RecordId::decode(key)?;
        let record = stored.get("authHash").filter(|record| record.is_object())?;
        let names_itself = stored.get("tenantId").and_then(Value::as_str) == filed.tenant()
            && stored.get("symbol").and_then(Value::as_str) == Some(filed.symbol());
        if filed.auth_hash != OBJECT_AS_TEXT || !names_itself {
            return None;
        }
        let meant = RecordId { tenant: None, symbol: filed.tenant?, auth_hash: filed.symbol };
        Some(Self { meant, record: record.clone() })
    }
}
