//! Whether a thread has come to where it waits. A test cannot see who stands in a line of the engine,
//! but the system says which threads sleep.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

/// It has to be found asleep so often in a row: a lock that is held for a moment is no wait.
const LOOKS: u32 = 20;
const BETWEEN: Duration = Duration::from_millis(5);
/// Where others want the cores too, each look takes its time.
const PATIENCE: Duration = Duration::from_secs(120);

/// A thread, as the system knows it.
pub struct Task(Option<PathBuf>);

impl Task {
    /// The thread that calls.
    pub fn current() -> Self {
        let own = std::fs::read_link("/proc/thread-self").ok();
        Self(own.map(|own| PathBuf::from("/proc").join(own).join("stat")))
    }

    /// Returns once the thread waits, or has ended; where the system does not tell, after a moment.
    pub fn comes_to_wait(&self) {
        let (begun, mut seen) = (Instant::now(), 0);
        while seen < LOOKS {
            assert!(begun.elapsed() < PATIENCE, "the thread does not come to wait");
            thread::sleep(BETWEEN);
            seen = if self.sleeps() { seen + 1 } else { 0 };
        }
    }

    fn sleeps(&self) -> bool {
        let status = self.0.as_ref().and_then(|path| std::fs::read_to_string(path).ok());
        // The state stands behind the name of the program, in which anything can stand.
        status.is_none_or(|status| {
            status.rsplit_once(')').is_none_or(|(_, fields)| fields.trim_start().starts_with('S'))
        })
    }
}

/// Starts a thread of a scope that makes itself known first.
pub fn spawn_known<'scope, T: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    act: impl FnOnce() -> T + Send + 'scope,
) -> (thread::ScopedJoinHandle<'scope, T>, Task) {
    let (tell, told) = std::sync::mpsc::channel();
    let thread = scope.spawn(move || {
        tell.send(Task::current()).unwrap();
        act()
    });
    (thread, told.recv().unwrap())
}
