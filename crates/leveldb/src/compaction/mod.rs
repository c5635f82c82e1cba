//! Compaction: merging tables downwards, so that reads look at few files and deleted data goes.
//!
//! `plan` decides what to merge, from a version alone; `filter` decides which entries survive, from
//! the entries alone; `run` carries a plan out, in `parts` where the disk is full, or a file of level 0 `alone`; `manual` is what callers asked for; `inspection` finds
//! out what tables of earlier openings hold.

mod alone;
mod filter;
mod inspection;
mod manual;
mod parts;
mod plan;
mod run;

use crate::db::core::Core;
use crate::error::Result;

pub(crate) use filter::EntryFilter;
pub(crate) use inspection::Inspection;
pub(crate) use manual::ManualQueue;
pub(crate) use plan::LEVEL_FACTOR;
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
