//! The database and the map, side by side.

use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use sigil_leveldb::env::{CrashMode, Env, MemoryEnv};
use sigil_leveldb::{
    Cached, Db, Durability, Entries, Error, Options, Snapshot, WriteBatch, destroy,
};

use crate::cursor::{Cursor, Map, part_of, range_of};
use crate::script::{Change, Setting, Span, Step, numbered};

type Outcome = Result<(), TestCaseError>;

/// More are not held at a time.
const MOST_HELD: usize = 4;

const DIRECTORY: &str = "/db";

struct Follower {
    db: Db,
    map: Map,
    snapshot: Option<(Snapshot, Map)>,
}

/// See the module's documentation.
pub(crate) struct World {
    env: MemoryEnv,
    setting: Setting,
    db: Db,
    map: Map,
    snapshots: Vec<(Snapshot, Map)>,
    cursors: Vec<Cursor>,
    follower: Option<Follower>,
}

/// Turns an error of the engine into one of the test.
fn ok<T>(result: sigil_leveldb::Result<T>) -> Result<T, TestCaseError> {
    result.map_err(|error| TestCaseError::fail(error.to_string()))
}

fn options(env: &MemoryEnv, setting: &Setting) -> Options {
    Options {
        create_if_missing: true,
        write_buffer_size: 16 << 10,
        target_file_size: 64 << 10,
        compression: setting.compression,
        bloom_bits_per_key: setting.bloom_bits_per_key,
        block_cache_size: setting.block_cache_size,
        block_restart_interval: setting.block_restart_interval,
        block_size: setting.block_size,
        max_open_files: setting.max_open_files,
        max_pending_memtables: setting.max_pending_memtables,
        env: Arc::new(env.clone()),
        ..Options::default()
    }
}

fn check_scan(entries: Entries, backward: bool, map: &Map, span: &Span) -> Outcome {
    let part = part_of(map, span);
    let mut expected: Vec<_> = part.into_iter().collect();
    if backward {
        expected.reverse();
    }
    let found = ok(entries.collect::<sigil_leveldb::Result<Vec<_>>>())?;
    let keys = |entries: &[(Vec<u8>, Bytes)]| -> Vec<Vec<u8>> {
        entries.iter().map(|(key, _)| key.clone()).collect()
    };
    prop_assert_eq!(keys(&found), keys(&expected), "{:?}", span);
    prop_assert!(found == expected, "the values of {span:?}");
    Ok(())
}

fn check_scans(db: &Db, snapshot: Option<&Snapshot>, map: &Map, span: &Span) -> Outcome {
    for backward in [false, true] {
        let range = range_of(span).fill_cache(backward);
        let cursor = ok(match snapshot {
            Some(snapshot) => db.iter_at(snapshot, range),
            None => db.iter(range),
        })?;
        let entries = if backward { Entries::backward(cursor) } else { Entries::forward(cursor) };
        check_scan(entries, backward, map, span)?;
    }
    Ok(())
}

fn everything() -> Span {
    Span::Between(std::ops::Bound::Unbounded, std::ops::Bound::Unbounded)
}

impl World {
    pub(crate) fn new(setting: &Setting) -> Self {
        let env = MemoryEnv::new();
        let db = Db::open(DIRECTORY, options(&env, setting)).unwrap();
        Self {
            env,
            setting: setting.clone(),
            db,
            map: Map::new(),
            snapshots: Vec::new(),
            cursors: Vec::new(),
            follower: None,
        }
    }

