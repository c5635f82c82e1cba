//! Properties: texts about the state of the database, under the names that LevelDB gives them.

use std::fmt::Write;

use super::core::Core;
use super::view::View;
use crate::error::Result;
use crate::format::LEVELS;
use crate::table::ReadCache;
use crate::version::Version;

pub(crate) fn property(core: &Core, name: &str) -> Result<Option<String>> {
    let view = core.view.load();
    // Asked second: closing empties the view.
    core.check_open()?;
    Ok(name.strip_prefix("leveldb.").and_then(|name| of_view(core, &view, name)))
}

fn of_view(core: &Core, view: &View, name: &str) -> Option<String> {
    let version = &view.version;
    match name {
        "stats" => Some(statistics(version)),
        "sstables" => Some(tables(version)),
        "approximate-memory-usage" => {
            let memtables: usize =
                view.memtables().map(|memtable| memtable.memory() + memtable.filter_bytes()).sum();
            // What a follower holds open is not in the cache.
            let pinned = version.all_files().filter_map(|(_, file)| file.pinned());
            let tables =
                core.tables.table_bytes() + pinned.map(|table| table.memory()).sum::<usize>();
            let read = core.tables.read_cache().map_or(0, ReadCache::usage);
            Some((memtables + tables + read).to_string())
        }
        other => {
            let level: usize = other.strip_prefix("num-files-at-level")?.parse().ok()?;
            (level < LEVELS).then(|| version.files(level).len().to_string())
        }
    }
}

fn statistics(version: &Version) -> String {
    let mut text =
        String::from("Level  Files  Size(MB)  Deletions\n---------------------------------\n");
    for level in 0..LEVELS {
        let files = version.files(level);
        if files.is_empty() {
            continue;
        }
        let megabytes = version.level_bytes(level) as f64 / f64::from(1 << 20);
        let known = files.iter().filter_map(|file| file.statistics());
        let deletions: u64 = known.map(|statistics| statistics.deletions).sum();
        let _ = writeln!(text, "{level:>5}  {:>5}  {megabytes:>8.1}  {deletions:>9}", files.len());
    }
    text
}

fn tables(version: &Version) -> String {
    let mut text = String::new();
    for level in 0..LEVELS {
        let _ = writeln!(text, "--- level {level} ---");
        for file in version.files(level) {
            let (smallest, largest) = (file.smallest_user_key(), file.largest_user_key());
            let _ = writeln!(
                text,
                " {}:{}['{}' .. '{}']",
                file.number,
                file.size,
                smallest.escape_ascii(),
                largest.escape_ascii()
            );
        }
    }
    text
}
