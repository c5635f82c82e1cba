//! The options of an opening, as JavaScript gives them. What is left out is the engine's default.

use std::time::Duration;

use napi::bindgen_prelude::Either;
use napi_derive::napi;
use sigil_leveldb::{Compression, Durability, LogRecovery, Options, ReserveSize};

use crate::failure::Failure;

/// See `Options` of the engine for what each means.
#[napi(object)]
#[allow(missing_docs, reason = "the fields are the engine's, explained there")]
#[derive(Default)]
pub struct OpenOptions {
    pub create_if_missing: Option<bool>,
    pub error_if_exists: Option<bool>,
    pub read_only: Option<bool>,
    pub paranoid_checks: Option<bool>,
    pub salvage: Option<bool>,
    pub write_buffer_size: Option<f64>,
    pub cache_size: Option<f64>,
    pub max_open_files: Option<f64>,
    pub block_size: Option<f64>,
    pub block_restart_interval: Option<f64>,
    pub max_file_size: Option<f64>,
    /// `none`, `snappy` or `zstd`.
    pub compression: Option<String>,
    pub compression_level: Option<i32>,
    pub bloom_bits_per_key: Option<f64>,
    /// Milliseconds.
    pub sync_interval: Option<f64>,
    pub reserve_size: Option<Either<f64, String>>,
}

impl OpenOptions {
    /// The engine's options.
    pub fn resolve(self) -> Result<Options, Failure> {
        let mut options = Options {
            create_if_missing: self.create_if_missing.unwrap_or(false),
            error_if_exists: self.error_if_exists.unwrap_or(false),
            read_only: self.read_only.unwrap_or(false),
            paranoid_checks: self.paranoid_checks.unwrap_or(false),
            ..Options::default()
        };
        if self.salvage == Some(true) {
            options.log_recovery = LogRecovery::Salvage;
        }
        set(&mut options.write_buffer_size, "writeBufferSize", self.write_buffer_size)?;
        set(&mut options.block_cache_size, "cacheSize", self.cache_size)?;
        set(&mut options.max_open_files, "maxOpenFiles", self.max_open_files)?;
        set(&mut options.block_size, "blockSize", self.block_size)?;
        set(
            &mut options.block_restart_interval,
            "blockRestartInterval",
            self.block_restart_interval,
        )?;
        set(&mut options.bloom_bits_per_key, "bloomBitsPerKey", self.bloom_bits_per_key)?;
        set(&mut options.target_file_size, "maxFileSize", self.max_file_size)?;
        options.reserve_size = reserve_of(self.reserve_size)?;
        let mut milliseconds = u64::try_from(options.sync_interval.as_millis()).unwrap_or(u64::MAX);
        set(&mut milliseconds, "syncInterval", self.sync_interval)?;
        options.sync_interval = Duration::from_millis(milliseconds);
        options.compression = match self.compression.as_deref() {
            None => options.compression,
            Some("none") => Compression::None,
            Some("snappy") => Compression::Snappy,
            Some("zstd") => Compression::Zstd(self.compression_level.unwrap_or(1)),
            Some(_) => return Err(invalid("compression is 'none', 'snappy' or 'zstd'")),
        };
        Ok(options)
    }
}

/// The durability of a number that `lib/` uses: 0, 1 and 2, from the least on.
pub fn durability(number: u32) -> Durability {
    match number {
        0 => Durability::Process,
        1 => Durability::Interval,
        _ => Durability::Sync,
    }
}

fn reserve_of(given: Option<Either<f64, String>>) -> Result<ReserveSize, Failure> {
    let mut bytes = 0;
    match given {
        None => {}
        Some(Either::A(size)) => set(&mut bytes, "reserveSize", Some(size))?,
        Some(Either::B(word)) if word == "auto" => return Ok(ReserveSize::Auto),
        Some(Either::B(_)) => return Err(invalid("reserveSize is a number or 'auto'")),
    }
    Ok(ReserveSize::Bytes(bytes))
}

fn set<T: TryFrom<u64>>(field: &mut T, name: &str, value: Option<f64>) -> Result<(), Failure> {
    let Some(value) = value else { return Ok(()) };
    let whole = value.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&value);
    let fitting = whole.then_some(value as u64).and_then(|value| T::try_from(value).ok());
    *field = fitting.ok_or_else(|| invalid(&format!("{name} is a whole number of 0 or more")))?;
    Ok(())
}

fn invalid(message: &str) -> Failure {
    Failure::new("INVALID_PARAMETERS", message)
}
