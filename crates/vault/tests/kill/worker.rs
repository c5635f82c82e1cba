//! The process that is killed: writes, does what its habit is, and says what was acknowledged.
//!
//! Steps are numbered. Each saves a message and a session, and takes away those of some steps before;
//! and it replaces one of the proofs and one of the peers. So the last number determines all there
//! is. A backup is restored only while nobody writes, and only the newest, so
//! that it takes nothing away.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sigil_storage::{Change, Error, Kdf, Kind, Message, Options, Query, Store};

pub(crate) const DIRECTORY: &str = "SIGIL_TEST_VAULT_DIRECTORY";
pub(crate) const HABIT: &str = "SIGIL_TEST_VAULT_HABIT";
pub(crate) const PASSWORDS: [&[u8]; 2] = [b"first", b"second"];

/// How many messages and sessions there are before the first of them is deleted.
const MESSAGES: u64 = 200;
const SESSIONS: u64 = 30;
/// How many proofs and peers there are, which are replaced in turn.
const PROOFS: u64 = 20;
const PEERS: u64 = 7;

/// What the process does besides writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    Saving,
    Rotating,
    BackingUp,
    Restoring,
    ChangingPassword,
}

impl Habit {
    pub(crate) const ALL: [Self; 5] =
        [Self::Saving, Self::Rotating, Self::BackingUp, Self::Restoring, Self::ChangingPassword];
}

pub(crate) fn options(directory: &Path) -> Options {
    Options {
        kdf: Kdf::CHEAP,
        weak_key_for_tests: true,
        backups: Some(directory.join("backups")),
        backups_kept: 2,
        write_buffer_size: 64 << 10,
        ..Options::default()
    }
}

pub(crate) fn backups(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory.join("backups")).into_iter().flatten();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut backups: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    backups.sort();
    backups
}

fn value(number: u64) -> Vec<u8> {
    format!("{number} ").repeat(1 + number as usize % 50).into_bytes()
}

fn changes(number: u64) -> Vec<Change> {
    let id = |kind: Kind, number: u64| format!("{kind} {number}");
    let save = |kind: Kind, which: u64| Change::SaveItem {
        kind,
        id: id(kind, which),
        value: value(number),
    };
    let gone = |count: u64| number.checked_sub(count).filter(|old| *old > 0);
    let mut changes = vec![
        Change::SaveMessage(Message {
            id: id(Kind::Message, number),
            time: number as f64,
            sender: Some(format!("peer {}", number % 5)),
            recipient: Some("me".into()),
            value: value(number),
        }),
        save(Kind::Session, number),
        save(Kind::Proof, number % PROOFS),
        save(Kind::Peer, number % PEERS),
    ];
    changes.extend(gone(MESSAGES).map(|old| Change::DeleteMessage { id: id(Kind::Message, old) }));
    let session = |old| Change::DeleteItem { kind: Kind::Session, id: id(Kind::Session, old) };
    changes.extend(gone(SESSIONS).map(session));
    changes
}

/// The sessions, proofs or peers that a last number leaves.
fn items(kind: Kind, last: u64) -> BTreeMap<String, Vec<u8>> {
    let (steps, turns) = match kind {
        Kind::Session => (SESSIONS, u64::MAX),
        Kind::Proof => (PROOFS, PROOFS),
        _ => (PEERS, PEERS),
    };
    let numbers = last.saturating_sub(steps - 1).max(1)..=last;
    numbers.map(|number| (format!("{kind} {}", number % turns), value(number))).collect()
}

/// Checks all there is, and gives the last number.
pub(crate) fn check(store: &Store) -> u64 {
    let page = store.messages(&Query { limit: usize::MAX, ..Query::default() }).unwrap();
    let last: u64 = page.values.first().map_or(0, |newest| {
        let text = std::str::from_utf8(newest).unwrap();
        text.split(' ').next().unwrap().parse().unwrap()
    });
    let first = last.saturating_sub(MESSAGES - 1).max(1);
    let expected: Vec<_> = (first..=last).rev().map(value).collect();
    assert!(page.values.iter().eq(expected.iter()), "not what {last} leaves");
    let stats = store.stats().unwrap();
    assert_eq!(stats.messages, page.values.len() as u64);
    let counts = [stats.sessions, stats.proofs, stats.peers];
    for (kind, count) in [Kind::Session, Kind::Proof, Kind::Peer].into_iter().zip(counts) {
        let (found, expected) = (store.items(kind).unwrap(), items(kind, last));
        assert!(found.unreadable.is_empty());
        let found: BTreeMap<_, _> =
            found.found.into_iter().map(|(id, value)| (id, value.to_vec())).collect();
        assert!(found == expected, "{kind}: not what {last} leaves");
        assert_eq!(count, expected.len() as u64, "{kind}");
    }
    last
}

/// Tells the process that started this one. One line is one write.
fn tell(line: &str) {
    std::io::stdout().write_all(format!("\n! {line}\n").as_bytes()).unwrap();
    std::io::stdout().flush().unwrap();
}

/// Works until it is killed, if this process was started for that.
pub(crate) fn run() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let directory = PathBuf::from(directory);
    let habit = std::env::var(HABIT).unwrap();
    let habit = Habit::ALL.into_iter().find(|known| format!("{known:?}") == habit).unwrap();
    // Whoever should have killed this process may be gone.
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(120));
        std::process::exit(1);
    });
    let store = crate::open(&directory);
    let mut number = check(&store);
    if let Err(error) = work(&store, &directory, habit, &mut number) {
        tell(&format!("failed {error:?}"));
    }
}

fn work(store: &Store, directory: &Path, habit: Habit, number: &mut u64) -> Result<(), Error> {
    write(store, number, 10)?;
    tell("at work");
    match habit {
        Habit::Saving => loop {
            write(store, number, 10)?;
        },
        Habit::Rotating => beside(store, number, |store| store.rotate_key()),
        Habit::BackingUp => beside(store, number, |store| store.backup().map(drop)),
        Habit::ChangingPassword => beside(store, number, |store| {
            let [first, second] = PASSWORDS;
            match store.change_password(first, second) {
                Err(Error::KeyWrong) => store.change_password(second, first),
                changed => changed,
            }
        }),
        Habit::Restoring => loop {
            write(store, number, 3)?;
            let newest = store.backup()?;
            assert_eq!(backups(directory).last(), Some(&newest));
            store.restore(&newest, None)?;
        },
    }
}

/// Writes on one thread while the other does something again and again.
fn beside(
    store: &Store,
    number: &mut u64,
    other: impl Fn(&Store) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    std::thread::scope(|scope| {
        let others = scope.spawn(|| -> Result<(), Error> {
            loop {
                other(store)?;
            }
        });
        while !others.is_finished() {
            write(store, number, 1)?;
        }
        others.join().unwrap()
    })
}

fn write(store: &Store, number: &mut u64, count: u64) -> Result<(), Error> {
    for _ in 0..count {
        *number += 1;
        store.write_all(&changes(*number)).into_iter().collect::<Result<Vec<()>, _>>()?;
        tell(&format!("written {number}"));
    }
    Ok(())
}
