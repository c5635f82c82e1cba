//! A messenger's store as JavaScript holds it: opening, closing, and what concerns all of it.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use napi::bindgen_prelude::{Function, ToNapiValue, TypeName};
use napi_derive::napi;
use parking_lot::Mutex;
use sigil_storage::{BackupReport, Stats, Store, Verification};

use crate::boundary::{Result, guard};
use crate::bytes::Input;
use crate::failure::Failure;
use crate::job::{Promise, on_pool};
use crate::vault_events::{VaultEvent, name_of, watcher};
use crate::vault_options::VaultOptions;
use crate::vault_secret::Secret;
use crate::vault_writes::VaultQueue;

/// An open store. Dropped without [`NativeVault::close`], it is closed on a thread.
#[napi]
pub struct NativeVault {
    pub(crate) store: Arc<Store>,
    pub(crate) queue: Mutex<VaultQueue>,
    /// The values of the last list that was read at once.
    pub(crate) ready: Mutex<Vec<Bytes>>,
}

impl Drop for NativeVault {
    fn drop(&mut self) {
        let store = Arc::clone(&self.store);
        let close = move || {
            // There is nobody to tell.
            let _ = store.close();
        };
        // Closing waits for the disk, and this is the thread that JavaScript runs on. Without
        // another thread the last to hold the store closes it.
        let _ = std::thread::Builder::new().name("sigil-release".into()).spawn(close);
    }
}

/// Opens or makes a store.
#[napi]
pub fn open_vault(
    root: String,
    password: Input,
    options: VaultOptions,
    listener: Function<'_, VaultEvent, ()>,
) -> Result<Promise<NativeVault>> {
    let password = Secret::from(password);
    guard(|| {
        let mut options = options.resolve()?;
        let failed = |_| Failure::new("INTERNAL_ERROR", "the listener cannot be called");
        options.watcher = Some(watcher(listener).map_err(failed)?);
        Ok(on_pool(move || {
            let store = Arc::new(Store::open(PathBuf::from(root), password.bytes(), options)?);
            Ok(NativeVault { store, queue: Mutex::default(), ready: Mutex::default() })
        }))
    })
}

/// How much there is.
#[napi(object, object_from_js = false)]
#[allow(missing_docs, reason = "the names say it, and JavaScript sees its own types")]
pub struct VaultStats {
    pub messages: f64,
    pub sessions: f64,
    pub proofs: f64,
    pub peers: f64,
    pub total_size: f64,
    pub last_backup: Option<f64>,
}

impl From<Stats> for VaultStats {
    fn from(stats: Stats) -> Self {
        Self {
            messages: stats.messages as f64,
            sessions: stats.sessions as f64,
            proofs: stats.proofs as f64,
            peers: stats.peers as f64,
            total_size: stats.total_size as f64,
            last_backup: stats.last_backup.map(|time| time as f64),
        }
    }
}

/// What a backup has.
#[napi(object, object_from_js = false)]
#[allow(missing_docs, reason = "the names say it, and JavaScript sees its own types")]
pub struct VaultBackup {
    pub created: f64,
    pub messages: f64,
    pub sessions: f64,
    pub proofs: f64,
    pub peers: f64,
    pub skipped: f64,
    pub bytes: f64,
}

impl From<BackupReport> for VaultBackup {
    fn from(report: BackupReport) -> Self {
        Self {
            created: report.created as f64,
            messages: report.messages as f64,
            sessions: report.sessions as f64,
            proofs: report.proofs as f64,
            peers: report.peers as f64,
            skipped: report.skipped as f64,
            bytes: report.bytes as f64,
        }
    }
}

/// Something that cannot be read.
#[napi(object, object_from_js = false)]
#[allow(missing_docs, reason = "the names say it, and JavaScript sees its own types")]
pub struct VaultUnreadable {
    pub kind: &'static str,
    pub id: Option<String>,
}

/// What reading everything has found.
#[napi(object, object_from_js = false)]
#[allow(missing_docs, reason = "the names say it, and JavaScript sees its own types")]
pub struct VaultVerification {
    pub whole: bool,
    pub records: f64,
    pub unreadable: Vec<VaultUnreadable>,
    pub loose_ends: f64,
    pub counters_are_right: bool,
    pub damaged_files: f64,
}

impl From<Verification> for VaultVerification {
    fn from(found: Verification) -> Self {
        let whole = found.is_whole();
        let unreadable = found.unreadable.into_iter();
        Self {
            whole,
            records: found.records as f64,
            unreadable: unreadable
                .map(|(kind, id)| VaultUnreadable { kind: name_of(kind), id })
                .collect(),
            loose_ends: found.loose_ends as f64,
            counters_are_right: found.counters_are_right,
            damaged_files: found.damaged_files as f64,
        }
    }
}

