//! Closing does not wait for a compaction to end, however large the values are that it carries.

// What a test calls is a test as well.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Compression, Db, Durability, Error, FileKind, IoOperation, Options};

use support::tap::TapEnv;
use support::watch::watched;
use support::workload::DIRECTORY;

/// What a slow disk takes for a piece of a table.
const SLOWNESS: Duration = Duration::from_millis(20);
const VALUES: u32 = 400;

#[test]
fn closing_ends_a_compaction_of_large_values() {
    watched(Duration::from_secs(120), || {
        let (slow, pieces) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let env = {
            let (slow, pieces) = (slow.clone(), pieces.clone());
            TapEnv::new(Arc::new(MemoryEnv::new()), move |call| {
                let is_table = matches!(FileKind::of(&call.path), FileKind::Table(_));
                if slow.load(Ordering::SeqCst) && is_table && call.operation == IoOperation::Write {
                    pieces.fetch_add(1, Ordering::SeqCst);
                    std::thread::sleep(SLOWNESS);
                }
            })
        };
        let options = Options {
            create_if_missing: true,
            compression: Compression::None,
            write_buffer_size: 256 << 20,
            target_file_size: 1 << 30,
            env: Arc::new(env),
            ..Options::default()
        };
        let db = Db::open(DIRECTORY, options).unwrap();
        for index in 0..VALUES {
            db.put(&index.to_be_bytes(), &[7; 256 << 10], Durability::Process).unwrap();
        }
        db.flush().unwrap();
        db.delete(&7_u32.to_be_bytes(), Durability::Process).unwrap();
        db.flush().unwrap();
        slow.store(true, Ordering::SeqCst);
        std::thread::scope(|scope| {
            let compaction = scope.spawn(|| db.compact_range(None, None));
            while pieces.load(Ordering::SeqCst) < 3 {
                std::thread::sleep(Duration::from_millis(1));
            }
            let before = pieces.load(Ordering::SeqCst);
            db.close().unwrap();
            let written = pieces.load(Ordering::SeqCst) - before;
            assert!(written < VALUES as usize / 4, "{written} pieces while closing");
            assert!(matches!(compaction.join().unwrap(), Err(Error::Closed)));
        });
    });
}
