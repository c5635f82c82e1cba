//! A checkpoint that a crash interrupts is no database or a whole one, never a part of one; one that
//! was reported done survives a power cut; and the database that it was taken of is as it was.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sigil_leveldb::env::{CrashMode, MemoryEnv};
use sigil_leveldb::{Db, Options};

use support::recovered::{self, options};
use support::tap::TapEnv;
use support::watch::watched;
use support::workload::{DIRECTORY, Step, Workload};

/// Neither this nor the directory above it exists before.
const COPY: &str = "/backups/today/db";

fn open_copy(disk: &MemoryEnv) -> Result<Db, sigil_leveldb::Error> {
    Db::open(COPY, Options { create_if_missing: false, ..options(disk.clone()) })
}

#[test]
fn a_checkpoint_is_whole_or_not_there() {
    watched(Duration::from_secs(600), || {
        let workload = Workload::new(8, 400);
        let all = workload.writes();
        let memory = MemoryEnv::new();
        let (begun, crashes) = (Arc::<AtomicBool>::default(), Arc::new(Mutex::new(Vec::new())));
        let env = {
            let (memory, begun, crashes) = (memory.clone(), begun.clone(), crashes.clone());
            TapEnv::new(Arc::new(memory.clone()), move |call| {
                if begun.load(Ordering::SeqCst) && call.changes_the_disk() {
                    crashes.lock().unwrap().push((call, memory.deep_clone()));
                }
            })
        };
        let db = Db::open(DIRECTORY, options(env)).unwrap();
        for step in &workload.steps {
            if let Step::Write(write) = step {
                db.write(write.batch(), write.durability).unwrap();
            }
        }
        db.sync().unwrap();
        begun.store(true, Ordering::SeqCst);
        db.checkpoint(COPY).unwrap();
        begun.store(false, Ordering::SeqCst);
        let done = memory.crash(CrashMode::Drop);
        recovered::holds(&workload, &open_copy(&done).unwrap(), all, all).unwrap();

        let crashes = std::mem::take(&mut *crashes.lock().unwrap());
        assert!(crashes.len() > 10);
        for (call, disk) in crashes {
            let torn = (0..10).map(|seed| CrashMode::Torn { seed: call.number * 1_000 + seed });
            for mode in [CrashMode::Keep, CrashMode::Drop].into_iter().chain(torn) {
                let left = disk.crash(mode);
                if let Ok(copy) = open_copy(&left) {
                    recovered::holds(&workload, &copy, all, all)
                        .unwrap_or_else(|error| panic!("the copy {call}, {mode:?}: {error}"));
                    assert!(copy.verify().unwrap().is_whole(), "{call}, {mode:?}");
                }
                recovered::check(&workload, &left, all, all)
                    .unwrap_or_else(|error| panic!("{call}, {mode:?}: {error}"));
            }
        }
    });
}
