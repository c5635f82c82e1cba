//! The files of backups, and which of them may go.

use std::path::{Path, PathBuf};

use sigil_leveldb::IoOperation;
use sigil_leveldb::env::Env;

use super::prelude;
use crate::error::{Error, Result};

/// What is behind the name of a backup that is being written.
pub(crate) const PARTIAL: &str = ".partial";

/// The name of a backup of that time. It is no JSON; the messenger's design names it so.
pub fn file_name_of(milliseconds: u64) -> String {
    format!("backup-{milliseconds}.json")
}

fn time_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("backup-")?.strip_suffix(".json")?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Whether a name is that of a backup that is being written.
pub(crate) fn is_partial(name: &Path) -> bool {
    let name = name.to_str().and_then(|name| name.strip_suffix(PARTIAL));
    name.is_some_and(|name| time_of(name).is_some())
}

/// The backups of ours in a directory, the oldest first.
pub(crate) fn backups_in(env: &dyn Env, directory: &Path) -> Result<Vec<PathBuf>> {
    let names = env.list(directory).map_err(Error::io(IoOperation::List, directory))?;
    let mut found: Vec<_> = names
        .iter()
        .filter_map(|name| Some((time_of(name.to_str()?)?, directory.join(name))))
        .filter(|(_, path)| prelude::is_ours(env, path))
        .collect();
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

/// When the newest of them was made.
pub(crate) fn time_of_last(env: &dyn Env, directory: &Path) -> Result<Option<u64>> {
    let last = backups_in(env, directory)?.pop();
    Ok(last.and_then(|path| time_of(path.file_name()?.to_str()?)))
}

/// Those that are beyond the newest `kept`. The one that was just made and read back never is,
/// wherever the clock has put it.
pub(crate) fn prunable(backups: Vec<PathBuf>, kept: usize, made: &Path) -> Vec<PathBuf> {
    let others: Vec<_> = backups.into_iter().filter(|path| path != made).collect();
    let beyond = others.len().saturating_sub(kept.saturating_sub(1));
    others.into_iter().take(beyond).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_times() {
        assert_eq!(time_of(&file_name_of(1_700)), Some(1_700));
        for other in ["backup-.json", "backup-1.json.partial", "backup-x.json", "backup-+1.json"] {
            assert_eq!(time_of(other), None, "{other}");
        }
    }

    #[test]
    fn the_newest_stay_and_the_one_just_made_always() {
        let path = |time: u64| PathBuf::from(file_name_of(time));
        let all: Vec<_> = (1..=5).map(path).collect();
        assert_eq!(prunable(all.clone(), 3, &path(5)), [path(1), path(2)]);
        // The clock was set back: what was made now looks the oldest.
        assert_eq!(prunable(all.clone(), 3, &path(1)), [path(2), path(3)]);
        assert_eq!(prunable(all.clone(), 1, &path(5)), all[..4]);
        assert!(prunable(all, 9, &path(5)).is_empty());
    }
}
