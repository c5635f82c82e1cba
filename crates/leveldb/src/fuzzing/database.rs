//! The target that opens a whole directory, twice, and does everything with it. Not read-only: a
//! follower that is refused tries again for a while, because it takes damage for a writer at work.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::forge;
use crate::db::{Db, Entries, Range};
use crate::env::MemoryEnv;
use crate::error::Result;
use crate::file_name;
use crate::options::{Durability, LogRecovery, Options};

const DIRECTORY: &str = "/db";

/// A directory. The first byte of the input is how it is opened; each piece is a file: its kind, a
/// number, and its content.
pub fn database(input: &[u8]) {
    let Some((mode, pieces)) = input.split_first() else { return };
    let env = MemoryEnv::new();
    for piece in forge::pieces(pieces) {
        let [kind, number, content @ ..] = piece else { continue };
        let (path, bytes) = file(*kind, u64::from(*number), content);
        let _ = env.write_file(&path, bytes);
    }
    let options = Options {
        create_if_missing: mode & 1 != 0,
        paranoid_checks: mode & 2 != 0,
        log_recovery: if mode & 4 != 0 { LogRecovery::Salvage } else { LogRecovery::Strict },
        block_cache_size: 64 << 10,
        env: Arc::new(env.clone()),
        ..Options::default()
    };
    let _ = Db::open(DIRECTORY, options.clone()).map(|db| use_all(&db));
    let _ = Db::open(DIRECTORY, options).map(|db| use_all(&db));
}

fn file(kind: u8, number: u64, content: &[u8]) -> (PathBuf, Vec<u8>) {
    let directory = Path::new(DIRECTORY);
    match kind % 8 {
        0 => (file_name::log(directory, number), content.to_vec()),
        1 => (file_name::log(directory, number), forge::log(content)),
        2 => (file_name::log(directory, number), forge::log_of_records(content)),
        3 => (file_name::table(directory, number), content.to_vec()),
        4 => (file_name::table(directory, number), forge::table(content)),
        5 => (file_name::manifest(directory, number), forge::log_of_records(content)),
        6 => {
            let name = format!("MANIFEST-{number:06}\n");
            (file_name::current(directory), name.into_bytes())
        }
        _ => (file_name::current(directory), content.to_vec()),
    }
}

fn use_all(db: &Db) -> Result<()> {
    let forward = Entries::forward(db.iter(Range::all())?).collect::<Result<Vec<_>>>();
    let backward = Entries::backward(db.iter(Range::all())?).collect::<Result<Vec<_>>>();
    for (key, _) in forward.iter().chain(&backward).flatten() {
        let _ = db.get(key);
    }
    let _ = db.verify()?;
    let _ = db.put(b"key", b"value", Durability::Sync);
    let _ = db.compact_range(None, None);
    let _ = db.get(b"key");
    db.close()
}
