//! Nothing that was stored, and nothing that names it, stands in any file in the clear: tables, logs,
//! headers and backups; nor does a hash that could be guessed.

use sha2::{Digest, Sha256};
use sigil_leveldb::env::MemoryEnv;
use sigil_leveldb::{Compression, Db, Durability, Options as EngineOptions, Range};
use sigil_storage::{Error, Event, Kind, Store};

use crate::common::{
    BACKUPS, Events, PASSWORD, ROOT, database, delete, files, item, message_with, open, options,
};

/// What no file may have: random, so that nothing else has them, one for each place.
struct Canaries {
    message: String,
    deleted: String,
    sender: String,
    recipient: String,
    time: u64,
    items: [(Kind, String); 3],
    /// Text and bytes, one in each value: of the message, then of the items.
    values: [Vec<u8>; 4],
    password: String,
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

impl Canaries {
    fn new() -> Self {
        let text = || random::<12>().map(|byte| char::from(b'a' + byte % 26)).iter().collect();
        // Some are compressed first.
        let value = |index: usize| [&random::<24>()[..], &[b' '].repeat(index * 100)].concat();
        Self {
            message: text(),
            deleted: text(),
            sender: text(),
            recipient: text(),
            time: 1_600_000_000_000 + u64::from(u32::from_le_bytes(random())),
            items: [Kind::Session, Kind::Proof, Kind::Peer].map(|kind| (kind, text())),
            values: [0, 1, 2, 3].map(value),
            password: text(),
        }
    }

    fn fill(&self, store: &Store) {
        let time = self.time as f64;
        let message = |id| message_with(id, time, &self.sender, &self.recipient, &self.values[0]);
        store.write(message(&self.message)).unwrap();
        store.write(message(&self.deleted)).unwrap();
        for ((kind, id), value) in self.items.iter().zip(&self.values[1..]) {
            store.write(item(*kind, id, value)).unwrap();
        }
        store.write(delete(&self.deleted)).unwrap();
    }

    fn texts(&self) -> impl Iterator<Item = &String> {
        let own = [&self.message, &self.deleted, &self.sender, &self.recipient, &self.password];
        own.into_iter().chain(self.items.iter().map(|(_, id)| id))
    }

