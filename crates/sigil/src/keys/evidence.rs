//! What a stored record says about whose it is.
//!
//! Needed where a key alone does not tell, because the old code may have written it for another
//! tuple. A tenant's record carries its whole tuple, added by the store over whatever the caller
//! gave, so it proves itself or it is not shown. A shared record is stored as the caller gave it;
//! some kinds carry their symbol and hash, others say nothing.

use serde_json::Value;

use super::{RecordId, SHARED_PREFIX};

/// Whose a record is, judged by its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// The record names the tuple that was asked for.
    Proven,
    /// The record is another tuple's.
    Refuted,
    /// The record does not say. Only shared records can be silent.
    Silent,
}

impl RecordId<'_> {
    /// Judges whether `record`, found under this tuple's key or legacy key, is this tuple's.
    pub fn judge(&self, record: &Value) -> Ownership {
        match self.tenant() {
            Some(tenant) => self.judge_tenant(tenant, record),
            None => self.judge_shared(record),
        }
    }

    fn judge_tenant(&self, tenant: &str, record: &Value) -> Ownership {
        let says = |field, value: &str| text(record, field) == Some(value);
        let own = says("tenantId", tenant)
            && says("symbol", &self.symbol)
            && says("authHash", &self.auth_hash);
        if own { Ownership::Proven } else { Ownership::Refuted }
    }

    fn judge_shared(&self, record: &Value) -> Ownership {
        let mut refuted = false;
        for (symbol, auth_hash) in named_pairs(record) {
            if symbol == self.symbol && auth_hash == self.auth_hash {
                return Ownership::Proven;
            }
            // Fields that happen to have these names say something only if they explain the key.
            refuted |= RecordId::shared(symbol, auth_hash)
                .is_ok_and(|other| other.unescaped() == self.unescaped());
        }
        if refuted { Ownership::Refuted } else { Ownership::Silent }
    }
}

impl<'r> RecordId<'r> {
    /// The tuple that a record names, if the old code would have put that tuple's record under this
    /// key, which is not the one that it has now.
    pub fn owner_of_left(key: &[u8], record: &'r Value) -> Option<Self> {
        let of_tenant = || {
            let (tenant, symbol) = (text(record, "tenantId")?, text(record, "symbol")?);
            RecordId::of_tenant(tenant, symbol, text(record, "authHash")?).ok()
        };
        if key.starts_with(SHARED_PREFIX) {
            let shared = named_pairs(record)
                .filter_map(|(symbol, auth_hash)| RecordId::shared(symbol, auth_hash).ok());
            return shared.into_iter().find(|id| id.legacy_key().as_deref() == Some(key));
        }
        of_tenant().filter(|id| id.legacy_key().as_deref() == Some(key))
    }
}

/// The pairs that the known kinds of shared records are stored under: the authenticator's by their
/// sigil's symbol and their hash, those of the API by id and time.
fn named_pairs(record: &Value) -> impl Iterator<Item = (&str, &str)> {
    let sigil_symbol = record.get("sigil").and_then(|sigil| text(sigil, "symbol"));
    let auth_hash = text(record, "authHash");
    let pairs = [
        (sigil_symbol, auth_hash),
        (text(record, "symbol"), auth_hash),
        (text(record, "id"), text(record, "timestamp")),
    ];
    pairs.into_iter().filter_map(|(symbol, hash)| Some((symbol?, hash?)))
}

fn text<'r>(record: &'r Value, field: &str) -> Option<&'r str> {
    record.get(field).and_then(Value::as_str)
}
