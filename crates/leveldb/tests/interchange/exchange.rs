//! The journeys of a database from one implementation to another and back.

use std::fs;
use std::path::Path;

use crate::copy;
use crate::peers::{Kind, Peer, parts, put_part};
use crate::stream::{PROGRESS, Stream};

const WRITES: usize = 200_000;
const MORE_WRITES: usize = 10_000;

/// Batches that are sent before the first of them is acknowledged.
const AHEAD: u64 = 8;

const SAMPLE: usize = 400;

/// How a process leaves a database.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Ending {
    Closed,
    Killed,
}

/// A database in the hands of one implementation.
struct Session {
    kind: Kind,
    peer: Peer,
}

impl Session {
    fn open(kind: Kind, directory: &Path, snappy: bool) -> Self {
        let mut peer = Peer::start(kind);
        peer.open(directory, snappy).unwrap_or_else(|error| panic!("{kind:?} opening: {error}"));
        Self { kind, peer }
    }

    /// Writes as many entries, and leaves. A process that is killed has batches under way; all
    /// that it acknowledged are there, and no batch without those before it.
    fn write(mut self, stream: &mut Stream, writes: usize, ending: Ending) {
        let mut acknowledged = stream.batches();
        let mut written = 0;
        while written < writes {
            let (request, size) = stream.next_batch();
            self.peer.send(b'W', &request);
            written += size;
            if stream.batches() - acknowledged > AHEAD {
                self.peer.receive().unwrap();
                acknowledged += 1;
            }
        }
        if ending == Ending::Killed {
            return drop(self);
        }
        while acknowledged < stream.batches() {
            self.peer.receive().unwrap();
            acknowledged += 1;
        }
        self.close();
    }

    fn close(mut self) {
        let closed = self.peer.call(b'C', &[]);
        closed.unwrap_or_else(|error| panic!("{:?} closing: {error}", self.kind));
    }

    fn get(&mut self, keys: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let mut request = Vec::new();
        for key in keys {
            put_part(&mut request, key);
        }
        let found = self.peer.call(b'G', &request).unwrap();
        let value = |tagged: &[u8]| (tagged[0] == 1).then(|| tagged[1..].to_vec());
        parts(&found).map(value).collect()
    }

    /// Checks everything that the database holds.
    fn check(&mut self, stream: &mut Stream, ending: Ending) {
        let sent = stream.batches();
        let found = self.peer.call(b'D', &[]).unwrap();
        let progress = progress(&found);
        let acknowledged = if ending == Ending::Killed { sent.saturating_sub(AHEAD) } else { sent };
        assert!(
            (acknowledged..=sent).contains(&progress),
            "{:?} has {progress} batches of {acknowledged} to {sent}",
            self.kind
        );
        stream.settle(progress);
        check_entries(self.kind, &found, stream.state.iter());
        // rusty-leveldb cannot begin at the end.
        if self.kind != Kind::Rusty {
            let found = self.peer.call(b'B', &[]).unwrap();
            check_entries(self.kind, &found, stream.state.iter().rev());
        }
        self.check_points(stream);
    }

    fn check_points(&mut self, stream: &mut Stream) {
        let mut keys: Vec<_> = (0..SAMPLE).map(|_| stream.any_key()).collect();
        keys.extend([Vec::new(), vec![0xff], vec![0xff; 65], b"user/".to_vec()]);
        for (key, found) in keys.iter().zip(self.get(&keys)) {
            let expected = stream.state.get(key);
            // A get of rusty-leveldb that meets the deletion of another key on its way down ends
            // there and finds nothing, whoever wrote the tables. So nothing found says nothing, and
            // what shows that it reads our files are the scans above, which must give every entry;
            // a value that it does find must be the right one all the same.
            let overlooked = self.kind == Kind::Rusty && found.is_none();
            assert!(
                found.as_ref() == expected || overlooked,
                "{:?}: {} has {:?} bytes instead of {:?}",
                self.kind,
                key.escape_ascii(),
                found.map(|value| value.len()),
                expected.map(Vec::len)
            );
        }
    }
}

