//! The keys that sigil records are stored under.
//!
//! A record is named by a tuple: `(symbol, authHash)` where it is shared by the whole service, or
//! `(tenant, symbol, authHash)` where it belongs to one tenant. Nearly every tuple is written down
//! as it always was, `sigil:SYMBOL:AUTHHASH` and `TENANT!sigil!SYMBOL!AUTHHASH`. A tuple whose
//! parts contain the separators would then name another tuple's key, so those, and only those, are
//! escaped into keys that no unescaped tuple can produce. `docs/format/keys.md` has the layouts
//! and the argument why they never meet.
//!
//! Three promises, each a property test: different tuples have different keys; the prefix that
//! lists one tenant covers no key of another; a key gives back the tuple it was made from.

mod decode;
mod escape;
mod evidence;
mod legacy;
mod misfiled;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use evidence::Ownership;
pub use legacy::legacy_tenant_prefix;
pub use misfiled::Misfiled;

/// The longest part of a key that is accepted, in bytes of UTF-8.
pub const MAX_PART_SIZE: usize = 64 * 1024;

/// What every key of a shared record begins with.
pub const SHARED_PREFIX: &[u8] = b"sigil:";

/// The end of the shared records: the first key that is greater than all of them.
pub const SHARED_END: &[u8] = b"sigil;";

const TENANT_INFIX: &str = "!sigil!";
/// Bytes of a plain key besides its parts, at most.
const PLAIN_OVERHEAD: usize = TENANT_INFIX.len() + 1;
const ESCAPED_TENANT_PREFIX: &str = "sigil!tenant!";
const CLAIM_PREFIX: &[u8] = b"!sigil-vault!claim!";

/// Why a tuple names no record.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A tenant's record without a tenant.
    #[error("a tenant must not be empty")]
    EmptyTenant,
    /// A tenant longer than [`MAX_PART_SIZE`].
    #[error("a tenant is at most {MAX_PART_SIZE} bytes long")]
    TenantTooLong,
    /// A symbol or an authentication hash longer than [`MAX_PART_SIZE`].
    #[error("a symbol and an authentication hash are each at most {MAX_PART_SIZE} bytes long")]
    PartTooLong,
}

/// The tuple that names one record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId<'a> {
    tenant: Option<Cow<'a, str>>,
    symbol: Cow<'a, str>,
    auth_hash: Cow<'a, str>,
}

impl<'a> RecordId<'a> {
    /// Names a record that the whole service shares.
    pub fn shared(
        symbol: impl Into<Cow<'a, str>>,
        auth_hash: impl Into<Cow<'a, str>>,
    ) -> Result<Self, KeyError> {
        let (symbol, auth_hash) = (symbol.into(), auth_hash.into());
        check_length(&symbol)?;
        check_length(&auth_hash)?;
        Ok(Self { tenant: None, symbol, auth_hash })
    }

    /// Names a record that belongs to one tenant.
    pub fn of_tenant(
        tenant: impl Into<Cow<'a, str>>,
        symbol: impl Into<Cow<'a, str>>,
        auth_hash: impl Into<Cow<'a, str>>,
    ) -> Result<Self, KeyError> {
        let tenant = tenant.into();
        check_tenant(&tenant)?;
        let shared = Self::shared(symbol, auth_hash)?;
        Ok(Self { tenant: Some(tenant), ..shared })
    }

    /// The same tuple, apart from what it was made from.
    pub fn into_owned(self) -> RecordId<'static> {
        let owned = |part: Cow<'a, str>| Cow::Owned(part.into_owned());
        RecordId {
            tenant: self.tenant.map(owned),
            symbol: owned(self.symbol),
            auth_hash: owned(self.auth_hash),
        }
    }

    /// The tenant that the record belongs to; none where it is shared.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// The record's symbol.
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// The record's authentication hash.
    pub fn auth_hash(&self) -> &str {
        &self.auth_hash
    }

    /// The key that the record is written under.
    pub fn key(&self) -> Vec<u8> {
        let parts = [self.tenant.as_deref().unwrap_or_default(), &self.symbol, &self.auth_hash];
        let mut key =
            Vec::with_capacity(PLAIN_OVERHEAD + parts.map(str::len).iter().sum::<usize>());
        self.encode_into(&mut key);
        key
    }

    /// Appends the key that the record is written under to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        match &self.tenant {
            Some(tenant) => push_tenant_prefix(tenant, out),
            None => out.extend_from_slice(SHARED_PREFIX),
        }
        let [plain, escaped] = self.separators();
        if self.is_plain() {
            out.extend_from_slice(self.symbol.as_bytes());
            out.push(plain);
            out.extend_from_slice(self.auth_hash.as_bytes());
            return;
        }
        if self.tenant.as_deref().is_some_and(is_plain_tenant) {
            // Keeps a symbol's records together: without it, plain symbols that begin like an
            // escaped one would lie between its records.
            out.push(plain);
        }
        escape::encode(&self.symbol, out);
        out.push(escaped);
        escape::encode(&self.auth_hash, out);
    }

    /// Whether the key is the tuple as it always was written, with nothing escaped.
    pub fn is_plain(&self) -> bool {
        match &self.tenant {
            Some(tenant) => is_plain_tenant(tenant) && is_plain_symbol(&self.symbol),
            None => !self.symbol.contains(':'),
        }
    }

    /// What stands between symbol and hash: in plain keys, in escaped ones.
    fn separators(&self) -> [u8; 2] {
        if self.tenant.is_some() { [b'!', b':'] } else { [b':', b'!'] }
    }
}

/// What every key of a tenant's records begins with, and no other key.
pub fn tenant_prefix(tenant: &str) -> Result<Vec<u8>, KeyError> {
    check_tenant(tenant)?;
    let mut prefix = Vec::new();
    push_tenant_prefix(tenant, &mut prefix);
    Ok(prefix)
}

/// The first key of a tenant that can follow all of a symbol's records, which lie together: where
/// a listing goes on after that symbol.
pub fn after_symbol(tenant: &str, symbol: &str) -> Result<Vec<u8>, KeyError> {
    let mut key = RecordId::of_tenant(tenant, symbol, "")?.key();
    // With an empty hash the key ends in the separator, which is never the greatest byte.
    if let Some(separator) = key.last_mut() {
        *separator += 1;
    }
    Ok(key)
}

fn push_tenant_prefix(tenant: &str, out: &mut Vec<u8>) {
    if is_plain_tenant(tenant) {
        out.extend_from_slice(tenant.as_bytes());
    } else {
        out.extend_from_slice(ESCAPED_TENANT_PREFIX.as_bytes());
        escape::encode(tenant, out);
    }
    out.extend_from_slice(TENANT_INFIX.as_bytes());
}

/// A tenant that begins like the shared records would be listed among them.
fn is_plain_tenant(tenant: &str) -> bool {
    !tenant.is_empty() && !tenant.contains('!') && !tenant.as_bytes().starts_with(SHARED_PREFIX)
}

/// A tenant's symbol. The empty one is escaped so that what follows a tenant's prefix begins with
/// a separator in escaped keys only.
fn is_plain_symbol(symbol: &str) -> bool {
    !symbol.is_empty() && !symbol.contains('!')
}

fn check_tenant(tenant: &str) -> Result<(), KeyError> {
    match tenant.len() {
        0 => Err(KeyError::EmptyTenant),
        1..=MAX_PART_SIZE => Ok(()),
        _ => Err(KeyError::TenantTooLong),
    }
}

fn check_length(part: &str) -> Result<(), KeyError> {
    if part.len() > MAX_PART_SIZE { Err(KeyError::PartTooLong) } else { Ok(()) }
}
