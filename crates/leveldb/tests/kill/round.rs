//! Starting a writing process, killing it, and knowing what it had acknowledged by then.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;

use crate::random::Random;
use crate::workload::{self, THREADS};
use crate::writer::{DIRECTORY, HABIT, Habit};

/// How long a process may take for something to happen in it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The last number that each thread was told is written.
pub(crate) type Acknowledged = Arc<[AtomicU64; THREADS]>;

pub(crate) struct Rounds {
    directory: PathBuf,
    pub(crate) acknowledged: Acknowledged,
}

impl Rounds {
    pub(crate) fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf(), acknowledged: Arc::default() }
    }

    /// Starts a process and kills it at some moment that its habit makes interesting.
    pub(crate) fn kill_once(&mut self, habit: Habit, random: &mut Random) {
        let mut writer = Writer::start(&self.directory, habit, &self.acknowledged);
        let (event, most) = match habit {
            Habit::Writing => ("open", 60_000),
            Habit::Compacting => ("open", 120_000),
            Habit::Closing => ("closing", 4_000),
            Habit::Opening => ("opening", 60_000),
        };
        writer.wait_for(event);
        thread::sleep(Duration::from_micros(random.below(most)));
        writer.kill();
    }

    /// Checks that the processes had something to lose: most of them had told of a good many writes
    /// when they were killed.
    pub(crate) fn had_something_to_lose(&self, rounds: u64) {
        let told: u64 = self.acknowledged.iter().map(|thread| thread.load(Ordering::SeqCst)).sum();
        assert!(told > 20 * rounds, "{told} batches in {rounds} rounds");
    }

    /// Checks a database against what was acknowledged, and goes on from there.
    pub(crate) fn settle(&mut self, entries: &[(Vec<u8>, Bytes)]) {
        let mut checked = 0;
        for (thread, acknowledged) in self.acknowledged.iter().enumerate() {
            let prefix = format!("{thread}/").into_bytes();
            let own: Vec<_> =
                entries.iter().filter(|(key, _)| key.starts_with(&prefix)).cloned().collect();
            let last = workload::check(thread, &own);
            // One batch of each thread may have been under way.
            let told = acknowledged.swap(last, Ordering::SeqCst);
            assert!((told..=told + 1).contains(&last), "{last}, but {told} was acknowledged");
            checked += own.len();
        }
        assert_eq!(checked, entries.len());
    }
}

struct Writer {
    child: Child,
    events: Receiver<String>,
    listener: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(directory: &Path, habit: Habit, acknowledged: &Acknowledged) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writing_process", "--nocapture"])
            .env(DIRECTORY, directory)
            .env(HABIT, format!("{habit:?}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, events) = channel();
        let acknowledged = Arc::clone(acknowledged);
        let listener = thread::spawn(move || {
            let mut line = String::new();
            while output.read_line(&mut line).unwrap() > 0 {
                // Without its end a line was cut off by the kill.
                if let Some(text) = line.strip_prefix("! ").and_then(|line| line.strip_suffix('\n'))
                {
                    assert!(!text.starts_with("failed"), "{text}");
                    match text.strip_prefix("written ") {
                        Some(written) => note(&acknowledged, written),
                        None => drop(sender.send(text.to_owned())),
                    }
                }
                line.clear();
            }
        });
        Self { child, events, listener: Some(listener) }
    }

    fn wait_for(&self, event: &str) {
        while self.events.recv_timeout(PATIENCE).expect("the process does nothing") != event {}
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        // What it said before is still in the pipe.
        self.listener.take().unwrap().join().unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn note(acknowledged: &Acknowledged, written: &str) {
    let (thread, number) = written.split_once(' ').unwrap();
    let (thread, number): (usize, u64) = (thread.parse().unwrap(), number.parse().unwrap());
    let before = acknowledged[thread].swap(number, Ordering::SeqCst);
    assert!(
        number > before,
        "batch {number} of thread {thread} again, after {before}: it was lost"
    );
}
