//! What a failure looks like on its way to JavaScript.
//!
//! The addon does not make the errors that users see: under jest, and in any second context, an
//! error made here would be of another realm. It throws a plain error whose `code` is the public
//! code and whose message is a JSON object with the details; `lib/errors.js` turns that into the
//! right class. This file is the one table from the crates' errors to the public codes, which
//! `docs/errors.md` explains.

use std::io::ErrorKind;

use napi_derive::napi;
use serde_json::{Map, Value};
use sigil_leveldb::Error as EngineError;
use sigil_records::keys::KeyError;

/// A failure with a public code.
#[derive(Debug)]
pub struct Failure {
    code: &'static str,
    details: Map<String, Value>,
}

impl Failure {
    /// A failure that is described by its code and a message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        let mut details = Map::new();
        details.insert("message".into(), Value::String(message.into()));
        Self { code, details }
    }

    pub(crate) fn with(mut self, field: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.details.insert(field.into(), value.into());
        }
        self
    }

    /// The public code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The details as JSON text: `message`, and what else is known.
    pub fn details(&self) -> String {
        // Borrowed into a `Value` it would have to be cloned; a map of plain values always
        // serializes, so the fallback is never taken.
        serde_json::to_string(&self.details).unwrap_or_default()
    }
}

/// Why one of the calls failed that were answered together.
#[napi(object)]
pub struct CallFailure {
    /// Which of them.
    pub index: u32,
    /// Its code.
    pub code: String,
    /// The details as JSON.
    pub message: String,
}

impl CallFailure {
    /// The failure of a call.
    pub fn of(index: u32, failure: &Failure) -> Self {
        Self { index, code: failure.code().to_owned(), message: failure.details() }
    }
}

impl From<KeyError> for Failure {
    fn from(error: KeyError) -> Self {
        let code = match error {
            KeyError::EmptyTenant | KeyError::TenantTooLong => "TENANT_ISOLATION_ERROR",
            _ => "INVALID_PARAMETERS",
        };
        Self::new(code, error.to_string())
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let message = match &error {
            // What those who know LevelDB look for in the message.
            EngineError::DoesNotExist { .. } => format!("{error}: it does not exist"),
            _ => error.to_string(),
        };
        let failure = Self::new(engine_code(&error), message);
        match &error {
            EngineError::Corruption { path, offset, .. } => {
                failure.with("path", path.to_str()).with("offset", *offset)
            }
            EngineError::Io { path, source, .. } => {
                failure.with("path", path.to_str()).with("errno", source.raw_os_error())
            }
            EngineError::Locked { path, holder } => {
                failure.with("path", path.to_str()).with("holder", *holder)
            }
            EngineError::Moved { path } => {
                failure.with("path", path.to_str()).with("holder", Some(std::process::id()))
            }
            EngineError::DoesNotExist { path } | EngineError::AlreadyExists { path } => {
                failure.with("path", path.to_str())
            }
            _ => failure,
        }
    }
}

fn engine_code(error: &EngineError) -> &'static str {
    match error {
        EngineError::Corruption { .. } => "LEVEL_CORRUPTION",
        EngineError::Io { .. } => system_code(error),
        EngineError::Locked { .. } | EngineError::Moved { .. } => "LEVEL_LOCKED",
        EngineError::DoesNotExist { .. } | EngineError::AlreadyExists { .. } => {
            "LEVEL_DATABASE_NOT_OPEN"
        }
        EngineError::Closed => "LEVEL_DATABASE_NOT_OPEN",
        EngineError::ReadOnly => "LEVEL_READ_ONLY",
        EngineError::InvalidArgument(_) => "INVALID_PARAMETERS",
        EngineError::Unsupported(_) => "LEVEL_NOT_SUPPORTED",
        _ => "STORAGE_ERROR",
    }
}

/// The names of the system's errors that callers act on. A used-up quota is a full disk to them.
fn system_code(error: &EngineError) -> &'static str {
    const EIO: i32 = 5;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    if error.is_out_of_space() {
        return "ENOSPC";
    }
    match (error.io_kind(), error.errno()) {
        (Some(ErrorKind::ReadOnlyFilesystem), _) => "EROFS",
        (Some(ErrorKind::PermissionDenied), _) => "EACCES",
        (_, Some(EIO)) if cfg!(unix) => "EIO",
        (_, Some(EMFILE | ENFILE)) if cfg!(unix) => "EMFILE",
        _ => "STORAGE_ERROR",
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::PathBuf;
    use std::sync::Arc;

    use sigil_leveldb::{CorruptionKind, IoOperation};

    use super::*;

    fn system(errno: i32) -> Failure {
        Failure::from(EngineError::Io {
            operation: IoOperation::Write,
            path: PathBuf::from("db/000001.log"),
            source: Arc::new(io::Error::from_raw_os_error(errno)),
        })
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_systems_errors_keep_their_names() {
        for (errno, code) in [
            (28, "ENOSPC"),
            (122, "ENOSPC"),
            (30, "EROFS"),
            (13, "EACCES"),
            (5, "EIO"),
            (24, "EMFILE"),
            (23, "EMFILE"),
            (4, "STORAGE_ERROR"),
        ] {
            let failure = system(errno);
            assert_eq!(failure.code(), code, "errno {errno}");
            assert!(failure.details().contains(&format!("\"errno\":{errno}")));
        }
    }

    #[test]
    fn corruption_says_where() {
        let failure = Failure::from(EngineError::Corruption {
            path: PathBuf::from("db/000005.ldb"),
            offset: Some(4096),
            kind: CorruptionKind::Checksum,
        });
        assert_eq!(failure.code(), "LEVEL_CORRUPTION");
        let details: Value = serde_json::from_str(&failure.details()).unwrap();
        assert_eq!(details["path"], "db/000005.ldb");
        assert_eq!(details["offset"], 4096);
    }

    #[test]
    fn a_held_directory_says_lock_and_by_whom() {
        let path = PathBuf::from("db/LOCK");
        let failure = Failure::from(EngineError::Locked { path, holder: Some(77) });
        assert_eq!(failure.code(), "LEVEL_LOCKED");
        let details: Value = serde_json::from_str(&failure.details()).unwrap();
        assert_eq!(details["holder"], 77);
        assert!(details["message"].as_str().unwrap().contains("LOCK"));
    }

    #[test]
    fn a_tenant_that_is_none_is_an_isolation_error() {
        assert_eq!(Failure::from(KeyError::EmptyTenant).code(), "TENANT_ISOLATION_ERROR");
        assert_eq!(Failure::from(KeyError::PartTooLong).code(), "INVALID_PARAMETERS");
    }
}
