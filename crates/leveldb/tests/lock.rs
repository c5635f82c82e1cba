//! One writer at a time, whoever it is: this engine, C++ LevelDB, another process, another thread.
//! And readers that are kept out by nobody and keep out nobody.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "peers/mod.rs"]
mod peers;

// Windows moves no directory in which files are open.
#[cfg(unix)]
#[path = "lock/moved.rs"]
mod moved;

#[path = "lock/readers.rs"]
mod readers;

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use peers::{Kind, Peer, put_part};
use sigil_leveldb::env::{Env, RealEnv};
use sigil_leveldb::{Db, Durability, Error, Options};

/// How long after the death of its holder a lock may still be taken.
const FREE_WITHIN: Duration = Duration::from_millis(100);

/// Not a test of its own: what a process is that a test has started as one of the implementations.
#[test]
fn peer_process() {
    peers::serve();
}

fn options() -> Options {
    Options { create_if_missing: true, ..Options::default() }
}

/// The holder that opening names.
fn refused(directory: &Path) -> Option<u32> {
    match Db::open(directory, options()) {
        Err(Error::Locked { path, holder }) => {
            assert_eq!(path, directory.join("LOCK"));
            holder
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("two writers at once"),
    }
}

fn peer_is_refused(kind: Kind, directory: &Path) {
    let error = Peer::start(kind).open(directory, true).unwrap_err();
    let expected = if kind == Kind::Cpp { "LEVEL_LOCKED" } else { "Locked" };
    assert!(error.starts_with(expected), "{error}");
}

fn holding(kind: Kind, directory: &Path) -> Peer {
    let mut peer = Peer::start(kind);
    peer.open(directory, true).unwrap();
    peer
}

#[test]
fn cpp_leveldb_and_other_processes_are_kept_out_until_we_close() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(directory.path(), options()).unwrap();
    for kind in [Kind::Cpp, Kind::Ours, Kind::Cpp] {
        peer_is_refused(kind, directory.path());
    }
    db.put(b"key", b"value", Durability::Sync).unwrap();
    db.close().unwrap();
    let mut cpp = holding(Kind::Cpp, directory.path());
    cpp.call(b'C', &[]).unwrap();
    assert_eq!(
        Db::open(directory.path(), options()).unwrap().get(b"key").unwrap().unwrap(),
        "value"
    );
}

#[test]
fn dropping_the_last_handle_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let db = Db::open(directory.path(), options()).unwrap();
    let clone = db.clone();
    drop(db);
    assert_eq!(refused(directory.path()), Some(std::process::id()));
    drop(clone);
    drop(Db::open(directory.path(), options()).unwrap());
}

#[test]
fn who_holds_it_keeps_us_out_and_is_named_and_frees_it_by_closing() {
    for kind in [Kind::Cpp, Kind::Ours] {
        let directory = tempfile::tempdir().unwrap();
        let mut peer = holding(kind, directory.path());
        for _ in 0..3 {
            assert_eq!(refused(directory.path()), Some(peer.child.id()), "{kind:?}");
        }
        peer_is_refused(Kind::Cpp, directory.path());
        // Our attempts took nothing from the holder: it still writes, and what it wrote is there.
        let mut write = Vec::new();
        put_part(&mut write, b"key");
        put_part(&mut write, b"\x01value");
        peer.call(b'W', &write).unwrap();
        peer.call(b'C', &[]).unwrap();
        let db = Db::open(directory.path(), options()).unwrap();
        assert_eq!(db.get(b"key").unwrap().unwrap(), "value");
    }
}

#[test]
fn a_killed_holder_frees_it_at_once() {
    let env = RealEnv::new();
    for kind in [Kind::Cpp, Kind::Rusty, Kind::Ours] {
        let directory = tempfile::tempdir().unwrap();
        let free_after = || {
            let peer = holding(kind, directory.path());
            let killed = Instant::now();
            drop(peer);
            // The lock alone: how long the disk takes to open a database is another matter. Once the
            // process is gone, the first attempt has it.
            let lock = env.lock(&directory.path().join("LOCK")).unwrap();
            let elapsed = killed.elapsed();
            drop(lock);
            Db::open(directory.path(), options()).unwrap().close().unwrap();
            elapsed
        };
        let longest = (0..5).map(|_| free_after()).max().unwrap();
        assert!(longest < FREE_WITHIN, "{longest:?} after {kind:?}");
    }
}

#[test]
fn what_a_dead_process_left_in_the_file_blocks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    for left in ["", "1", "4194304", "some text that is no number at all"] {
        fs::write(directory.path().join("LOCK"), left).unwrap();
        drop(Db::open(directory.path(), options()).unwrap());
    }
}

/// The same process, as far as it goes without C++ LevelDB in it: what that does is an `fcntl`
/// record lock on the file, and reading it back.
#[test]
#[cfg(unix)]
fn a_record_lock_in_this_process_excludes_us_and_we_it() {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_WRLCK, SEEK_SET, flock};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("LOCK");
    let lock_as_cpp = || {
        let lock =
            flock { l_type: F_WRLCK as _, l_whence: SEEK_SET as _, l_start: 0, l_len: 0, l_pid: 0 };
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.unwrap();
        fcntl(&file, FcntlArg::F_SETLK(&lock)).is_ok().then_some(file)
    };
    let db = Db::open(directory.path(), options()).unwrap();
    assert!(lock_as_cpp().is_none());
    peer_is_refused(Kind::Cpp, directory.path());
    peer_is_refused(Kind::Ours, directory.path());
    drop(db);

    let cpp = lock_as_cpp().unwrap();
    for _ in 0..3 {
        assert_eq!(refused(directory.path()), Some(std::process::id()));
    }
    peer_is_refused(Kind::Cpp, directory.path());
    drop(cpp);
    drop(Db::open(directory.path(), options()).unwrap());
}

#[test]
fn a_race_of_threads_has_one_holder_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let (holders, opened, refusals) =
        (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    let start = Barrier::new(16);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..20 {
                    match Db::open(directory.path(), options()) {
                        Ok(db) => {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            opened.fetch_add(1, Ordering::SeqCst);
                            thread::yield_now();
                            holders.fetch_sub(1, Ordering::SeqCst);
                            db.close().unwrap();
                        }
                        Err(Error::Locked { .. }) => {
                            refusals.fetch_add(1, Ordering::SeqCst);
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    assert!(opened.into_inner() > 0 && refusals.into_inner() > 0);
}

#[test]
fn a_race_of_processes_has_one_holder() {
    let mut peers: Vec<_> = (0..8)
        .map(|index| Peer::start(if index % 4 == 0 { Kind::Cpp } else { Kind::Ours }))
        .collect();
    for _ in 0..20 {
        let directory = tempfile::tempdir().unwrap();
        let mut payload = vec![1];
        payload.extend_from_slice(directory.path().to_str().unwrap().as_bytes());
        for peer in &mut peers {
            peer.send(b'O', &payload);
        }
        let outcomes: Vec<_> = peers.iter_mut().map(Peer::receive).collect();
        let winners: Vec<_> = (0..peers.len()).filter(|&index| outcomes[index].is_ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        for refusal in outcomes.into_iter().filter_map(Result::err) {
            let expected = refusal.starts_with("LEVEL_LOCKED") || refusal.starts_with("Locked");
            assert!(expected, "{refusal}");
        }
        peers[winners[0]].call(b'C', &[]).unwrap();
    }
}
