//! The process that is killed: writes and says what was acknowledged, a line for each thing.

use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use sigil_leveldb::{Db, Error};

use crate::workload::{self, THREADS};

pub(crate) const DIRECTORY: &str = "SIGIL_TEST_KILL_DIRECTORY";
pub(crate) const HABIT: &str = "SIGIL_TEST_KILL_HABIT";

/// What the process does besides writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Nothing.
    Writing,
    /// Flushes and compacts everything, again and again.
    Compacting,
    /// Closes while the threads write, and opens again.
    Closing,
    /// Opens, writes little, drops the handle, and opens again.
    Opening,
}

impl Habit {
    pub(crate) const ALL: [Self; 4] =
        [Self::Writing, Self::Compacting, Self::Closing, Self::Opening];
}

/// Tells the process that started this one. One line is one write.
fn tell(line: &str) {
    std::io::stdout().write_all(format!("\n! {line}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

/// Writes until it is killed, if this process was started for that.
pub(crate) fn run() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let habit = std::env::var(HABIT).unwrap();
    let habit = Habit::ALL.into_iter().find(|known| format!("{known:?}") == habit).unwrap();
    // Whoever should have killed this process may be gone.
    thread::spawn(|| {
        thread::sleep(Duration::from_secs(60));
        std::process::exit(1);
    });
    loop {
        tell("opening");
        match Db::open(Path::new(&directory), crate::options()) {
            Ok(db) => {
                tell("open");
                work(&db, habit);
            }
            Err(error) => {
                tell(&format!("failed {error:?}"));
                return;
            }
        }
    }
}

fn work(db: &Db, habit: Habit) {
    let batches = if habit == Habit::Opening { 15 } else { u64::MAX };
    thread::scope(|scope| {
        for writer in 0..THREADS {
            scope.spawn(move || write(db, writer, batches));
        }
        if habit == Habit::Compacting {
            scope.spawn(|| while db.compact_range(None, None).is_ok() {});
        }
        if habit == Habit::Closing {
            thread::sleep(Duration::from_millis(20));
            tell("closing");
            if let Err(error) = db.close() {
                tell(&format!("failed {error:?}"));
            }
        }
    });
}

fn write(db: &Db, thread: usize, batches: u64) {
    let last = match db.get(&workload::last_key(thread)) {
        Ok(last) => last.map_or(0, |value| workload::number(&value)),
        Err(Error::Closed) => return,
        Err(error) => return tell(&format!("failed {error:?}")),
    };
    for number in (last + 1..).take(usize::try_from(batches).unwrap_or(usize::MAX)) {
        let durability = workload::durability(thread, number);
        match db.write(workload::batch(thread, number), durability) {
            Ok(()) => tell(&format!("written {thread} {number}")),
            Err(Error::Closed) => return,
            Err(error) => return tell(&format!("failed {error:?}")),
        }
    }
}
