//! The one table from the errors of the messenger's storage to the public codes.

use sigil_storage::Error;

use crate::failure::Failure;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Engine(engine) = error {
            return engine.into();
        }
        let failure = Self::new(code(&error), error.to_string());
        match &error {
            Error::HeaderMissing(path)
            | Error::DataMissing(path)
            | Error::HeaderDamaged(path)
            | Error::Unsupported(path)
            | Error::NotEncrypted(path)
            | Error::BackupDamaged { path, .. } => failure.with("path", path.to_str()),
            _ => failure,
        }
    }
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::KeyWrong => "KEY_WRONG",
        Error::HeaderMissing(_) => "HEADER_MISSING",
        Error::DataMissing(_) => "DATA_MISSING",
        Error::HeaderDamaged(_) => "HEADER_DAMAGED",
        Error::Unsupported(_) => "FORMAT_UNSUPPORTED",
        Error::NotEncrypted(_) => "STORE_NOT_ENCRYPTED",
        Error::RolledBack { .. } => "STORE_ROLLED_BACK",
        Error::Unreadable(_) => "RECORD_UNREADABLE",
        Error::BackupDamaged { .. } => "BACKUP_DAMAGED",
        Error::TooLarge { .. } => "VALUE_TOO_LARGE",
        Error::KeyExhausted => "KEY_EXHAUSTED",
        Error::Invalid(_) => "INVALID_PARAMETERS",
        Error::NotFound => "RECORD_NOT_FOUND",
        Error::Closed => "NOT_INITIALIZED",
        _ => "STORAGE_ERROR",
    }
}
