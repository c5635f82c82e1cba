//! The three implementations of the format, each in a process of its own that takes commands: so
//! they can be killed, and hold locks against each other.
//!
//! A request is a letter, a length and that many bytes; an answer is a status, a length and that
//! many bytes. Lengths are 32 bits, little-endian. Where there are several byte strings, each has
//! its length in front. The commands:
//!
//! | letter | request | answer |
//! | --- | --- | --- |
//! | `O` | 1 for snappy or 0 for none, then the directory to open | |
//! | `W` | keys, each followed by 1 and its value, or by 0 to delete it; written as one batch | |
//! | `D`, `B` | | all keys and values, forward or backward, perhaps in several answers |
//! | `G` | keys | for each, 1 and its value, or 0 |
//! | `S` | | about how many bytes on the disk the keys take, as a text |
//! | `R` | the directory to repair | |
//! | `C` | closes the database | |

mod serve;

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub(crate) use serve::serve;

/// Names the implementation that a process started by a test is to be.
const ROLE: &str = "SIGIL_TEST_PEER";

/// What a process writes before it takes commands; the test harness writes lines before it.
const READY: &[u8] = b"\nready\n";

const DONE: u8 = 0;
const FAILED: u8 = 1;
const MORE: u8 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Cpp,
    Rusty,
    Ours,
}

/// A process, killed when it is dropped.
pub(crate) struct Peer {
    pub(crate) child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts an implementation. For the two in Rust that is this very program, in which a test of
    /// the name `peer_process` calls [`serve`].
    pub(crate) fn start(kind: Kind) -> Self {
        let mut command = match kind {
            Kind::Cpp => {
                let here = Path::new(env!("CARGO_MANIFEST_DIR"));
                let installed = here.ancestors().any(|directory| {
                    directory.join("node_modules/classic-level/package.json").is_file()
                });
                assert!(
                    installed,
                    "C++ LevelDB comes with the npm package classic-level, which is not installed: \
                     run `npm ci` in the root of the repository"
                );
                let mut node = Command::new("node");
                node.arg(here.join("tests/interchange/classic_level.mjs"));
                node
            }
            Kind::Rusty | Kind::Ours => {
                let mut this = Command::new(std::env::current_exe().unwrap());
                this.args(["--exact", "peer_process", "--nocapture"]).env(ROLE, kind.role());
                this
            }
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let requests = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let mut greeting = Vec::new();
        while !greeting.ends_with(READY) {
            let mut byte = [0];
            let read = answers.read_exact(&mut byte);
            read.unwrap_or_else(|_| panic!("{kind:?} ended at once; its output says why"));
            greeting.push(byte[0]);
        }
        Self { child, requests, answers }
    }

    pub(crate) fn send(&mut self, command: u8, payload: &[u8]) {
        let mut request = vec![command];
        put_part(&mut request, payload);
        self.requests.write_all(&request).unwrap();
    }

    /// The answer to the oldest request that has none.
    pub(crate) fn receive(&mut self) -> Result<Vec<u8>, String> {
        let mut all = Vec::new();
        loop {
            let (status, mut bytes) = read_frame(&mut self.answers).expect("the process ended");
            match status {
                MORE => all.append(&mut bytes),
                DONE => {
                    all.append(&mut bytes);
                    return Ok(all);
                }
                _ => return Err(String::from_utf8(bytes).unwrap()),
            }
        }
    }

    pub(crate) fn call(&mut self, command: u8, payload: &[u8]) -> Result<Vec<u8>, String> {
        self.send(command, payload);
        self.receive()
    }

    pub(crate) fn open(&mut self, directory: &Path, snappy: bool) -> Result<(), String> {
        let mut payload = vec![u8::from(snappy)];
        payload.extend_from_slice(directory.to_str().unwrap().as_bytes());
        self.call(b'O', &payload).map(|_| ())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Kind {
    fn role(self) -> &'static str {
        match self {
            Self::Cpp => "cpp",
            Self::Rusty => "rusty",
            Self::Ours => "ours",
        }
    }
}

/// Reads what a request and an answer have in common: a byte, a length and that many bytes.
fn read_frame(input: &mut impl Read) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    input.read_exact(&mut head).ok()?;
    let [tag, length @ ..] = head;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut bytes).ok()?;
    Some((tag, bytes))
}

/// Appends a byte string with its length in front.
pub(crate) fn put_part(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&u32::try_from(part.len()).unwrap().to_le_bytes());
    out.extend_from_slice(part);
}

/// Byte strings, each with its length in front.
pub(crate) fn parts(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let (part, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        bytes = rest;
        Some(part)
    })
}
