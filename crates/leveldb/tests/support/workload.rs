//! A workload of known writes, and the state after each of them.
//!
//! The states are kept as digests: the sum of a digest of every entry, so that a write changes the
//! sum by what it takes away and adds. A database whose digest is that of the state after some
//! number of writes has exactly these writes, each of them whole and in order.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};

use sigil_leveldb::{Db, Durability, Entries, Range, Result, WriteBatch};

use super::random::Random;

/// The directory of the database.
pub const DIRECTORY: &str = "/data/db";

/// One write: what it makes of each of its keys.
#[derive(Debug, Clone)]
pub struct Write {
    pub entries: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub durability: Durability,
}

impl Write {
    pub fn batch(&self) -> WriteBatch {
        let mut batch = WriteBatch::new();
        for (key, value) in &self.entries {
            match value {
                Some(value) => batch.put(key, value),
                None => batch.delete(key),
            }
        }
        batch
    }
}

#[derive(Debug, Clone)]
pub enum Step {
    Write(Write),
    Flush,
    Compact,
    Reopen,
}

/// What a key had: after so many writes, this.
type History = Vec<(usize, Option<Vec<u8>>)>;

/// See the module's documentation.
pub struct Workload {
    pub steps: Vec<Step>,
    /// The digest after so many writes.
    digests: Vec<u64>,
    values: BTreeMap<Vec<u8>, History>,
}

impl Workload {
    /// So many writes: puts, overwrites, deletions and batches of several entries, in all
    /// durabilities, with a reopening in the middle and some flushes and compactions on request.
    pub fn new(seed: u64, writes: usize) -> Self {
        let mut random = Random::new(seed);
        let mut workload =
            Self { steps: Vec::new(), digests: vec![0], values: BTreeMap::default() };
        for number in 1..=writes {
            let write = any_write(&mut random);
            workload.note(&write);
            workload.steps.push(Step::Write(write));
            if number == writes / 2 {
                workload.steps.push(Step::Reopen);
            } else if number % 600 == 0 {
                workload.steps.push(Step::Compact);
            } else if number % 250 == 0 {
                workload.steps.push(Step::Flush);
            }
        }
        workload
    }

    fn note(&mut self, write: &Write) {
        let mut digest = *self.digests.last().unwrap();
        let number = self.digests.len();
        for (key, value) in &write.entries {
            let history = self.values.entry(key.clone()).or_insert_with(|| vec![(0, None)]);
            let (_, before) = history.last().unwrap();
            digest = digest.wrapping_sub(before.as_ref().map_or(0, |value| entry(key, value)));
            digest = digest.wrapping_add(value.as_ref().map_or(0, |value| entry(key, value)));
            history.push((number, value.clone()));
        }
        self.digests.push(digest);
    }

    pub fn writes(&self) -> usize {
        self.digests.len() - 1
    }

    /// The number of writes, from `at_least` to `at_most`, after which the database has what it has
    /// now.
    pub fn place_of(&self, db: &Db, at_least: usize, at_most: usize) -> Result<Option<usize>> {
        let digest = digest_of(db)?;
        Ok((at_least..=at_most).find(|&writes| self.digests[writes] == digest))
    }

    /// The value of `key` after so many writes.
    pub fn value(&self, key: &[u8], writes: usize) -> Option<&[u8]> {
        let history = self.values.get(key)?;
        let at = history.partition_point(|(number, _)| *number <= writes);
        history[at - 1].1.as_deref()
    }

    /// Whether `key` had this value after some number of writes from `at_least` to `at_most`.
    pub fn had(&self, key: &[u8], value: Option<&[u8]>, at_least: usize, at_most: usize) -> bool {
        (at_least..=at_most).any(|writes| self.value(key, writes) == value)
    }

    pub fn keys(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.values.keys()
    }

    /// How what the database has differs from the state after so many writes.
    pub fn difference(&self, db: &Db, writes: usize) -> String {
        let mut differences = Vec::new();
        for key in self.keys() {
            let found = db.get(key).map(|value| value.map(|value| value.to_vec()));
            let expected = self.value(key, writes);
            if !matches!(&found, Ok(found) if found.as_deref() == expected) {
                let found = found.map(|found| found.map(|found| found.len()));
                let key = String::from_utf8_lossy(key);
                differences.push(format!("{key}: {found:?} for {:?}", expected.map(<[u8]>::len)));
            }
        }
        let shown = differences.len().min(8);
        let all = differences.len();
        format!("against {writes} writes {all} keys differ: {}", differences[..shown].join(", "))
    }
}

/// How far a workload has come. One thread counts up, any other may look.
#[derive(Debug, Default)]
pub struct Progress {
    issued: AtomicUsize,
    acknowledged: AtomicUsize,
    durable: AtomicUsize,
}

/// What a crash at some moment may leave, in numbers of writes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// At least these, if the process was killed.
    pub acknowledged: usize,
    /// At least these, if the power was cut.
    pub durable: usize,
    /// At most these.
    pub issued: usize,
}

impl Progress {
    /// Looks at the disk and says what the writes were just before and just after.
    pub fn around<T>(&self, look: impl FnOnce() -> T) -> (T, Bounds) {
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let durable = self.durable.load(Ordering::SeqCst);
        let seen = look();
        let issued = self.issued.load(Ordering::SeqCst);
        (seen, Bounds { acknowledged, durable, issued })
    }

    pub fn now(&self) -> Bounds {
        self.around(|| ()).1
    }

    pub fn issue(&self) {
        self.issued.store(self.acknowledged.load(Ordering::SeqCst) + 1, Ordering::SeqCst);
    }

    pub fn acknowledge(&self, durability: Durability) {
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        if durability == Durability::Sync {
            self.all_durable();
        }
    }

    /// Everything acknowledged was made durable.
    pub fn all_durable(&self) {
        self.durable.store(self.acknowledged.load(Ordering::SeqCst), Ordering::SeqCst);
    }
}

fn entry(key: &[u8], value: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (key, value).hash(&mut hasher);
    hasher.finish()
}

fn digest_of(db: &Db) -> Result<u64> {
    let mut digest = 0u64;
    for found in Entries::forward(db.iter(Range::all())?) {
        let (key, value) = found?;
        digest = digest.wrapping_add(entry(&key, &value));
    }
    Ok(digest)
}

fn any_write(random: &mut Random) -> Write {
    let entries = match random.below(10) {
        0 => 2 + random.below(9),
        _ => 1,
    };
    let durability = match random.below(20) {
        0 => Durability::Sync,
        1..6 => Durability::Interval,
        _ => Durability::Process,
    };
    Write { entries: (0..entries).map(|_| any_entry(random)).collect(), durability }
}

fn any_entry(random: &mut Random) -> (Vec<u8>, Option<Vec<u8>>) {
    let key = format!("key-{:03}", random.below(400)).into_bytes();
    if random.below(4) == 0 {
        return (key, None);
    }
    let length = match random.below(200) {
        0 => 20_000 + random.below(40_000),
        1..4 => 0,
        4..40 => random.below(900),
        _ => random.below(60),
    };
    // Half of it repeats, half does not, and some of it is zeros.
    let value = (0..length).map(|at| match at % 64 {
        0..32 => random.below(256) as u8,
        32..40 => 0,
        _ => b'v',
    });
    (key, Some(value.collect()))
}
