//! Signing: a header for the code, and a record for the store.

use serde_json::{Value, json};

use super::canonical::{canonical, depth_of};
use super::dna::Dna;
use super::header::{Header, place_in};
use super::seal::Key;
use super::sketch::{lines_of, with_plain_ends};
use super::{AuthenticatorError, DEEPEST};

/// What is to be signed.
pub struct Draft<'a> {
    /// The code.
    pub code: &'a str,
    /// JSON text of the state.
    pub state: &'a str,
    /// JSON text of the context.
    pub context: &'a str,
    /// Whose it is; nobody's where it is empty.
    pub tenant: &'a str,
    /// ISO time.
    pub signed_at: &'a str,
}

/// What came of it.
pub struct Signed {
    /// The code with its header.
    pub file: String,
    /// The record as JSON text.
    pub record: String,
    /// What names the record.
    pub symbol: String,
    /// The other part of its name.
    pub auth_hash: String,
}

/// Signs a code.
pub fn sign(key: &Key, draft: &Draft<'_>) -> Result<Signed, AuthenticatorError> {
    let (state, context) = (parse(draft.state)?, parse(draft.context)?);
    let code = draft.code.as_bytes();
    let dna = Dna::of(draft.code, &canonical(&state));
    let (symbol, sequence) = (dna.symbol(), dna.sequence());
    let about = [&symbol, &sequence, draft.signed_at, draft.tenant, draft.context, draft.code];
    let digest = key.digest("hash", &about.map(str::as_bytes));
    let mut header = Header {
        auth_hash: digest.chars().take(32).collect(),
        tenant_tag: tenant_tag(key, draft.tenant),
        signed_at: draft.signed_at.into(),
        key_id: key.id(),
        seal: String::new(),
        symbol,
        sequence,
    };
    header.seal = key.digest("header", &header.parts());
    let mut record = json!({
        "sigil": { "symbol": header.symbol, "codeDNA": header.sequence },
        "authHash": header.auth_hash,
        "codeDNA": { "sequence": header.sequence },
        "resonanceNetworks": dna.networks(),
        "consciousnessState": state,
        "codeContext": context,
        "signedAt": header.signed_at,
        "seal": {
            "version": 1,
            "keyId": header.key_id,
            "tenantTag": header.tenant_tag,
            "header": header.seal,
            "code": key.digest("code", &[code]),
            "plainEnds": key.digest("plain ends", &[with_plain_ends(draft.code).as_bytes()]),
            "lines": lines_of(key, draft.code),
        },
    });
    let names = [header.symbol.as_str(), header.auth_hash.as_str()];
    let whole = record_digest(key, record.clone(), names).ok_or(AuthenticatorError::Json)?;
    if let Some(Value::Object(seal)) = record.get_mut("seal") {
        seal.insert("record".into(), whole.into());
    }
    let place = place_in(draft.code);
    let (before, after) = draft.code.split_at_checked(place).unwrap_or(("", draft.code));
    let file = format!("{before}{}{after}", header.render());
    Ok(Signed {
        file,
        record: record.to_string(),
        symbol: header.symbol,
        auth_hash: header.auth_hash,
    })
}

fn parse(text: &str) -> Result<Value, AuthenticatorError> {
    if depth_of(text) > DEEPEST {
        return Err(AuthenticatorError::TooDeep);
    }
    serde_json::from_str(text).map_err(|_| AuthenticatorError::Json)
}

/// Whose a header is, for those who have the key.
pub(super) fn tenant_tag(key: &Key, tenant: &str) -> String {
    if tenant.is_empty() {
        return String::new();
    }
    key.digest("tenant", &[tenant.as_bytes()]).chars().take(16).collect()
}

/// The digest of everything in a record that is ours, under the names that it is stored under.
pub(super) fn record_digest(key: &Key, mut record: Value, names: [&str; 2]) -> Option<String> {
    const FIELDS: [&str; 8] = [
        "sigil",
        "authHash",
        "codeDNA",
        "resonanceNetworks",
        "consciousnessState",
        "codeContext",
        "signedAt",
        "seal",
    ];
    let fields = record.as_object_mut()?;
    fields.retain(|name, _| FIELDS.contains(&name.as_str()));
    if let Some(Value::Object(seal)) = fields.get_mut("seal") {
        seal.remove("record");
    }
    let text = canonical(&record);
    let [symbol, auth_hash] = names;
    Some(key.digest("record", &[symbol, auth_hash, &text].map(str::as_bytes)))
}
