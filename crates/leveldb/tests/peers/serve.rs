//! The side of a process that is rusty-leveldb or this engine: takes commands until its input ends.

use std::io::{Write, stdin, stdout};
use std::path::Path;

use rusty_leveldb::LdbIterator;
use sigil_leveldb::{Compression, Db, Durability, Entries, Options, Range, WriteBatch};

use super::{DONE, FAILED, MORE, READY, ROLE, parts, put_part, read_frame};

const BUFFER: usize = 1 << 20;

enum Store {
    Ours(Db),
    Rusty(Box<rusty_leveldb::DB>),
}

/// Serves, if this process was started for that.
pub(crate) fn serve() {
    let Some(role) = std::env::var_os(ROLE) else { return };
    let mut store = None;
    stdout().write_all(READY).unwrap();
    stdout().flush().unwrap();
    while let Some((command, payload)) = read_frame(&mut stdin().lock()) {
        let outcome = match (command, &mut store) {
            (b'O', _) => open(&payload, role == "ours").map(|opened| {
                store = Some(opened);
                Vec::new()
            }),
            (b'C', _) => store.take().unwrap().close(),
            (_, store) => store.as_mut().unwrap().obey(command, &payload),
        };
        match outcome {
            Ok(bytes) => answer(DONE, &bytes),
            Err(message) => answer(FAILED, message.as_bytes()),
        }
    }
    std::process::exit(0);
}

fn answer(status: u8, bytes: &[u8]) {
    let mut frame = vec![status];
    put_part(&mut frame, bytes);
    stdout().write_all(&frame).unwrap();
    stdout().flush().unwrap();
}

fn open(payload: &[u8], ours: bool) -> Result<Store, String> {
    let (snappy, directory) = payload.split_first().unwrap();
    let directory = Path::new(std::str::from_utf8(directory).unwrap());
    if ours {
        let options = Options {
            create_if_missing: true,
            write_buffer_size: BUFFER,
            target_file_size: BUFFER as u64,
            compression: if *snappy == 1 { Compression::Snappy } else { Compression::None },
            ..Options::default()
        };
        Db::open(directory, options).map(Store::Ours).map_err(|error| format!("{error:?}"))
    } else {
        let options = rusty_leveldb::Options {
            write_buffer_size: BUFFER,
            max_file_size: BUFFER,
            compressor: *snappy,
            ..rusty_leveldb::Options::default()
        };
        let opened = rusty_leveldb::DB::open(directory, options);
        opened.map(|db| Store::Rusty(Box::new(db))).map_err(|error| format!("{error:?}"))
    }
}

impl Store {
    fn obey(&mut self, command: u8, payload: &[u8]) -> Result<Vec<u8>, String> {
        match command {
            b'W' => self.write(payload).map(|()| Vec::new()),
            b'D' => self.dump(false),
            b'B' => self.dump(true),
            b'G' => self.get(payload),
            other => panic!("no command: {other}"),
        }
    }

    fn write(&mut self, payload: &[u8]) -> Result<(), String> {
        let mut fields = parts(payload);
        match self {
            Self::Ours(db) => {
                let mut batch = WriteBatch::new();
                while let (Some(key), Some(change)) = (fields.next(), fields.next()) {
                    match change.split_first().unwrap() {
                        (1, value) => batch.put(key, value),
                        _ => batch.delete(key),
                    }
                }
                db.write(batch, Durability::Process).map_err(|error| format!("{error:?}"))
            }
            Self::Rusty(db) => {
                let mut batch = rusty_leveldb::WriteBatch::default();
                while let (Some(key), Some(change)) = (fields.next(), fields.next()) {
                    match change.split_first().unwrap() {
                        (1, value) => batch.put(key, value),
                        _ => batch.delete(key),
                    }
                }
                // Not a sync, whatever its name: only then the log's buffer goes to the system.
                db.write(batch, true).map_err(|error| format!("{error:?}"))
            }
        }
    }

    fn dump(&mut self, backward: bool) -> Result<Vec<u8>, String> {
        let mut chunk = Vec::new();
        let mut add = |key: &[u8], value: &[u8]| {
            put_part(&mut chunk, key);
            put_part(&mut chunk, value);
            if chunk.len() > BUFFER {
                answer(MORE, &chunk);
                chunk.clear();
            }
        };
        match self {
            Self::Ours(db) => {
                let cursor = db.iter(Range::all()).map_err(|error| format!("{error:?}"))?;
                let entries =
                    if backward { Entries::backward(cursor) } else { Entries::forward(cursor) };
                for entry in entries {
                    let (key, value) = entry.map_err(|error| format!("{error:?}"))?;
                    add(&key, &value);
                }
            }
            Self::Rusty(db) => {
                assert!(!backward, "it cannot begin at the end");
                let mut cursor = db.new_iter().map_err(|error| format!("{error:?}"))?;
                while let Some((key, value)) = cursor.next() {
                    add(&key, &value);
                }
            }
        }
        Ok(chunk)
    }

    fn get(&mut self, payload: &[u8]) -> Result<Vec<u8>, String> {
        let mut found = Vec::new();
        for key in parts(payload) {
            let value = match self {
                Self::Ours(db) => db.get(key).map_err(|error| format!("{error:?}"))?,
                Self::Rusty(db) => db.get(key),
            };
            let mut tagged = vec![u8::from(value.is_some())];
            tagged.extend_from_slice(&value.unwrap_or_default());
            put_part(&mut found, &tagged);
        }
        Ok(found)
    }

    /// Closes the database; ours only says so if it is whole.
    fn close(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Ours(db) => {
                let report = db.verify().map_err(|error| format!("{error:?}"))?;
                if !report.is_whole() {
                    return Err(format!("{report:?}"));
                }
                db.close().map_err(|error| format!("{error:?}"))?;
            }
            Self::Rusty(mut db) => db.close().map_err(|error| format!("{error:?}"))?,
        }
        Ok(Vec::new())
    }
}
