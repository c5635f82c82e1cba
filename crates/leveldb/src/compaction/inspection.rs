//! Finding out what is in the tables that earlier openings have left: only a table whose statistics
//! are known is compacted for its deletions. Those that are made from now on are known anyway.
//!
//! All of them are looked at, a few at a time, so that compactions are not held up. One that cannot be
//! read is tried again after a pause; damage stays what it is, and is reported by whoever reads.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::db::core::Core;

/// Tables that are looked at in one go.
const AT_ONCE: usize = 16;

/// The pause before those that could not be read are tried again.
const PAUSE: Duration = Duration::from_secs(2);

/// See the module's documentation.
#[derive(Default)]
pub(crate) struct Inspection {
    /// Tables that could not be read, to be tried again all together.
    failed: HashSet<u64>,
    failed_at: Option<Instant>,
}

impl Inspection {
    /// Looks at a few tables. Says whether there were any.
    pub(crate) fn go_on(&mut self, core: &Core) -> bool {
        if self.failed_at.is_some_and(|failed_at| failed_at.elapsed() >= PAUSE) {
            self.failed_at = None;
            self.failed.clear();
        }
        let version = Arc::clone(&core.view.load().version);
        let unknown = version.all_files().map(|(_, file)| file);
        let unknown = unknown.filter(|file| !file.statistics_known());
        let chosen: Vec<_> =
            unknown.filter(|file| !self.failed.contains(&file.number)).take(AT_ONCE).collect();
        for file in &chosen {
            if core.is_closed() {
                break;
            }
            match core.tables.learn_statistics(file) {
                Ok(()) => {}
                Err(error) if error.is_corruption() => file.set_statistics(None),
                Err(_) => {
                    self.failed.insert(file.number);
                    self.failed_at = Some(Instant::now());
                }
            }
        }
        !chosen.is_empty()
    }
}
