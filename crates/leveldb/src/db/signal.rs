//! How threads of the engine wake each other.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// Something to do, for one thread that waits for it. A signal raised while nobody waits is kept.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: Mutex<bool>,
    wake: Condvar,
}

impl Signal {
    pub(crate) fn raise(&self) {
        let mut raised = self.raised.lock();
        if !*raised {
            *raised = true;
            self.wake.notify_one();
        }
    }

    /// Waits until the signal is raised or the time is up, and lowers it.
    pub(crate) fn wait(&self, timeout: Duration) {
        let mut raised = self.raised.lock();
        if !*raised {
            self.wake.wait_for(&mut raised, timeout);
        }
        *raised = false;
    }
}

/// An event that happens again and again, for any number of threads that wait for the next one.
#[derive(Debug, Default)]
pub(crate) struct Event {
    count: Mutex<u64>,
    happened: Condvar,
}

impl Event {
    pub(crate) fn announce(&self) {
        *self.count.lock() += 1;
        self.happened.notify_all();
    }

    /// How often it has happened. Ask before looking at what one waits for: an event between the
    /// look and the wait then ends the wait at once.
    pub(crate) fn count(&self) -> u64 {
        *self.count.lock()
    }

    /// Waits until it has happened more than `seen` times, or the time is up.
    pub(crate) fn wait_past(&self, seen: u64, timeout: Duration) {
        let mut count = self.count.lock();
        if *count == seen {
            self.happened.wait_for(&mut count, timeout);
        }
    }
}