    /// What is looked for, with what it is: also what could be guessed.
    fn needles(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        for text in self.texts() {
            let wide = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            all.push((text.clone(), text.clone().into_bytes()));
            all.push((format!("{text}, wide"), wide));
            all.push((format!("a hash of {text}"), Sha256::digest(text)[..8].to_vec()));
        }
        for (index, value) in self.values.iter().enumerate() {
            all.push((format!("value {index}"), value[..24].to_vec()));
            all.push((format!("part of value {index}"), value[6..18].to_vec()));
        }
        let float = self.time as f64;
        all.push(("digits".into(), self.time.to_string().into_bytes()));
        all.push(("a time".into(), self.time.to_le_bytes()[..6].to_vec()));
        all.push(("a time".into(), self.time.to_be_bytes()[2..].to_vec()));
        all.push(("a time".into(), float.to_le_bytes().to_vec()));
        all.push(("a time".into(), float.to_be_bytes().to_vec()));
        all
    }
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn no_canary_is_found() {
    let env = MemoryEnv::new();
    let canaries = Canaries::new();
    let needles = canaries.needles();
    assert_eq!(needles.len(), 8 * 3 + 4 * 2 + 5);
    let password = canaries.password.as_bytes();
    let store = Store::open(ROOT, password, options(&env)).unwrap();
    canaries.fill(&store);
    let check = |step: &str| {
        let all: Vec<_> =
            [ROOT, BACKUPS].iter().flat_map(|root| files(&env, root.as_ref())).collect();
        assert!(all.len() > 3);
        for (path, bytes) in &all {
            for (name, needle) in &needles {
                assert!(!holds(bytes, needle), "{step}: {name} in {}", path.display());
            }
        }
    };
    check("in the log");
    store.purge().unwrap();
    check("in tables");
    let backup = store.backup().unwrap();
    check("in a backup");
    store.rotate_key().unwrap();
    check("with another key");
    store.change_password(password, b"another").unwrap();
    check("with another password");
    store.restore(&backup, Some(password)).unwrap();
    check("restored");
    canaries.fill(&store);
    store.close().unwrap();
    check("closed");
}

/// What is looked for is found where it is.
#[test]
fn canaries_that_are_not_encrypted_are_found() {
    let env = MemoryEnv::new();
    let engine = EngineOptions {
        env: std::sync::Arc::new(env.clone()),
        create_if_missing: true,
        compression: Compression::None,
        ..EngineOptions::default()
    };
    let db = Db::open(ROOT, engine).unwrap();
    let needles = Canaries::new().needles();
    for (_, needle) in &needles {
        db.put(needle, b"", Durability::Sync).unwrap();
    }
    let log = files(&env, ROOT.as_ref()).into_iter().map(|(_, bytes)| bytes).max_by_key(Vec::len);
    let log = log.unwrap();
    assert!(needles.iter().all(|(_, needle)| holds(&log, needle)));
}

#[test]
fn the_same_in_two_stores_has_nothing_in_common() {
    let canaries = Canaries::new();
    let all = |()| {
        let env = MemoryEnv::new();
        let store = open(&env);
        canaries.fill(&store);
        store.close().unwrap();
        files(&env, ROOT.as_ref()).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>()
    };
    let (first, second) = (all(()).concat(), all(()).concat());
    let seen: std::collections::HashSet<&[u8]> = first.windows(16).collect();
    let alike = second.windows(16).filter(|window| seen.contains(window)).count();
    // File formats have constants: names in the manifest, runs of zeros in labels and headers.
    assert!(alike < 400, "{alike}");
}

/// Names that were made without a key would be the same everywhere.
#[test]
fn the_same_ids_and_peers_have_other_names_in_every_store() {
    let canaries = Canaries::new();
    let names = || {
        let env = MemoryEnv::new();
        let store = open(&env);
        canaries.fill(&store);
        store.close().unwrap();
        let db = database(&env, "data-1");
        let mut names = Vec::new();
        for space in [b"i", b"S", b"X", b"E", b"p"] {
            let entries = db.range(Range::prefix(space)).unwrap();
            let found: Vec<_> = entries.map(|entry| entry.unwrap().0[1..17].to_vec()).collect();
            assert!(!found.is_empty());
            names.extend(found);
        }
        names
    };
    let (first, second) = (names(), names());
    assert_eq!((first.len(), second.len()), (6, 6));
    assert!(first.iter().all(|name| !second.contains(name)));
    // Nor has the same text the same name as a session and as a peer, or one text two.
    let distinct: std::collections::HashSet<_> = first.iter().collect();
    assert_eq!(distinct.len(), 6);
}

#[test]
fn errors_and_events_name_nothing() {
    let env = MemoryEnv::new();
    let events = Events::default();
    let canaries = Canaries::new();
    let store = Store::open(ROOT, PASSWORD, events.watch(options(&env))).unwrap();
    canaries.fill(&store);
    let wrong = Store::open(ROOT, canaries.password.as_bytes(), options(&env)).unwrap_err();
    assert!(matches!(wrong, Error::KeyWrong));
    let (_, id) = &canaries.items[0];
    let large = vec![0; options(&env).max_value_size + 1];
    let refused = store.write(item(Kind::Session, id, &large)).unwrap_err();
    let text = format!("{wrong} {wrong:?} {refused} {refused:?} {store:?}");
    for canary in canaries.texts() {
        assert!(!text.contains(canary), "{text}");
    }
    let unexpected =
        events.take().into_iter().filter(|event| !matches!(event, Event::BackupMade(_)));
    assert_eq!(unexpected.count(), 0);
}
