//! A process that is killed while it saves, backs up, restores, changes the key or the password:
//! nothing acknowledged is lost, and the store opens always.
//!
//! A round starts a process that writes and does one of these again and again, and kills it at some
//! moment. It has told through a pipe what was acknowledged. The next round goes on with the same
//! directory, so what went wrong in one shows in any that follows.
// The lints know tests by their attribute; most of this is called by tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod worker;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sigil_storage::{Error, Query, Store};
use worker::{DIRECTORY, HABIT, Habit, PASSWORDS};

/// How long a process may take for something to happen in it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Not a test of its own: what the process does that is killed.
#[test]
fn working_process() {
    worker::run();
}

/// How many rounds the form of the test that was asked for has.
fn rounds() -> u64 {
    if std::env::var_os("SIGIL_LONG").is_some_and(|value| value == "1") { 200 } else { 20 }
}

/// Opens with whichever of the two passwords is in force.
fn open(directory: &Path) -> Store {
    let options = || worker::options(directory);
    match Store::open(directory.join("store"), PASSWORDS[0], options()) {
        Err(Error::KeyWrong) => {
            Store::open(directory.join("store"), PASSWORDS[1], options()).unwrap()
        }
        store => store.unwrap(),
    }
}

#[test]
fn nothing_acknowledged_is_lost_and_the_store_opens_always() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    let mut seed = 1_u64;
    for round in 0..rounds() {
        let habit = Habit::ALL[round as usize % Habit::ALL.len()];
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let told = kill_once(directory.path(), habit, Duration::from_micros((seed >> 33) % 60_000));
        acknowledged = told.unwrap_or(acknowledged).max(acknowledged);
        let store = open(directory.path());
        let found = worker::check(&store);
        assert!(found >= acknowledged, "{habit:?}: {found}, but {acknowledged} was acknowledged");
        acknowledged = found;
        let verification = store.verify().unwrap();
        assert!(verification.is_whole(), "{habit:?}, round {round}: {verification:?}");
        for backup in worker::backups(directory.path()) {
            assert!(
                PASSWORDS
                    .iter()
                    .any(|password| store.verify_backup(&backup, Some(password)).is_ok())
            );
        }
        let page = store.messages(&Query { limit: 5, ..Query::default() }).unwrap();
        assert!(page.unreadable.is_empty());
        store.close().unwrap();
    }
    assert!(acknowledged > rounds());
}

/// Runs a process, kills it, and gives the last number that it was told is written.
fn kill_once(directory: &Path, habit: Habit, delay: Duration) -> Option<u64> {
    let mut worker = Worker::start(directory, habit);
    worker.wait_for("at work");
    thread::sleep(delay);
    worker.kill()
}

struct Worker {
    child: Child,
    events: Receiver<String>,
    listener: Option<JoinHandle<Option<u64>>>,
}

impl Worker {
    fn start(directory: &Path, habit: Habit) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "working_process", "--nocapture"])
            .env(DIRECTORY, directory)
            .env(HABIT, format!("{habit:?}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        let listener = thread::spawn(move || {
            let (mut line, mut last) = (String::new(), None);
            while output.read_line(&mut line).unwrap() > 0 {
                // Without its end a line was cut off by the kill.
                if let Some(text) = line.strip_prefix("! ").and_then(|line| line.strip_suffix('\n'))
                {
                    assert!(!text.starts_with("failed"), "{text}");
                    match text.strip_prefix("written ") {
                        Some(number) => last = Some(number.parse().unwrap()),
                        None => drop(sender.send(text.to_owned())),
                    }
                }
                line.clear();
            }
            last
        });
        Self { child, events, listener: Some(listener) }
    }

    fn wait_for(&self, event: &str) {
        while self.events.recv_timeout(PATIENCE).expect("the process does nothing") != event {}
    }

    fn kill(&mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // What it said before is still in the pipe.
        self.listener.take().unwrap().join().unwrap()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
