//! From a key back to the tuple that it was made from.
//!
//! Only keys that `encode_into` makes are taken: an escape where none was needed, or one of another
//! spelling, is not a record's key. That keeps one record from having two names.

use std::borrow::Cow;

use super::{ESCAPED_TENANT_PREFIX, RecordId, SHARED_PREFIX, TENANT_INFIX, escape};

impl<'a> RecordId<'a> {
    /// The tuple whose key this is; none for a key that is not a record's.
    pub fn decode(key: &'a [u8]) -> Option<Self> {
        let read = match key.strip_prefix(SHARED_PREFIX) {
            Some(rest) => read_shared(str::from_utf8(rest).ok()?)?,
            None => read_tenant(str::from_utf8(key).ok()?)?,
        };
        match read {
            Read::Plain(id) => id.is_plain().then_some(id),
            Read::Escaped(id) => (id.key() == key).then_some(id),
        }
    }
}

/// A tuple, and how the key that it was read from is written.
enum Read<'a> {
    /// The key is right if the tuple is a plain one.
    Plain(RecordId<'a>),
    /// The key is right if it is the one that the tuple is given.
    Escaped(RecordId<'a>),
}

fn read_shared(rest: &str) -> Option<Read<'_>> {
    Some(match rest.split_once(':') {
        Some((symbol, auth_hash)) => Read::Plain(id(None, symbol, auth_hash)),
        None => {
            let (symbol, auth_hash) = decode_escaped(rest, '!')?;
            Read::Escaped(RecordId { tenant: None, symbol, auth_hash })
        }
    })
}

fn read_tenant(key: &str) -> Option<Read<'_>> {
    if let Some(escaped) = key.strip_prefix(ESCAPED_TENANT_PREFIX) {
        let (tenant, rest) = escaped.split_once(TENANT_INFIX)?;
        let tenant = Some(escape::decode(tenant)?.into());
        let (symbol, auth_hash) = decode_escaped(rest, ':')?;
        return Some(Read::Escaped(RecordId { tenant, symbol, auth_hash }));
    }
    let (tenant, rest) = key.split_once(TENANT_INFIX).filter(|(tenant, _)| !tenant.is_empty())?;
    Some(match rest.strip_prefix('!') {
        Some(escaped) => {
            let (symbol, auth_hash) = decode_escaped(escaped, ':')?;
            Read::Escaped(RecordId { tenant: Some(tenant.into()), symbol, auth_hash })
        }
        None => {
            let (symbol, auth_hash) = rest.split_once('!')?;
            Read::Plain(id(Some(tenant), symbol, auth_hash))
        }
    })
}

fn id<'a>(tenant: Option<&'a str>, symbol: &'a str, auth_hash: &'a str) -> RecordId<'a> {
    RecordId { tenant: tenant.map(Cow::from), symbol: symbol.into(), auth_hash: auth_hash.into() }
}

fn decode_escaped(rest: &str, separator: char) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (symbol, auth_hash) = rest.split_once(separator)?;
    Some((escape::decode(symbol)?.into(), escape::decode(auth_hash)?.into()))
}
