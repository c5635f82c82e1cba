//! The options of a messenger's store as JavaScript gives them. `lib/` has checked their types.

use std::path::PathBuf;
use std::time::Duration;

use napi_derive::napi;
use sigil_storage::{Kdf, Options};

use crate::boundary::{Result, guard};
use crate::failure::Failure;
use crate::open_options::durability;

/// What a store is opened with.
#[napi(object)]
#[allow(missing_docs, reason = "the names say it, and JavaScript sees its own types")]
pub struct VaultOptions {
    /// Where backups go.
    pub backups: String,
    /// Milliseconds between automatic backups; none without.
    pub backup_interval: Option<f64>,
    pub keep_backups: Option<u32>,
    /// `pbkdf2` or `argon2id`.
    pub kdf: Option<String>,
    pub kdf_rounds: Option<u32>,
    pub kdf_memory: Option<u32>,
    pub kdf_passes: Option<u32>,
    pub kdf_lanes: Option<u32>,
    pub max_value_size: Option<f64>,
    /// Milliseconds.
    pub erase_within: Option<f64>,
    /// 0, 1 or 2.
    pub level: Option<u32>,
    pub rotate_after: Option<f64>,
    /// What the host remembers, where it does.
    pub epoch: Option<f64>,
}

impl VaultOptions {
    /// The storage's options.
    pub fn resolve(self) -> std::result::Result<Options, Failure> {
        let mut options =
            Options { backups: Some(PathBuf::from(&self.backups)), ..Options::default() };
        let costs = Costs {
            rounds: self.kdf_rounds,
            memory: self.kdf_memory,
            passes: self.kdf_passes,
            lanes: self.kdf_lanes,
        };
        options.kdf = costs.of(self.kdf.as_deref())?;
        options.backup_interval = self.backup_interval.map(milliseconds);
        options.expected_epoch = self.epoch.map(|epoch| epoch as u64);
        if let Some(count) = self.keep_backups {
            options.backups_kept = count as usize;
        }
        if let Some(size) = self.max_value_size {
            options.max_value_size = size as usize;
        }
        if let Some(within) = self.erase_within {
            options.erase_within = milliseconds(within);
        }
        if let Some(level) = self.level {
            options.durability = durability(level);
        }
        if let Some(uses) = self.rotate_after {
            options.rotate_after = uses as u64;
        }
        Ok(options)
    }
}

/// Refuses a key derivation that a store must not be made with.
#[napi]
pub fn check_kdf(
    name: Option<String>,
    rounds: Option<u32>,
    memory: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
) -> Result<()> {
    guard(|| Ok(Costs { rounds, memory, passes, lanes }.of(name.as_deref())?.check_new()?))
}

/// What a caller gave of a key derivation's costs; the rest is the default's.
struct Costs {
    rounds: Option<u32>,
    memory: Option<u32>,
    passes: Option<u32>,
    lanes: Option<u32>,
}

impl Costs {
    fn of(&self, name: Option<&str>) -> std::result::Result<Kdf, Failure> {
        let default = match name {
            None | Some("pbkdf2") => Kdf::default(),
            Some("argon2id") => Kdf::ARGON2ID,
            Some(_) => {
                let message = "kdf.name is 'pbkdf2' or 'argon2id'";
                return Err(Failure::new("INVALID_PARAMETERS", message));
            }
        };
        Ok(match default {
            Kdf::Pbkdf2Sha512 { rounds } => {
                Kdf::Pbkdf2Sha512 { rounds: self.rounds.unwrap_or(rounds) }
            }
            Kdf::Argon2id { memory_kib, passes, lanes } => Kdf::Argon2id {
                memory_kib: self.memory.unwrap_or(memory_kib),
                passes: self.passes.unwrap_or(passes),
                lanes: self.lanes.unwrap_or(lanes),
            },
        })
    }
}

fn milliseconds(count: f64) -> Duration {
    Duration::try_from_secs_f64(count / 1_000.0).unwrap_or(Duration::from_secs(3_600))
}
