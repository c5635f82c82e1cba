//! What the tests share: a store in memory or on the disk, and short ways to fill and ask it.
#![allow(dead_code, reason = "every test binary uses another part of it")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use sigil_leveldb::env::{Env, MemoryEnv};
use sigil_leveldb::{Db, Durability, Options as EngineOptions, Range};
use sigil_storage::{Change, Event, Kdf, Kind, Message, Options, Query, Result, Store};

pub(crate) const ROOT: &str = "/store";
pub(crate) const BACKUPS: &str = "/backups";
pub(crate) const PASSWORD: &[u8] = b"a password";

/// Options on a file system, with a key that is derived at once.
pub(crate) fn options(env: &(impl Env + Clone)) -> Options {
    Options {
        kdf: Kdf::CHEAP,
        weak_key_for_tests: true,
        backups: Some(PathBuf::from(BACKUPS)),
        env: Arc::new(env.clone()),
        ..Options::default()
    }
}

pub(crate) fn open(env: &MemoryEnv) -> Store {
    Store::open(ROOT, PASSWORD, options(env)).unwrap()
}

/// What happens to a store, kept for looking at.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<Event>>>);

impl Events {
    pub(crate) fn watch(&self, options: Options) -> Options {
        let events = self.clone();
        Options { watcher: Some(Arc::new(move |event| events.0.lock().push(event))), ..options }
    }

    pub(crate) fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock())
    }
}

pub(crate) fn message(id: &str, time: f64, sender: &str, recipient: &str) -> Change {
    message_with(id, time, sender, recipient, id.as_bytes())
}

pub(crate) fn message_with(
    id: &str,
    time: f64,
    sender: &str,
    recipient: &str,
    value: &[u8],
) -> Change {
    let peer = |peer: &str| (!peer.is_empty()).then(|| peer.to_owned());
    Change::SaveMessage(Message {
        id: id.into(),
        time,
        sender: peer(sender),
        recipient: peer(recipient),
        value: value.to_vec(),
    })
}

pub(crate) fn delete(id: &str) -> Change {
    Change::DeleteMessage { id: id.into() }
}

pub(crate) fn item(kind: Kind, id: &str, value: &[u8]) -> Change {
    Change::SaveItem { kind, id: id.into(), value: value.to_vec() }
}

fn texts(values: &[bytes::Bytes]) -> Vec<String> {
    values.iter().map(|value| String::from_utf8(value.to_vec()).unwrap()).collect()
}

pub(crate) fn recent(store: &Store, limit: usize) -> Vec<String> {
    texts(&store.messages(&Query { limit, ..Query::default() }).unwrap().values)
}

pub(crate) fn of_peer(store: &Store, peer: &str, limit: usize) -> Vec<String> {
    let query = Query { peer: Some(peer), limit, before: None };
    texts(&store.messages(&query).unwrap().values)
}

pub(crate) fn get(store: &Store, kind: Kind, id: &str) -> Result<Option<Vec<u8>>> {
    Ok(store.get(kind, id)?.map(|value| value.to_vec()))
}

/// The files under a directory of the memory, with their content.
pub(crate) fn files(env: &MemoryEnv, directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for name in env.list(directory).unwrap_or_default() {
        let path = directory.join(name);
        match env.read_file(&path) {
            Some(bytes) => found.push((path, bytes)),
            None => found.extend(files(env, &path)),
        }
    }
    found.sort();
    found
}

/// Waits for what the background does.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Bytes that nothing can compress, others for every number.
pub(crate) fn noise(number: u32, length: u32) -> Vec<u8> {
    let at = number.wrapping_mul(length);
    (at..at + length).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// A store that is closed, with a backup and what came after it.
pub(crate) fn with_backup() -> MemoryEnv {
    let env = MemoryEnv::new();
    let store = open(&env);
    for id in 0..20 {
        store.write(message(&id.to_string(), f64::from(id), "alice", "bob")).unwrap();
    }
    store.write(item(Kind::Peer, "p", b"value")).unwrap();
    store.backup().unwrap();
    store.write(delete("3")).unwrap();
    store.write(message("after", 100.0, "alice", "bob")).unwrap();
    store.close().unwrap();
    env
}

/// The first backup.
pub(crate) fn backup_in(env: &MemoryEnv) -> PathBuf {
    let name = env.list(BACKUPS.as_ref()).unwrap().into_iter().min().unwrap();
    Path::new(BACKUPS).join(name)
}

/// The last table of a store that is closed.
pub(crate) fn newest_table(env: &MemoryEnv) -> (PathBuf, Vec<u8>) {
    let is_table = |path: &Path| path.extension().is_some_and(|ending| ending == "ldb");
    let files = files(env, &Path::new(ROOT).join("data-1")).into_iter();
    files.filter(|(path, _)| is_table(path)).max().unwrap()
}

/// Copies of a store that is closed; in each another byte of its last table is changed.
pub(crate) fn with_changed_bytes(
    whole: &MemoryEnv,
    count: usize,
) -> impl Iterator<Item = MemoryEnv> {
    let (path, bytes) = newest_table(whole);
    (0..bytes.len()).step_by(bytes.len() / count).map(move |index| {
        let env = whole.deep_clone();
        let mut changed = bytes.clone();
        changed[index] ^= 1;
        env.write_file(&path, changed).unwrap();
        env
    })
}

/// The database of a store that is closed, to be changed behind its back.
pub(crate) fn database(env: &MemoryEnv, directory: &str) -> Db {
    let engine = EngineOptions { env: Arc::new(env.clone()), ..EngineOptions::default() };
    Db::open(Path::new(ROOT).join(directory), engine).unwrap()
}

/// Changes each record under a prefix of a store that is closed.
pub(crate) fn change_record(
    env: &MemoryEnv,
    directory: &str,
    prefix: &[u8],
    change: impl Fn(&mut Vec<u8>),
) {
    let db = database(env, directory);
    let entries: Vec<_> =
        db.range(Range::prefix(prefix)).unwrap().map(std::result::Result::unwrap).collect();
    assert!(!entries.is_empty());
    for (place, record) in entries {
        let mut record = record.to_vec();
        change(&mut record);
        db.put(&place, &record, Durability::Sync).unwrap();
    }
    db.close().unwrap();
}

/// Everything in a store that can be asked for, as text to compare.
pub(crate) fn content(store: &Store) -> Result<Vec<String>> {
    let page = store.messages(&Query { limit: usize::MAX, ..Query::default() })?;
    let mut all: Vec<_> = page.values.iter().map(|value| format!("m {value:?}")).collect();
    for kind in [Kind::Session, Kind::Proof, Kind::Peer] {
        let items = store.items(kind)?;
        all.extend(items.found.into_iter().map(|(id, value)| format!("{kind} {id} {value:?}")));
    }
    Ok(all)
}
