//! Readers beside the process that is killed: one that refreshes all the time, one that opens again
//! and again. They never see an error, half a batch, or less than was acknowledged before they
//! looked.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use sigil_leveldb::{Db, Entries, Options, Range};

use crate::random::Random;
use crate::round::{Acknowledged, Rounds};
use crate::workload::{self, THREADS};
use crate::writer::Habit;

fn open(directory: &Path) -> Db {
    Db::open(directory, Options { read_only: true, ..crate::options() }).unwrap()
}

/// What a reader has checked so far.
struct Watch<'a> {
    acknowledged: &'a Acknowledged,
    seen: [u64; THREADS],
    looks: u64,
}

impl<'a> Watch<'a> {
    fn new(acknowledged: &'a Acknowledged) -> Self {
        Self { acknowledged, seen: [0; THREADS], looks: 0 }
    }

    /// Looks at what one of the threads has written, after `catch_up` has brought the reader up to
    /// now.
    fn look<'db>(&mut self, catch_up: impl FnOnce() -> &'db Db) {
        let thread = self.looks as usize % THREADS;
        let told = self.acknowledged[thread].load(Ordering::SeqCst);
        let db = catch_up();
        let range = Range::prefix(format!("{thread}/").as_bytes());
        let entries: Vec<_> =
            Entries::forward(db.iter(range).unwrap()).map(Result::unwrap).collect();
        let last = workload::check(thread, &entries);
        assert!(last >= told, "{last}, but {told} was acknowledged before");
        assert!(last >= self.seen[thread], "{last} after {}", self.seen[thread]);
        self.seen[thread] = last;
        self.looks += 1;
    }
}

#[test]
fn readers_beside_a_killed_process_see_only_what_is_consistent() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    drop(Db::open(directory, crate::options()).unwrap());
    let mut rounds = Rounds::new(directory);
    let acknowledged = rounds.acknowledged.clone();
    let ended = AtomicBool::new(false);
    let watch = |mut step: Box<dyn FnMut(&mut Watch<'_>)>| {
        let mut watch = Watch::new(&acknowledged);
        while !ended.load(Ordering::SeqCst) {
            step(&mut watch);
        }
        assert!(watch.looks > 10);
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let db = open(directory);
            watch(Box::new(move |watch| {
                watch.look(|| {
                    db.refresh().unwrap();
                    &db
                });
            }));
        });
        scope.spawn(|| {
            let directory = directory.to_path_buf();
            watch(Box::new(move |watch| {
                let mut db = None;
                watch.look(|| db.insert(open(&directory)));
            }));
        });
        // Whatever fails here, the readers end.
        let end = End(&ended);
        let mut random = Random::new(2);
        for round in 0..crate::count(10, 400) {
            rounds.kill_once(Habit::ALL[round as usize % Habit::ALL.len()], &mut random);
        }
        drop(end);
    });
    rounds.had_something_to_lose(crate::count(10, 400));
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
