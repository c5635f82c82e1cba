//! The database to be damaged: every kind of file, tables of three levels and all compressions, a
//! manifest of several edits, logs with records within a block and across blocks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sigil_leveldb::env::{Env, FaultEnv, FaultPlan, MemoryEnv, errno};
use sigil_leveldb::{
    Compression, Db, Durability, FileKind, IoOperation, LogRecovery, Options, ReserveSize,
    WriteBatch,
};

use crate::is_long;

pub(crate) const DIRECTORY: &str = "/db";

pub(crate) type State = BTreeMap<Vec<u8>, Vec<u8>>;

pub(crate) struct Sample {
    pub(crate) env: MemoryEnv,
    /// What the database holds after each write of the newest log, and first before all of them.
    pub(crate) states: Vec<State>,
    /// Where in the newest log each of those writes ends.
    pub(crate) ends: Vec<u64>,
    pub(crate) newest_log: PathBuf,
    /// Every key that was ever written, and some that never were.
    pub(crate) keys: Vec<Vec<u8>>,
}

pub(crate) fn options(env: impl Env) -> Options {
    Options {
        create_if_missing: true,
        block_size: 256,
        block_restart_interval: 4,
        block_cache_size: 256 << 10,
        write_buffer_size: 256 << 10,
        target_file_size: 64 << 10,
        reserve_size: ReserveSize::Bytes(300),
        // Salvaging and compacting in the background are asked for where they are wanted.
        log_recovery: LogRecovery::Strict,
        erase_within: Duration::from_secs(86_400),
        env: Arc::new(env),
        ..Options::default()
    }
}

impl Sample {
    /// Tables, and one log behind them.
    pub(crate) fn with_one_log() -> Self {
        let mut writer = Writer::new(MemoryEnv::new());
        writer.write_tables();
        let db = Db::open(DIRECTORY, options(writer.env.clone())).unwrap();
        for round in [3, 4] {
            writer.put_some(&db, round, 1);
            db.flush().unwrap();
        }
        assert_eq!(db.property("leveldb.num-files-at-level0").unwrap().as_deref(), Some("3"));
        writer.write_log(&db, 70_000);
        db.close().unwrap();
        writer.finish()
    }

    /// Tables, and two logs behind them: no memtable could be made a table.
    pub(crate) fn with_two_logs() -> Self {
        let mut writer = Writer::new(MemoryEnv::new());
        writer.write_tables();
        let fault = FaultEnv::on_memory(writer.env.clone());
        fault.set_plan(
            FaultPlan::fail_from(0, errno::EIO).on(IoOperation::Create).of(FileKind::Table(0)),
        );
        let db = Db::open(DIRECTORY, options(fault)).unwrap();
        writer.write_log(&db, 40_000);
        assert!(db.flush().is_err());
        writer.write_log(&db, 3_000);
        drop(db);
        let mut logs = writer.logs();
        // The one that the last flush began, which the manifest names, was never written to.
        assert_eq!(writer.env.size(&logs.remove(0)).unwrap(), 0);
        assert_eq!(logs.len(), 2, "{logs:?}");
        writer.finish()
    }

    /// Everything in tables, and a log to which nothing was written yet.
    pub(crate) fn with_an_empty_log() -> Self {
        let mut writer = Writer::new(MemoryEnv::new());
        writer.write_tables();
        (writer.states, writer.ends) = (vec![writer.state.clone()], vec![0]);
        writer.newest_log = writer.logs().pop().unwrap();
        assert_eq!(writer.env.size(&writer.newest_log).unwrap(), 0);
        writer.finish()
    }

    pub(crate) fn all() -> [Self; 3] {
        [Self::with_one_log(), Self::with_two_logs(), Self::with_an_empty_log()]
    }

    pub(crate) fn newest_state(&self) -> &State {
        &self.states[self.states.len() - 1]
    }

    /// What must be there if the newest log was cut to `length`.
    pub(crate) fn state_of_cut(&self, length: u64) -> &State {
        let whole = self.ends.iter().filter(|&&end| end <= length).count();
        &self.states[whole.saturating_sub(1)]
    }

    /// All files, with their content.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        files(&self.env)
    }

    /// The database with another content in a file.
    pub(crate) fn with(&self, path: &Path, bytes: &[u8]) -> MemoryEnv {
        let env = self.env.deep_clone();
        env.write_file(path, bytes).unwrap();
        env
    }

    /// The offsets of a file to be tried. The short form leaves out most of what is within long
    /// values, where a byte is like the next.
    pub(crate) fn offsets(&self, path: &Path, length: usize) -> Vec<usize> {
        let is_log = matches!(FileKind::of(path), FileKind::Log(_));
        let near = |at: usize| {
            let ends = self.ends.iter().any(|&end| at.abs_diff(end as usize) < 40);
            at < 500 || at + 500 > length || ends || (at + 16) % (32 << 10) < 32
        };
        let all = 0..length;
        all.filter(|&at| is_long() || !is_log || at % 31 == 0 || near(at)).collect()
    }
}

