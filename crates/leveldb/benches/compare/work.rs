//! The work that is measured.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::contenders::Contender;
use crate::random::Random;

const VALUE_SIZE: usize = 300;

/// Keys that are read again and again for the warm reads: they fit every cache.
const WARM_ROWS: u64 = 10_000;

/// How fast a kind of work went.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) name: &'static str,
    operations: usize,
    took: Duration,
    pub(crate) slowest: Option<Duration>,
}

impl Outcome {
    pub(crate) fn per_second(&self) -> f64 {
        self.operations as f64 / self.took.as_secs_f64()
    }
}

pub(crate) struct Work {
    rows: u64,
}

impl Work {
    pub(crate) fn new(rows: u64) -> Self {
        Self { rows }
    }

    pub(crate) fn run<C: Contender>(&self, directory: &Path) -> Vec<Outcome> {
        let data = directory.join("data");
        let mut db = C::open(&data, 0);
        let mut outcomes = vec![self.load(&mut db, "random fill", 1)];
        outcomes.push(self.load(&mut db, "overwrite", 2));
        db.settle();
        outcomes.push(self.cold_reads(&mut db));
        outcomes.push(self.scan(&mut db));
        drop(db);

        let mut warm = C::open(&directory.join("warm"), 64 << 20);
        for row in 0..WARM_ROWS {
            warm.put(&key(row), &value(row, 1));
        }
        warm.settle();
        outcomes.push(warm_reads(&mut warm));
        outcomes
    }

    fn load<C: Contender>(&self, db: &mut C, name: &'static str, seed: u64) -> Outcome {
        let mut random = Random::new(seed);
        let mut slowest = Duration::ZERO;
        let started = Instant::now();
        for _ in 0..self.rows {
            let row = random.below(self.rows);
            let (key, value) = (key(row), value(row, seed));
            let begun = Instant::now();
            db.put(&key, &value);
            slowest = slowest.max(begun.elapsed());
        }
        let operations = self.rows as usize;
        Outcome { name, operations, took: started.elapsed(), slowest: Some(slowest) }
    }

    fn cold_reads<C: Contender>(&self, db: &mut C) -> Outcome {
        let mut random = Random::new(3);
        let operations = (self.rows / 5) as usize;
        let started = Instant::now();
        let mut found = 0;
        for _ in 0..operations {
            found += usize::from(db.get(&key(random.below(self.rows))).is_some());
        }
        let took = started.elapsed();
        assert!(found * 10 > operations * 8, "{found} of {operations} found");
        Outcome { name: "get, data larger than the caches", operations, took, slowest: None }
    }

    fn scan<C: Contender>(&self, db: &mut C) -> Outcome {
        let started = Instant::now();
        let (operations, bytes) = db.scan();
        assert_eq!(bytes, operations * (VALUE_SIZE + 16));
        Outcome { name: "scan", operations, took: started.elapsed(), slowest: None }
    }
}

fn warm_reads<C: Contender>(db: &mut C) -> Outcome {
    let mut random = Random::new(4);
    let mut pass = |operations: usize| {
        let started = Instant::now();
        for _ in 0..operations {
            assert_eq!(db.get(&key(random.below(WARM_ROWS))), Some(VALUE_SIZE));
        }
        started.elapsed()
    };
    pass(50_000);
    let operations = 500_000;
    Outcome { name: "get, warm", operations, took: pass(operations), slowest: None }
}

fn key(row: u64) -> [u8; 16] {
    let mut key = [b'0'; 16];
    let mut rest = row;
    for digit in key.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// Half of it compresses well, as JSON does.
fn value(row: u64, seed: u64) -> [u8; VALUE_SIZE] {
    let mut value = [b'x'; VALUE_SIZE];
    let mut random = Random::new(row ^ (seed << 32));
    for piece in value[..VALUE_SIZE / 2].chunks_mut(8) {
        let bytes = random.next().to_le_bytes();
        piece.copy_from_slice(&bytes[..piece.len()]);
    }
    value
}
