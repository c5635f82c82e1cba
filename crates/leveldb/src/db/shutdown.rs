//! Closing: what was acknowledged is made as safe as it can be, the threads end, and everything that
//! is held open is let go of, the lock last.

use super::background::Background;
use super::core::Core;
use super::flush;
use crate::error::Result;

/// Ends a database that was opened for writing. It is closed then, whatever the answer: the answer
/// says whether everything that was acknowledged is durable.
pub(crate) fn close(core: &Core, threads: &mut Background) -> Result<()> {
    let saved = save(core);
    threads.stop(core);
    drop(core.at_files.write());
    core.manual.close();
    let synced = end_log(core);
    core.view.clear();
    core.versions.lock().close();
    core.tables.close();
    core.info_log.close();
    core.lock.lock().take();
    saved.and(synced)
}

/// Waits for the writer who is at it; then nobody gets past the closed flag. What was written while
/// the rest was saved is made durable too: no thread is left to do it.
fn end_log(core: &Core) -> Result<()> {
    let mut log = core.commits.log();
    let synced = log.sync();
    log.end();
    synced
}

/// Makes what was acknowledged as safe as it can be. A log that was given up does not have it all:
/// then only tables will do.
fn save(core: &Core) -> Result<()> {
    let mut log = core.commits.log();
    if !log.is_given_up() {
        let synced = log.sync();
        if synced.is_ok() {
            return synced;
        }
    }
    log.rotate(core)?;
    drop(log);
    while flush::flush_oldest(core)? {}
    Ok(())
}