pub(crate) fn files(env: &MemoryEnv) -> Vec<(PathBuf, Vec<u8>)> {
    let mut names = env.list(Path::new(DIRECTORY)).unwrap();
    names.sort();
    let paths = names.into_iter().map(|name| Path::new(DIRECTORY).join(name));
    paths.map(|path| (path.clone(), env.read_file(&path).unwrap())).collect()
}

/// Writes a sample and remembers what it wrote.
struct Writer {
    env: MemoryEnv,
    state: State,
    states: Vec<State>,
    ends: Vec<u64>,
    newest_log: PathBuf,
    history: BTreeMap<Vec<u8>, Vec<Vec<u8>>>,
    keys: usize,
}

impl Writer {
    fn new(env: MemoryEnv) -> Self {
        Self {
            env,
            state: State::new(),
            states: Vec::new(),
            ends: Vec::new(),
            newest_log: PathBuf::new(),
            history: BTreeMap::new(),
            keys: if is_long() { 90 } else { 30 },
        }
    }

    /// One table each: the first two go to deep levels, because nothing is above them.
    fn write_tables(&mut self) {
        for (round, compression) in
            [Compression::None, Compression::Zstd(1), Compression::Snappy].into_iter().enumerate()
        {
            let options = Options { compression, ..options(self.env.clone()) };
            let db = Db::open(DIRECTORY, options).unwrap();
            self.put_some(&db, round, 1);
            db.flush().unwrap();
            db.close().unwrap();
        }
    }

    /// Goes through every `step`th key: overwrites two of three and deletes some of the others.
    fn put_some(&mut self, db: &Db, round: usize, step: usize) {
        for index in (0..self.keys).step_by(step) {
            let key = format!("key-{index:04}").into_bytes();
            match (index + round) % 6 {
                0 if round > 0 => self.write(db, &[(&key, None)]),
                1 if round > 0 => {}
                _ => self.write(db, &[(&key, Some(value(round, index, 40 + index % 7)))]),
            }
        }
        // Only this table knows these.
        for index in 0..self.keys / 6 {
            let key = format!("only-{round}-{index}").into_bytes();
            self.write(db, &[(&key, Some(value(round, index, 20)))]);
        }
    }

    /// Writes what stays in a log, with one long value.
    fn write_log(&mut self, db: &Db, long: usize) {
        let round = self.states.len() + 10;
        self.put_some(db, round, 5);
        let (one, two) = (b"log-one".to_vec(), b"log-two".to_vec());
        self.write(db, &[(&one, Some(value(round, 1, 9))), (&two, Some(value(round, 2, 9)))]);
        self.write(db, &[(b"long", Some(value(round, 3, long)))]);
        self.write(db, &[(b"key-0003", None), (&one, None), (&two, Some(value(round, 4, 900)))]);
        self.put_some(db, round + 1, 4);
    }

    fn write(&mut self, db: &Db, changes: &[(&[u8], Option<Vec<u8>>)]) {
        let before = self.state.clone();
        let mut batch = WriteBatch::new();
        for (key, value) in changes {
            let history = self.history.entry(key.to_vec()).or_default();
            match value {
                Some(value) => {
                    batch.put(key, value);
                    history.push(value.clone());
                    self.state.insert(key.to_vec(), value.clone());
                }
                None => {
                    batch.delete(key);
                    self.state.remove(*key);
                }
            }
        }
        db.write(batch, Durability::Process).unwrap();
        let newest = self.logs().pop().unwrap();
        if newest != self.newest_log {
            (self.states, self.ends) = (vec![before], vec![0]);
            self.newest_log = newest;
        }
        self.states.push(self.state.clone());
        self.ends.push(self.env.size(&self.newest_log).unwrap());
    }

    fn logs(&self) -> Vec<PathBuf> {
        let mut logs = self.env.list(Path::new(DIRECTORY)).unwrap();
        logs.retain(|path| matches!(FileKind::of(path), FileKind::Log(_)));
        logs.sort();
        logs.iter().map(|name| Path::new(DIRECTORY).join(name)).collect()
    }

    fn finish(self) -> Sample {
        let mut keys: Vec<Vec<u8>> = self.history.keys().cloned().collect();
        keys.extend([b"".to_vec(), b"key-0003a".to_vec(), b"\xff\xff".to_vec()]);
        Sample {
            env: self.env.deep_clone(),
            states: self.states,
            ends: self.ends,
            newest_log: self.newest_log,
            keys,
        }
    }
}

/// A value that no other write has: half text, half bytes that do not compress.
fn value(round: usize, index: usize, length: usize) -> Vec<u8> {
    let mut bytes = format!("value {index} of round {round} ").into_bytes();
    let mut state = (round * 1_000 + index) as u32 + 1;
    while bytes.len() < length {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        bytes.push((state >> 24) as u8);
    }
    bytes
}
