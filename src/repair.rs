//! Repairing a database: the engine's `repair` for JavaScript, and its report as an object.

use std::path::Path;

use napi_derive::napi;
use sigil_leveldb::{Damage, Options, RepairReport};

use crate::boundary::{Result, guard};
use crate::job::{Promise, on_pool};

/// See the engine's `RepairReport` for what each means.
#[napi(object)]
#[allow(missing_docs, reason = "the fields are the engine's, explained there")]
pub struct NativeRepairReport {
    pub whole_tables: f64,
    pub salvaged_tables: f64,
    pub lost_tables: f64,
    pub logs: f64,
    pub log_records: f64,
    pub entries: f64,
    pub bytes: f64,
    pub torn: Option<NativeTorn>,
    pub damages: Vec<NativeDamage>,
    pub kept: Vec<String>,
}

/// Where the newest log ends inside a record.
#[napi(object)]
pub struct NativeTorn {
    /// The log.
    pub path: String,
    /// Where its last whole record ends.
    pub offset: f64,
}

/// A place where something could not be read, or is not there.
#[napi(object)]
#[allow(missing_docs, reason = "the fields are the engine's, explained there")]
pub struct NativeDamage {
    pub path: String,
    pub offset: f64,
    pub bytes: f64,
    pub reason: String,
}

/// Makes a database that opens out of what is left of one.
#[napi]
pub fn repair_database(directory: String) -> Result<Promise<NativeRepairReport>> {
    guard(|| Ok(on_pool(move || Ok(sigil_leveldb::repair(directory, &Options::default())?.into()))))
}

impl From<RepairReport> for NativeRepairReport {
    fn from(report: RepairReport) -> Self {
        Self {
            whole_tables: report.whole_tables as f64,
            salvaged_tables: report.salvaged_tables as f64,
            lost_tables: report.lost_tables as f64,
            logs: report.logs as f64,
            log_records: report.log_records as f64,
            entries: report.entries as f64,
            bytes: report.bytes as f64,
            torn: report
                .torn
                .map(|(path, offset)| NativeTorn { path: name(&path), offset: offset as f64 }),
            damages: report.damages.into_iter().map(NativeDamage::from).collect(),
            kept: report.kept.iter().map(|path| name(path)).collect(),
        }
    }
}

impl From<Damage> for NativeDamage {
    fn from(damage: Damage) -> Self {
        Self {
            path: name(&damage.path),
            offset: damage.offset as f64,
            bytes: damage.bytes as f64,
            reason: damage.kind.to_string(),
        }
    }
}

fn name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