/// The number of the last batch among entries.
fn progress(entries: &[u8]) -> u64 {
    let mut found = parts(entries);
    found.find(|key| *key == PROGRESS).unwrap();
    u64::from_le_bytes(found.next().unwrap().try_into().unwrap())
}

fn check_entries<'a>(
    kind: Kind,
    found: &[u8],
    expected: impl Iterator<Item = (&'a Vec<u8>, &'a Vec<u8>)>,
) {
    let mut found = parts(found);
    for (index, (key, value)) in expected.enumerate() {
        let entry = found.next().zip(found.next());
        let same = entry == Some((key.as_slice(), value.as_slice()));
        assert!(
            same,
            "{kind:?}: entry {index} is {:?}, expected {:?}",
            entry.map(|(key, value)| (key.escape_ascii().to_string(), value.len())),
            (key.escape_ascii().to_string(), value.len())
        );
    }
    assert_eq!(found.next(), None, "{kind:?} has more");
}

fn has_unflushed_log(directory: &Path) -> bool {
    fs::read_dir(directory).unwrap().any(|entry| {
        let entry = entry.unwrap();
        let is_log = entry.path().extension().is_some_and(|extension| extension == "log");
        is_log && entry.metadata().unwrap().len() > 0
    })
}

fn journey(writer: Kind, snappy: bool, ending: Ending) {
    let directory = tempfile::tempdir().unwrap();
    let original = directory.path().join("original");
    let seed = 1 + u64::from(snappy) + 2 * u64::from(ending == Ending::Killed);
    let writes = |stream: &mut Stream| {
        fs::create_dir_all(&original).unwrap();
        Session::open(writer, &original, snappy).write(stream, WRITES, ending);
    };
    let mut stream = Stream::new(seed);
    writes(&mut stream);
    assert!(ending == Ending::Closed || has_unflushed_log(&original));

    let others = [Kind::Cpp, Kind::Rusty, Kind::Ours].into_iter().filter(|kind| *kind != writer);
    for reader in others {
        let moved = directory.path().join(format!("{reader:?}"));
        copy(&original, &moved);
        let mut stream = stream.clone();

        let mut session = Session::open(reader, &moved, snappy);
        session.check(&mut stream, ending);
        session.write(&mut stream, MORE_WRITES, ending);

        let mut session = Session::open(writer, &moved, snappy);
        session.check(&mut stream, ending);
        session.write(&mut stream, MORE_WRITES, Ending::Closed);
        let mut session = Session::open(writer, &moved, snappy);
        session.check(&mut stream, Ending::Closed);
        session.close();
        fs::remove_dir_all(&moved).unwrap();
    }
}

#[test]
fn cpp_leveldb_writes_with_snappy() {
    journey(Kind::Cpp, true, Ending::Closed);
    journey(Kind::Cpp, true, Ending::Killed);
}

#[test]
fn cpp_leveldb_writes_uncompressed() {
    journey(Kind::Cpp, false, Ending::Closed);
    journey(Kind::Cpp, false, Ending::Killed);
}

#[test]
fn rusty_leveldb_writes_with_snappy() {
    journey(Kind::Rusty, true, Ending::Closed);
    journey(Kind::Rusty, true, Ending::Killed);
}

#[test]
fn rusty_leveldb_writes_uncompressed() {
    journey(Kind::Rusty, false, Ending::Closed);
    journey(Kind::Rusty, false, Ending::Killed);
}

#[test]
fn this_engine_writes_with_snappy() {
    journey(Kind::Ours, true, Ending::Closed);
    journey(Kind::Ours, true, Ending::Killed);
}

#[test]
fn this_engine_writes_uncompressed() {
    journey(Kind::Ours, false, Ending::Closed);
    journey(Kind::Ours, false, Ending::Killed);
}
