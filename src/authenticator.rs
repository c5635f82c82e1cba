//! Signing and verifying code. JavaScript finds keys and records; everything that is said about them
//! is said by `sigil_records::authenticator`.

use napi_derive::napi;
use sigil_records::authenticator::{
    AuthenticatorError, Draft, Key, Reason, check_header, find, sign, verify,
};

use crate::boundary::{Result, guard};
use crate::failure::Failure;

impl From<AuthenticatorError> for Failure {
    fn from(error: AuthenticatorError) -> Self {
        Self::new("INVALID_PARAMETERS", error.to_string())
    }
}

/// What is to be signed.
#[napi(object)]
pub struct NativeCode {
    /// The code.
    pub code: String,
    /// JSON text.
    pub state: String,
    /// JSON text.
    pub context: String,
    /// Empty where it is nobody's.
    pub tenant: String,
    /// ISO time.
    pub signed_at: String,
}

/// What came of it.
#[napi(object)]
pub struct NativeSigned {
    /// The code with its header.
    pub file: String,
    /// The record as JSON text.
    pub record: String,
    /// What names the record.
    pub symbol: String,
    /// The other part of its name.
    pub auth_hash: String,
}

/// What a header says of its record.
#[napi(object)]
pub struct NativeHeader {
    /// What names the record.
    pub symbol: String,
    /// The other part of its name.
    pub auth_hash: String,
    /// Empty in headers of the old kind.
    pub key_id: String,
}

/// What tells a key from others.
#[napi]
pub fn code_key_id(key: String) -> Result<String> {
    guard(|| Ok(Key::from_hex(&key)?.id()))
}

/// Signs a code.
#[napi]
pub fn sign_code(key: String, draft: NativeCode) -> Result<NativeSigned> {
    guard(|| {
        let signed = sign(
            &Key::from_hex(&key)?,
            &Draft {
                code: &draft.code,
                state: &draft.state,
                context: &draft.context,
                tenant: &draft.tenant,
                signed_at: &draft.signed_at,
            },
        )?;
        let (file, record, symbol, auth_hash) =
            (signed.file, signed.record, signed.symbol, signed.auth_hash);
        Ok(NativeSigned { file, record, symbol, auth_hash })
    })
}

/// The header of a file, if it has one.
#[napi]
pub fn find_code_header(file: String) -> Result<Option<NativeHeader>> {
    guard(|| {
        Ok(find(&file).map(|found| NativeHeader {
            symbol: found.header.symbol,
            auth_hash: found.header.auth_hash,
            key_id: found.header.key_id,
        }))
    })
}

/// Why a file is not what this key has signed for a tenant, and a record was made for; nothing where
/// it is. A record is looked at where the header is good.
#[napi]
pub fn judge_code(
    key: String,
    tenant: String,
    file: String,
    record: Option<String>,
) -> Result<Option<String>> {
    guard(|| {
        let key = Key::from_hex(&key)?;
        let Some(found) = find(&file) else { return Ok(Some("no-header".into())) };
        let wrong = match (check_header(&key, &tenant, &found), record) {
            (Err(reason), _) => Some(name_of(reason)),
            (Ok(()), None) => Some("unknown-record".into()),
            (Ok(()), Some(record)) => verify(&key, &found, &record).err().map(name_of),
        };
        Ok(wrong)
    })
}

fn name_of(reason: Reason) -> String {
    let name = match reason {
        Reason::OtherTenant => "other-tenant",
        Reason::HeaderChanged => "header-changed",
        Reason::HeaderMoved => "header-moved",
        Reason::RecordUnsealed => "record-unsealed",
        Reason::RecordChanged => "record-changed",
        Reason::LineEndings => "line-endings-changed",
        // What is not known here is a change all the same.
        _ => "code-changed",
    };
    name.into()
}
