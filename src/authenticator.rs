//! Signing and verifying code. JavaScript finds keys and records; everything that is said about them
//! is said by `sigil_records::authenticator`.

use napi_derive::napi;
use sigil_records::authenticator::{
    AuthenticatorError, Draft, Found, Header, Key, Reason, check_header, find, sign, verify,
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

/// A file with a header, read once: what the header names is looked up before it can be judged.
#[napi]
pub struct NativeSignedFile {
    header: Header,
    /// Until it is judged: a file can be large, and who asked for it may be collected late.
    found: Option<Found>,
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

/// A file, if it has a header.
#[napi]
pub fn read_signed_file(file: String) -> Result<Option<NativeSignedFile>> {
    guard(|| {
        Ok(find(&file)
            .map(|found| NativeSignedFile { header: found.header.clone(), found: Some(found) }))
    })
}

#[napi]
impl NativeSignedFile {
    /// What its header says.
    #[napi]
    pub fn header(&self) -> Result<NativeHeader> {
        guard(|| {
            let Header { symbol, auth_hash, key_id, .. } = self.header.clone();
            Ok(NativeHeader { symbol, auth_hash, key_id })
        })
    }

    /// Why it is not what this key has signed for a tenant, and a record was made for; nothing where
    /// it is. A record is looked at where the header is good. To be asked once.
    #[napi]
    pub fn judge(
        &mut self,
        key: String,
        tenant: String,
        record: Option<String>,
    ) -> Result<Option<String>> {
        guard(|| {
            let key = Key::from_hex(&key)?;
            let Some(found) = self.found.take() else { return Ok(Some("no-header".into())) };
            let wrong = match (check_header(&key, &tenant, &found), record) {
                (Err(reason), _) => Some(name_of(reason)),
                (Ok(()), None) => Some("unknown-record".into()),
                (Ok(()), Some(record)) => verify(&key, &found, &record).err().map(name_of),
            };
            Ok(wrong)
        })
    }
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