    pub(crate) fn take(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Put(key, value) => {
                ok(self.db.put(key, &value.bytes(), Durability::Process))?;
                self.map.insert(key.clone(), value.bytes().into());
            }
            Step::Delete(key) => {
                ok(self.db.delete(key, Durability::Interval))?;
                self.map.remove(key);
            }
            Step::Batch(changes) => {
                ok(self.db.write(batch_of(changes), Durability::Sync))?;
                self.apply(changes);
            }
            Step::TryWrite(changes) => self.try_write(changes)?,
            Step::Fill { from, count, value } => {
                for index in *from..from.saturating_add(*count) {
                    ok(self.db.put(&numbered(index), &value.bytes(), Durability::Process))?;
                    self.map.insert(numbered(index), value.bytes().into());
                }
            }
            Step::Flush => ok(self.db.flush())?,
            Step::Compact(from, to) => ok(self.db.compact_range(from.as_deref(), to.as_deref()))?,
            Step::Reopen { close } => self.reopen(*close)?,
            Step::Kill => self.kill()?,
            Step::Checkpoint => self.checkpoint()?,
            Step::Verify => {
                let report = ok(self.db.verify())?;
                prop_assert!(report.is_whole(), "{report:?}");
            }
            Step::OpenFollower
            | Step::Refresh
            | Step::FollowerGet(_)
            | Step::FollowerScan(_)
            | Step::FollowerSnapshot
            | Step::FollowerGetAt(_) => self.follow(step)?,
            other => self.read(other)?,
        }
        Ok(())
    }

    /// Everything that can be read, in every way.
    pub(crate) fn check_all(&self) -> Outcome {
        check_scans(&self.db, None, &self.map, &everything())?;
        for (snapshot, map) in &self.snapshots {
            check_scans(&self.db, Some(snapshot), map, &everything())?;
        }
        if let Some(follower) = &self.follower {
            check_scans(&follower.db, None, &follower.map, &everything())?;
        }
        for (key, value) in &self.map {
            prop_assert!(ok(self.db.get(key))?.as_ref() == Some(value), "get of {key:?}");
        }
        prop_assert!(self.db.health().failures.is_empty(), "{:?}", self.db.health());
        Ok(())
    }

    fn apply(&mut self, changes: &[Change]) {
        for (key, value) in changes {
            match value {
                Some(value) => drop(self.map.insert(key.clone(), value.bytes().into())),
                None => drop(self.map.remove(key)),
            }
        }
    }

    fn try_write(&mut self, changes: &[Change]) -> Outcome {
        let mut batch = batch_of(changes);
        match self.db.try_write(&mut batch, Durability::Process) {
            Ok(()) => prop_assert!(batch.is_empty()),
            Err(Error::WouldBlock) => {
                let same = batch.iter().eq(batch_of(changes).iter());
                prop_assert!(same, "a batch that was not taken is as it was");
                ok(self.db.write(batch, Durability::Process))?;
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
        self.apply(changes);
        Ok(())
    }

    fn read(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Get(key) => {
                // What is read again comes from elsewhere than what is read first.
                for _ in 0..3 {
                    prop_assert!(ok(self.db.get(key))?.as_ref() == self.map.get(key));
                }
            }
            Step::GetMany(keys) => {
                let expected: Vec<_> = keys.iter().map(|key| self.map.get(key).cloned()).collect();
                prop_assert!(ok(self.db.get_many(keys))? == expected);
            }
            Step::GetIfCached(key) => {
                check_cached(ok(self.db.get_if_cached(key))?, self.map.get(key))?;
                check_cached(ok(self.db.try_get(key))?, self.map.get(key))?;
            }
            Step::Scan(span) => check_scans(&self.db, None, &self.map, span)?,
            Step::ApproximateSize(from, to) => self.approximate_size(from, to)?,
            Step::Move(which, moves) => {
                if let Some(cursor) = self.cursors.get_mut(*which) {
                    moves.iter().try_for_each(|to| cursor.go(to))?;
                }
            }
            Step::DropCursor(which) if *which < self.cursors.len() => {
                self.cursors.remove(*which);
            }
            Step::DropSnapshot(which) if *which < self.snapshots.len() => {
                self.snapshots.remove(*which);
            }
            Step::Snapshot if self.snapshots.len() < MOST_HELD => {
                self.snapshots.push((ok(self.db.snapshot())?, self.map.clone()));
            }
            Step::Cursor(span, which) if self.cursors.len() < MOST_HELD => {
                let held = which.and_then(|which| self.snapshots.get(which));
                let real = ok(match held {
                    Some((snapshot, _)) => self.db.iter_at(snapshot, range_of(span)),
                    None => self.db.iter(range_of(span)),
                })?;
                let map = held.map_or(&self.map, |(_, map)| map);
                self.cursors.push(Cursor::new(real, part_of(map, span)));
            }
            other => self.read_snapshot(other)?,
        }
        Ok(())
    }

    fn read_snapshot(&self, step: &Step) -> Outcome {
        let (Step::GetAt(which, _) | Step::GetIfCachedAt(which, _) | Step::ScanAt(which, _)) = step
        else {
            return Ok(());
        };
        let Some((snapshot, map)) = self.snapshots.get(*which) else { return Ok(()) };
        match step {
            Step::GetAt(_, key) => {
                for _ in 0..3 {
                    prop_assert!(ok(self.db.get_at(snapshot, key))?.as_ref() == map.get(key));
                }
            }
            Step::GetIfCachedAt(_, key) => {
                check_cached(ok(self.db.get_if_cached_at(snapshot, key))?, map.get(key))?;
                check_cached(ok(self.db.try_get_at(snapshot, key))?, map.get(key))?;
            }
            Step::ScanAt(_, span) => check_scans(&self.db, Some(snapshot), map, span)?,
            _ => {}
        }
        Ok(())
    }

    fn approximate_size(&self, from: &[u8], to: &[u8]) -> Outcome {
        let before = self.bytes_on_disk();
        let size = ok(self.db.approximate_size(from, to))?;
        // A flush or compaction between the two looks has its files in one of them.
        let all = before + self.bytes_on_disk();
        prop_assert!(size <= all, "{size} of {all}");
        if from >= to {
            prop_assert_eq!(size, 0);
        }
        Ok(())
    }

    fn bytes_on_disk(&self) -> u64 {
        let names = self.env.list(DIRECTORY.as_ref()).unwrap();
        let path = |name| std::path::Path::new(DIRECTORY).join(name);
        names.into_iter().filter_map(|name| self.env.size(&path(name)).ok()).sum()
    }

    fn reopen(&mut self, close: bool) -> Outcome {
        if close {
            ok(self.db.close())?;
            for cursor in self.cursors.drain(..) {
                cursor.check_closed()?;
            }
            for (snapshot, _) in self.snapshots.drain(..) {
                prop_assert!(matches!(self.db.get_at(&snapshot, b"a"), Err(Error::Closed)));
            }
        }
        self.cursors.clear();
        self.snapshots.clear();
        // The handle that is replaced has to be gone first: it holds the lock.
        self.db = {
            let elsewhere = MemoryEnv::new();
            drop(std::mem::replace(
                &mut self.db,
                ok(Db::open(DIRECTORY, options(&elsewhere, &self.setting)))?,
            ));
            ok(Db::open(DIRECTORY, options(&self.env, &self.setting)))?
        };
        Ok(())
    }

    /// The process is killed: what it wrote is there, and the next one goes on from it.
    fn kill(&mut self) -> Outcome {
        self.follower = None;
        self.cursors.clear();
        self.snapshots.clear();
        self.env = self.env.crash(CrashMode::Keep);
        self.db = ok(Db::open(DIRECTORY, options(&self.env, &self.setting)))?;
        Ok(())
    }

    fn checkpoint(&self) -> Outcome {
        let directory = "/copy";
        ok(self.db.checkpoint(directory))?;
        let copy = ok(Db::open(directory, options(&self.env, &self.setting)))?;
        check_scans(&copy, None, &self.map, &everything())?;
        ok(copy.put(b"only in the copy", b"", Durability::Process))?;
        ok(copy.compact_range(None, None))?;
        ok(copy.close())?;
        ok(destroy(directory, &options(&self.env, &self.setting)))
    }

    fn follow(&mut self, step: &Step) -> Outcome {
        if matches!(step, Step::OpenFollower) {
            let options = Options { read_only: true, ..options(&self.env, &self.setting) };
            let db = ok(Db::open(DIRECTORY, options))?;
            self.follower = Some(Follower { db, map: self.map.clone(), snapshot: None });
            return Ok(());
        }
        let Some(follower) = &mut self.follower else { return Ok(()) };
        match step {
            Step::Refresh => {
                ok(follower.db.refresh())?;
                follower.map = self.map.clone();
            }
            Step::FollowerGet(key) => {
                prop_assert!(ok(follower.db.get(key))?.as_ref() == follower.map.get(key));
            }
            Step::FollowerScan(span) => check_scans(&follower.db, None, &follower.map, span)?,
            Step::FollowerSnapshot => {
                follower.snapshot = Some((ok(follower.db.snapshot())?, follower.map.clone()));
            }
            Step::FollowerGetAt(key) => {
                if let Some((snapshot, map)) = &follower.snapshot {
                    let found = ok(follower.db.get_at(snapshot, key))?;
                    prop_assert!(found.as_ref() == map.get(key));
                    check_scans(&follower.db, Some(snapshot), map, &everything())?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn check_cached(found: Cached, expected: Option<&Bytes>) -> Outcome {
    match found {
        Cached::Hit(value) => prop_assert!(Some(&value) == expected),
        Cached::Absent => prop_assert!(expected.is_none()),
        Cached::Unknown => {}
    }
    Ok(())
}

fn batch_of(changes: &[Change]) -> WriteBatch {
    let mut batch = WriteBatch::new();
    for (key, value) in changes {
        match value {
            Some(value) => batch.put(key, &value.bytes()),
            None => batch.delete(key),
        }
    }
    batch
}
