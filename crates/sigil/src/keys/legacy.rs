//! Where the code before this one, which escaped nothing, may have left a record.
//!
//! Unescaped, several tuples share a key. Who such a key belongs to is decided by the record that
//! is found there, never by the key alone: see [`Ownership`](super::Ownership). The three places
//! where that matters:
//!
//! - reading a tuple whose key is escaped also looks under [`RecordId::legacy_key`];
//! - a key that is [contested](RecordId::is_contested) may hold an old record of another
//!   tuple, which a read must not give away and a write must not bury;
//! - a shared record that is written under a contested key and does not itself say whose it is gets
//!   a [claim](RecordId::claim_key) beside it, so that nobody takes it for an old one.

use super::{CLAIM_PREFIX, RecordId, SHARED_PREFIX, TENANT_INFIX, is_plain_tenant};

impl RecordId<'_> {
    /// The tuple as the old code wrote it, where that is not the key it has now.
    ///
    /// There is none for a tenant that begins like the shared records do. Its old keys lie among
    /// theirs, where any shared record may claim to be anything.
    pub fn legacy_key(&self) -> Option<Vec<u8>> {
        if self.is_plain() {
            return None;
        }
        let unescaped = self.unescaped();
        let among_shared = self.tenant.is_some() && unescaped.starts_with(SHARED_PREFIX);
        (!among_shared).then_some(unescaped)
    }

    /// Whether the key could hold a record that the old code wrote for another tuple.
    pub fn is_contested(&self) -> bool {
        match &self.tenant {
            // Under an escaped symbol, one whose old symbol was empty.
            Some(tenant) if is_plain_tenant(tenant) => {
                !self.is_plain() || self.auth_hash.contains('!')
            }
            Some(_) => false,
            None => self.is_plain() && self.auth_hash.contains(':'),
        }
    }

    /// The key whose presence says that the record under this tuple's key is this tuple's.
    pub fn claim_key(&self) -> Vec<u8> {
        let mut key = CLAIM_PREFIX.to_vec();
        self.encode_into(&mut key);
        key
    }

    pub(super) fn unescaped(&self) -> Vec<u8> {
        match &self.tenant {
            Some(tenant) => [tenant, TENANT_INFIX, &self.symbol, "!", &self.auth_hash].concat(),
            None => ["sigil:", &self.symbol, ":", &self.auth_hash].concat(),
        }
        .into_bytes()
    }
}

/// The prefix that the old code listed this tenant by, where that is not the one of now. Keys of
/// other tenants may begin with it too: only records that prove to be the tenant's may be shown.
pub fn legacy_tenant_prefix(tenant: &str) -> Option<Vec<u8>> {
    let own = is_plain_tenant(tenant) || tenant.is_empty();
    let among_shared = tenant.as_bytes().starts_with(SHARED_PREFIX);
    (!own && !among_shared).then(|| [tenant, TENANT_INFIX].concat().into_bytes())
}
