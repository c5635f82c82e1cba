//! From a key back to the tuple that it was made from.
//!
//! Only keys that `encode_into` makes are taken: an escape where none was needed, or one of another
//! spelling, is not a record's key. That keeps one record from having two names.

use std::borrow::Cow;

use super::{ESCAPED_TENANT_PREFIX, RecordId, SHARED_PREFIX, TENANT_INFIX, escape};

impl<'a> RecordId<'a> {
    /// The tuple whose key this is; none for a key that is not a record's.
    pub fn decode(key: &'a [u8]) -> Option<Self> {
        let id = if let Some(rest) = key.strip_prefix(SHARED_PREFIX) {
            decode_shared(str::from_utf8(rest).ok()?)?
        } else {
            decode_tenant(str::from_utf8(key).ok()?)?
        };
        (id.key() == key).then_some(id)
    }
}

fn decode_shared(rest: &str) -> Option<RecordId<'_>> {
    let (symbol, auth_hash) = match rest.split_once(':') {
        Some((symbol, auth_hash)) => (symbol.into(), auth_hash.into()),
        None => decode_escaped(rest, '!')?,
    };
    Some(RecordId { tenant: None, symbol, auth_hash })
}

fn decode_tenant(key: &str) -> Option<RecordId<'_>> {
    if let Some(escaped) = key.strip_prefix(ESCAPED_TENANT_PREFIX) {
        let (tenant, rest) = escaped.split_once(TENANT_INFIX)?;
        let (symbol, auth_hash) = decode_escaped(rest, ':')?;
        return Some(RecordId { tenant: Some(escape::decode(tenant)?.into()), symbol, auth_hash });
    }
    let (tenant, rest) = key.split_once(TENANT_INFIX).filter(|(tenant, _)| !tenant.is_empty())?;
    let (symbol, auth_hash) = match rest.strip_prefix('!') {
        Some(escaped) => decode_escaped(escaped, ':')?,
        None => {
            let (symbol, auth_hash) = rest.split_once('!')?;
            (symbol.into(), auth_hash.into())
        }
    };
    Some(RecordId { tenant: Some(tenant.into()), symbol, auth_hash })
}

fn decode_escaped(rest: &str, separator: char) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (symbol, auth_hash) = rest.split_once(separator)?;
    Some((escape::decode(symbol)?.into(), escape::decode(auth_hash)?.into()))
}
