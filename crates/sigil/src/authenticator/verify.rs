//! Verifying: does a file belong to its record, and if not, what was changed?

use serde_json::Value;

use super::header::{Found, Header, place_in};
use super::seal::{Key, same};
use super::sign::{record_digest, tenant_tag};
use super::sketch::{is_other_code, with_plain_ends};

/// Why a file is not authentic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The header was signed for another tenant, or for none; or the record that is stored under its
    /// names was.
    OtherTenant,
    /// A field of the header, or something else in it, was changed.
    HeaderChanged,
    /// The header stands before other code, or at another place.
    HeaderMoved,
    /// The record is of the old kind, which says nothing of the code.
    RecordUnsealed,
    /// The record in the store was changed, or is not the one that the header was made with.
    RecordChanged,
    /// Line ends were changed, as version control does, and nothing else.
    LineEndings,
    /// Bytes of the code were changed, added or removed.
    CodeChanged,
}

/// Whether a header is one that was made with this key for this tenant.
pub fn check_header(key: &Key, tenant: &str, found: &Found) -> Result<(), Reason> {
    let header = &found.header;
    if !same(&key.digest("header", &header.parts()), &header.seal) {
        return Err(Reason::HeaderChanged);
    }
    if with_plain_ends(&found.text) != header.render() {
        return Err(Reason::HeaderChanged);
    }
    if header.tenant_tag != tenant_tag(key, tenant) {
        return Err(Reason::OtherTenant);
    }
    Ok(())
}

/// Whether a file with a good header is what its record was made for.
pub fn verify(key: &Key, found: &Found, record: &str) -> Result<(), Reason> {
    let record: Value = serde_json::from_str(record).map_err(|_| Reason::RecordChanged)?;
    let sealed = record.get("seal").ok_or(Reason::RecordUnsealed)?.clone();
    let text = |name: &str| sealed.get(name).and_then(Value::as_str).unwrap_or_default();
    let Header { symbol, auth_hash, seal: header_seal, tenant_tag: tag, .. } = &found.header;
    let is_of_header = same(header_seal, text("header"));
    if !is_of_header && text("tenantTag") != tag {
        return Err(Reason::OtherTenant);
    }
    let whole = record_digest(key, record, [symbol, auth_hash]);
    if !is_of_header || !whole.is_some_and(|whole| same(&whole, text("record"))) {
        return Err(Reason::RecordChanged);
    }
    let code = &found.code;
    let exact = same(&key.digest("code", &[code.as_bytes()]), text("code"));
    if exact && found.at != place_in(code) {
        return Err(Reason::HeaderMoved);
    }
    if exact && found.text == found.header.render() {
        return Ok(());
    }
    let plain = with_plain_ends(code);
    if same(&key.digest("plain ends", &[plain.as_bytes()]), text("plainEnds")) {
        return Err(Reason::LineEndings);
    }
    let lines = sealed.get("lines").and_then(Value::as_array);
    let remembered: Vec<&str> = lines.into_iter().flatten().filter_map(Value::as_str).collect();
    if is_other_code(key, code, &remembered) {
        return Err(Reason::HeaderMoved);
    }
    Err(Reason::CodeChanged)
}
