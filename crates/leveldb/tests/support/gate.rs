//! A gate in front of the calls of one sort: while it is shut they hang, as on a disk that does not
//! answer.

use std::sync::{Arc, Condvar, Mutex};

use sigil_leveldb::env::Env;

use super::tap::{Call, TapEnv};

pub type Stopped = fn(&Call) -> bool;

/// See the module's documentation.
#[derive(Default)]
pub struct Gate {
    state: Mutex<(Option<Stopped>, usize)>,
    changed: Condvar,
}

impl Gate {
    /// A gate, and `disk` behind it.
    pub fn before(disk: impl Env) -> (Arc<Self>, TapEnv) {
        let gate = Arc::<Self>::default();
        let passing = Arc::clone(&gate);
        (gate, TapEnv::new(Arc::new(disk), move |call| passing.pass(&call)))
    }

    /// Stops the calls that `stopped` chooses, until [`Gate::open`], or at the latest until a test
    /// that fails drops the guard: whoever hangs then can end.
    #[must_use]
    pub fn shut(&self, stopped: Stopped) -> Shut<'_> {
        self.state.lock().unwrap().0 = Some(stopped);
        Shut(self)
    }

    pub fn open(&self) {
        self.state.lock().unwrap().0 = None;
        self.changed.notify_all();
    }

    /// To be called before every call of the disk.
    pub fn pass(&self, call: &Call) {
        let mut state = self.state.lock().unwrap();
        while state.0.is_some_and(|stopped| stopped(call)) {
            state.1 += 1;
            state = self.changed.wait(state).unwrap();
            state.1 -= 1;
        }
    }

    /// How many calls hang now.
    pub fn waiting(&self) -> usize {
        self.state.lock().unwrap().1
    }
}

/// A gate that is shut.
pub struct Shut<'a>(&'a Gate);

impl Drop for Shut<'_> {
    fn drop(&mut self) {
        self.0.open();
    }
}

/// Whether the thread that makes the call has this name.
pub fn on_thread(name: &str) -> bool {
    std::thread::current().name() == Some(name)
}
