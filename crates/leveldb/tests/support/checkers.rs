//! Threads that check things while the test goes on making more of them. The first failures are
//! kept, all of them with what is needed to see the case again.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const THREADS: usize = 3;
const FAILURES_KEPT: usize = 5;

type Check = Box<dyn FnOnce() -> Result<(), String> + Send>;

/// See the module's documentation.
pub struct Checkers {
    line: SyncSender<Check>,
    threads: Vec<JoinHandle<()>>,
    outcome: Arc<Mutex<Outcome>>,
}

#[derive(Default)]
struct Outcome {
    checked: usize,
    failures: Vec<String>,
}

impl Checkers {
    pub fn start() -> Self {
        let (line, checks) = sync_channel::<Check>(64);
        let checks = Arc::new(Mutex::new(checks));
        let outcome = Arc::<Mutex<Outcome>>::default();
        let threads = (0..THREADS).map(|_| {
            let (checks, outcome) = (Arc::clone(&checks), Arc::clone(&outcome));
            std::thread::spawn(move || {
                loop {
                    let next = checks.lock().unwrap().recv();
                    let Ok(check) = next else { return };
                    // After enough failures the rest is only taken off the line.
                    if outcome.lock().unwrap().failures.len() < FAILURES_KEPT {
                        let answer = check();
                        let mut outcome = outcome.lock().unwrap();
                        outcome.checked += 1;
                        outcome.failures.extend(answer.err());
                    }
                }
            })
        });
        Self { line, threads: threads.collect(), outcome }
    }

    /// Has something checked soon. Waits while the line is full.
    pub fn submit(&self, check: impl FnOnce() -> Result<(), String> + Send + 'static) {
        self.line.send(Box::new(check)).unwrap();
    }

    /// Waits for all checks and panics if one of them failed. Gives their number.
    pub fn finish(self) -> usize {
        drop(self.line);
        for thread in self.threads {
            thread.join().unwrap();
        }
        let outcome = self.outcome.lock().unwrap();
        assert!(outcome.failures.is_empty(), "{}", outcome.failures.join("\n\n"));
        outcome.checked
    }
}
