//! Compaction: merging tables downwards, so that reads look at few files and deleted data goes.
//!
//! `plan` decides what to merge, from a version alone; `filter` decides which entries survive, from
//! the entries alone; `run` carries a plan out; `manual` is what callers asked for.

mod filter;
mod manual;
mod plan;
mod run;

use crate::db::core::Core;
use crate::error::Result;
use crate::table::ReadMode;

pub(crate) use manual::ManualQueue;
pub(crate) use run::level1_bytes;

/// Does the most urgent compaction. Says whether there was one.
pub(crate) fn run_next(core: &Core) -> Result<bool> {
    if let Some(service) = core.manual.next() {
        let outcome = manual::serve(core, service.request());
        service.answer(outcome.clone());
        core.progress.announce();
        return outcome.map(|()| true);
    }
    let Some(plan) = run::begin(core, plan::pick) else {
        return Ok(false);
    };
    run::execute(core, plan)?;
    Ok(true)
}

/// Opens tables whose statistics are not known, as many as may be open: old deletions in them are
/// found by their statistics. Damage found here is found again, and reported, by whoever reads.
pub(crate) fn load_statistics(core: &Core) {
    let version = std::sync::Arc::clone(&core.view.load().version);
    for (_, file) in version.all_files().take(core.options.max_open_files) {
        if core.is_closed() {
            return;
        }
        if !file.statistics_known() {
            let _ = core.tables.table(file, ReadMode::Any);
        }
    }
}