/// What happened since the store was opened.
#[napi(object, object_from_js = false)]
#[allow(missing_docs, reason = "the names say it, and JavaScript sees its own types")]
pub struct VaultMetrics {
    pub backups_made: f64,
    pub backups_failed: f64,
    /// Why the last backup failed, if it did: a code, and details as JSON.
    pub backup_code: Option<&'static str>,
    pub backup_message: Option<String>,
    pub unreadable: f64,
    pub resealed: f64,
}

#[napi]
impl NativeVault {
    pub(crate) fn on_pool<T>(
        &self,
        body: impl FnOnce(&Store) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<Promise<T>>
    where
        T: ToNapiValue + TypeName + Send + 'static,
    {
        let store = Arc::clone(&self.store);
        guard(|| Ok(on_pool(move || body(&store))))
    }

    /// Ends backups and rotations; what else is under way goes on.
    #[napi]
    pub fn begin_closing(&self) -> Result<()> {
        guard(|| {
            self.store.begin_closing();
            Ok(())
        })
    }

    /// Waits for what is under way and zeroes the keys.
    #[napi]
    pub fn close(&self) -> Result<Promise<()>> {
        self.ready.lock().clear();
        self.on_pool(|store| Ok(store.close()?))
    }

    /// How much there is.
    #[napi]
    pub fn stats(&self) -> Result<VaultStats> {
        guard(|| Ok(self.store.stats()?.into()))
    }

    /// Removes everything.
    #[napi]
    pub fn clear(&self) -> Result<Promise<()>> {
        self.on_pool(|store| Ok(store.clear()?))
    }

    /// Returns when what was deleted is gone from the files.
    #[napi]
    pub fn purge(&self) -> Result<Promise<()>> {
        self.on_pool(|store| Ok(store.purge()?))
    }

    /// Wraps the keys with another password.
    #[napi]
    pub fn change_password(&self, old: Input, fresh: Input) -> Result<Promise<()>> {
        let (old, fresh) = (Secret::from(old), Secret::from(fresh));
        self.on_pool(move |store| Ok(store.change_password(old.bytes(), fresh.bytes())?))
    }

    /// Encrypts everything with a new key.
    #[napi]
    pub fn rotate_key(&self) -> Result<Promise<()>> {
        self.on_pool(|store| Ok(store.rotate_key()?))
    }

    /// The path of a backup that was made.
    #[napi]
    pub fn backup(&self) -> Result<Promise<String>> {
        self.on_pool(|store| Ok(store.backup()?.to_string_lossy().into_owned()))
    }

    /// Reads all of a backup.
    #[napi]
    pub fn verify_backup(
        &self,
        path: String,
        password: Option<Input>,
    ) -> Result<Promise<VaultBackup>> {
        let password = password.map(Secret::from);
        self.on_pool(move |store| {
            let password = password.as_ref().map(Secret::bytes);
            Ok(store.verify_backup(path.as_ref(), password)?.into())
        })
    }

    /// Replaces everything by what a backup has.
    #[napi]
    pub fn restore(&self, path: String, password: Option<Input>) -> Result<Promise<VaultBackup>> {
        let password = password.map(Secret::from);
        self.on_pool(move |store| {
            let password = password.as_ref().map(Secret::bytes);
            Ok(store.restore(path.as_ref(), password)?.into())
        })
    }

    /// Reads everything there is.
    #[napi]
    pub fn verify(&self) -> Result<Promise<VaultVerification>> {
        self.on_pool(|store| Ok(store.verify()?.into()))
    }

    /// What happened since the store was opened.
    #[napi]
    pub fn metrics(&self) -> Result<VaultMetrics> {
        guard(|| {
            let metrics = self.store.metrics();
            let failure = metrics.backup_failure.map(Failure::from);
            Ok(VaultMetrics {
                backups_made: metrics.backups_made as f64,
                backups_failed: metrics.backups_failed as f64,
                backup_code: failure.as_ref().map(Failure::code),
                backup_message: failure.as_ref().map(Failure::details),
                unreadable: metrics.unreadable as f64,
                resealed: metrics.resealed as f64,
            })
        })
    }

    /// The epoch that opening began.
    #[napi]
    pub fn epoch(&self) -> Result<f64> {
        guard(|| Ok(self.store.epoch()? as f64))
    }

    /// Begins another epoch and gives it.
    #[napi]
    pub fn begin_epoch(&self) -> Result<Promise<f64>> {
        self.on_pool(|store| Ok(store.begin_epoch()? as f64))
    }
}
