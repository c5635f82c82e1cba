//! The key scheme for JavaScript. Strings come as UTF-16 because the conversion to UTF-8 that
//! Node offers replaces a lone surrogate, so that different strings would name the same record.

use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;
use sigil_records::keys::{Misfiled, RecordId, after_symbol, tenant_prefix};

use crate::boundary::{Result, guard};
use crate::failure::Failure;

/// The key of a record that the whole service shares.
#[napi]
pub fn shared_key(symbol: Utf16String, auth_hash: Utf16String) -> Result<String> {
    guard(|| {
        let (symbol, auth_hash) = (part(&symbol)?, part(&auth_hash)?);
        text(RecordId::shared(&symbol, &auth_hash)?.key())
    })
}

/// The key of a tenant's record.
#[napi]
pub fn tenant_key(
    tenant: Utf16String,
    symbol: Utf16String,
    auth_hash: Utf16String,
) -> Result<String> {
    guard(|| {
        let (tenant, symbol, auth_hash) = (name(&tenant)?, part(&symbol)?, part(&auth_hash)?);
        text(RecordId::of_tenant(&tenant, &symbol, &auth_hash)?.key())
    })
}

/// What a tenant's keys begin with.
#[napi]
pub fn tenant_key_prefix(tenant: Utf16String) -> Result<String> {
    guard(|| text(tenant_prefix(&name(&tenant)?)?))
}

/// Where a listing of a tenant's records goes on after those of a symbol.
#[napi]
pub fn key_after_symbol(tenant: Utf16String, symbol: Utf16String) -> Result<String> {
    guard(|| text(after_symbol(&name(&tenant)?, &part(&symbol)?)?))
}

/// The tuple that a key was made from.
#[napi(object)]
pub struct RecordName {
    /// Absent for a shared record.
    pub tenant: Option<String>,
    /// The symbol.
    pub symbol: String,
    /// The authentication hash.
    pub auth_hash: String,
}

/// The tuple that a key was made from; null for a key that is not a record's.
#[napi]
pub fn decode_key(key: Utf16String) -> Result<Option<RecordName>> {
    guard(|| {
        let key = part(&key)?;
        Ok(RecordId::decode(key.as_bytes()).map(|id| RecordName {
            tenant: id.tenant().map(str::to_owned),
            symbol: id.symbol().to_owned(),
            auth_hash: id.auth_hash().to_owned(),
        }))
    })
}

/// The tuple that a caller meant who filed a record under a wrong key, for what is stored under it;
/// null where it is no such record.
#[napi]
pub fn misfiled_name(key: Utf16String, stored: Utf16String) -> Result<Option<RecordName>> {
    guard(|| {
        let (key, stored) = (part(&key)?, part(&stored)?);
        let Ok(stored) = serde_json::from_str(&stored) else { return Ok(None) };
        Ok(Misfiled::recognise(key.as_bytes(), &stored).map(|misfiled| RecordName {
            tenant: None,
            symbol: misfiled.meant.symbol().to_owned(),
            auth_hash: misfiled.meant.auth_hash().to_owned(),
        }))
    })
}

fn part(value: &Utf16String) -> std::result::Result<String, Failure> {
    String::from_utf16(value)
        .map_err(|_| Failure::new("INVALID_PARAMETERS", "a string contains a lone surrogate"))
}

fn name(tenant: &Utf16String) -> std::result::Result<String, Failure> {
    String::from_utf16(tenant)
        .map_err(|_| Failure::new("TENANT_ISOLATION_ERROR", "a tenant contains a lone surrogate"))
}

fn text(key: Vec<u8>) -> std::result::Result<String, Failure> {
    String::from_utf8(key).map_err(|_| Failure::new("INTERNAL_ERROR", "a key is not text"))
}
