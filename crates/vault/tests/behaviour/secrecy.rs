//! Nothing that was stored, and nothing that names it, stands in any file in the clear: tables, logs,
//! headers and backups; nor does a hash that could be guessed.

use sha2::{Digest, Sha256};
use sigil_leveldb::Range;
use sigil_leveldb::env::MemoryEnv;
use sigil_storage::{Event, Kind, Store};

use crate::common::{
    BACKUPS, Events, PASSWORD, ROOT, database, delete, files, item, message_with, open, options,
};

const CANARIES: [&str; 9] = [
    "canary-message-id",
    "canary-sender",
    "canary-recipient",
    "canary-content",
    "canary-session-id",
    "canary-proof-id",
    "canary-peer-id",
    "canary-value",
    "a password",
];

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn fill(store: &Store) {
    let message = |id: &str| {
        message_with(id, 1_699_999_999_123.0, CANARIES[1], CANARIES[2], CANARIES[3].as_bytes())
    };
    store.write(message(CANARIES[0])).unwrap();
    store.write(message("canary-message-id-deleted")).unwrap();
    for (kind, id) in
        [(Kind::Session, CANARIES[4]), (Kind::Proof, CANARIES[5]), (Kind::Peer, CANARIES[6])]
    {
        store.write(item(kind, id, CANARIES[7].as_bytes())).unwrap();
    }
    store.write(delete("canary-message-id-deleted")).unwrap();
}

#[test]
fn no_canary_is_found() {
    let env = MemoryEnv::new();
    let store = open(&env);
    fill(&store);
    // In the log, then in tables, then while there are two keys and a backup.
    for step in 0..4 {
        let all: Vec<_> =
            [ROOT, BACKUPS].iter().flat_map(|root| files(&env, root.as_ref())).collect();
        assert!(all.len() > 3);
        for (path, bytes) in &all {
            for canary in CANARIES {
                let digest = Sha256::digest(canary);
                let time = 1_699_999_999_123_u64;
                assert!(!holds(bytes, canary.as_bytes()), "{canary} in {}", path.display());
                assert!(!holds(bytes, &digest[..8]), "a hash in {}", path.display());
                for number in [time.to_le_bytes(), time.to_be_bytes()] {
                    assert!(!holds(bytes, &number[..6]) && !holds(bytes, &number[2..]));
                }
                let float = (time as f64).to_be_bytes();
                assert!(!holds(bytes, &float) && !holds(bytes, &(time as f64).to_le_bytes()));
                let digits = time.to_string();
                assert!(!holds(bytes, digits.as_bytes()), "a time in {}", path.display());
            }
        }
        match step {
            0 => store.purge().unwrap(),
            1 => drop(store.backup().unwrap()),
            _ => store.rotate_key().unwrap(),
        }
    }
}

#[test]
fn the_same_in_two_stores_has_nothing_in_common() {
    let all = |()| {
        let env = MemoryEnv::new();
        let store = open(&env);
        fill(&store);
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
    let names = || {
        let env = MemoryEnv::new();
        let store = open(&env);
        fill(&store);
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
    let store = Store::open(ROOT, PASSWORD, events.watch(options(&env))).unwrap();
    fill(&store);
    let wrong = Store::open(ROOT, b"canary-password", options(&env)).unwrap_err();
    let text = format!("{wrong} {wrong:?} {store:?}");
    for canary in CANARIES {
        assert!(!text.contains(canary), "{text}");
    }
    let unexpected =
        events.take().into_iter().filter(|event| !matches!(event, Event::BackupMade(_)));
    assert_eq!(unexpected.count(), 0);
}
